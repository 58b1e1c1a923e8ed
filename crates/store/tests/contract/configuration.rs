use sambac_domain::TargetId;
use sambac_store::rows::{AccessState, OutboxKind, OutboxRow};
use sambac_store::{Batch, Configuration, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{
    self, ACCOUNT, OTHER_ACCOUNT, WEBHOOK, account, admin_key, api_key, connector, cost_book, operator, route,
    smpp_account, tariff, webhook,
};

async fn write_everything(store: &Store) {
    fixture::seed(store).await;
    store.upsert_operator(&operator()).await.unwrap();
    store.upsert_connector(&connector()).await.unwrap();
    store.upsert_route(&route()).await.unwrap();
    store.upsert_smpp_account(&smpp_account()).await.unwrap();
    store.upsert_api_key(&api_key()).await.unwrap();
    store.upsert_webhook(&webhook()).await.unwrap();
    store.upsert_admin_key(&admin_key()).await.unwrap();
    store.upsert_issuer(&fixture::issuer()).await.unwrap();
    store.upsert_request_key(&fixture::request_key()).await.unwrap();
    store.upsert_tariff(&tariff()).await.unwrap();
    store.upsert_cost_book(&cost_book()).await.unwrap();
    store.upsert_network(&fixture::network()).await.unwrap();
    store.upsert_number_prefix(&fixture::number_prefix()).await.unwrap();
    store.upsert_operator_group(&fixture::operator_group()).await.unwrap();
}

on_both_databases! {
    async fn everything_written_is_read_again(store: Store) {
        write_everything(&store).await;
        let expected = Configuration {
            version: store.configuration_version().await.unwrap(),
            accounts: vec![account(ACCOUNT, "Bank")],
            balances: fixture::balances(),
            operators: vec![operator()],
            connectors: vec![connector()],
            routes: vec![route()],
            tariffs: vec![tariff()],
            networks: vec![fixture::network()],
            number_prefixes: vec![fixture::number_prefix()],
            operator_groups: vec![fixture::operator_group()],
            cost_books: vec![cost_book()],
            sheets: vec![fixture::sheet()],
            smpp_accounts: vec![smpp_account()],
            api_keys: vec![api_key()],
            webhooks: vec![webhook()],
            admin_keys: vec![admin_key()],
            mo_routes: Vec::new(),
            otp_profiles: Vec::new(),
            templates: Vec::new(),
            issuers: vec![fixture::issuer()],
            request_keys: vec![fixture::request_key()],
        };
        assert_eq!(store.load_configuration().await.unwrap(), expected);
    }

    async fn every_change_counts_once(store: Store) {
        write_everything(&store).await;
        let before = store.configuration_version().await.unwrap();
        let mut suspended = account(ACCOUNT, "Bank");
        suspended.state = AccessState::Suspended;
        store.upsert_account(&suspended).await.unwrap();
        assert_eq!(store.configuration_version().await.unwrap(), before + 1);
        assert_eq!(store.load_configuration().await.unwrap().accounts, [suspended]);
    }

    async fn what_people_said_of_a_network_can_be_forgotten(store: Store) {
        write_everything(&store).await;
        let mut work = store.begin_configuration().await.unwrap();
        assert!(work.delete_network(fixture::network().id).await.unwrap());
        assert!(!work.delete_network(fixture::network().id).await.unwrap());
        assert!(work.delete_number_prefix(fixture::number_prefix().id).await.unwrap());
        work.commit().await.unwrap();
        let stored = store.load_configuration().await.unwrap();
        assert!(stored.networks.is_empty() && stored.number_prefixes.is_empty() && stored.operator_groups.len() == 1);
    }

    async fn request_keys_are_found_by_their_api_key(store: Store) {
        write_everything(&store).await;
        let key = fixture::request_key();
        let mut work = store.begin_configuration().await.unwrap();
        assert_eq!(work.request_keys_of(key.api_key_id).await.unwrap(), std::slice::from_ref(&key));
        assert_eq!(work.request_key(key.id).await.unwrap(), Some(key.clone()));
        assert!(work.delete_request_key(key.id).await.unwrap() && !work.delete_request_key(key.id).await.unwrap());
        work.commit().await.unwrap();
        assert!(store.load_configuration().await.unwrap().request_keys.is_empty());
    }

    async fn names_and_references_are_held(store: Store) {
        write_everything(&store).await;
        let before = store.configuration_version().await.unwrap();
        let same_name = store.upsert_account(&account(OTHER_ACCOUNT, "Bank")).await;
        assert!(matches!(same_name, Err(StoreError::Conflict("accounts.name"))), "{same_name:?}");
        let mut other = smpp_account();
        other.id = sambac_domain::SmppAccountId::from_raw(77 << 8);
        let same_system_id = store.upsert_smpp_account(&other).await;
        assert!(matches!(same_system_id, Err(StoreError::Conflict("smpp_accounts.system_id"))), "{same_system_id:?}");
        let mut nobodys = api_key();
        nobodys.account_id = OTHER_ACCOUNT;
        let no_account = store.upsert_api_key(&nobodys).await;
        assert!(matches!(no_account, Err(StoreError::Conflict("reference"))), "{no_account:?}");
        assert_eq!(store.configuration_version().await.unwrap(), before);
    }

    async fn a_webhook_is_deleted_by_its_owner_only(store: Store) {
        write_everything(&store).await;
        assert!(!store.delete_webhook(OTHER_ACCOUNT, WEBHOOK).await.unwrap());
        assert!(store.webhooks_of(OTHER_ACCOUNT).await.unwrap().is_empty());
        assert_eq!(store.webhooks_of(ACCOUNT).await.unwrap().len(), 1);
        assert_eq!(store.webhook(ACCOUNT, WEBHOOK).await.unwrap(), Some(webhook()));
        assert_eq!(store.webhook(OTHER_ACCOUNT, WEBHOOK).await.unwrap(), None);
        let mut work = store.begin().await.unwrap();
        assert_eq!(work.webhook(OTHER_ACCOUNT, WEBHOOK).await.unwrap(), None);
        assert_eq!(work.webhook(ACCOUNT, WEBHOOK).await.unwrap(), Some(webhook()));
        assert_eq!(work.count_webhooks(ACCOUNT).await.unwrap(), 1);
        assert_eq!(work.count_webhooks(OTHER_ACCOUNT).await.unwrap(), 0);
        drop(work);
        let event = OutboxRow { target: TargetId::from(WEBHOOK), kind: OutboxKind::Webhook, ..fixture::submit(1) };
        let others = fixture::submit(2);
        store.commit(&Batch { outbox: vec![event, others], ..Batch::default() }).await.unwrap();
        let version = store.configuration_version().await.unwrap();
        assert!(!store.delete_webhook(ACCOUNT, sambac_domain::WebhookId::from_raw(99)).await.unwrap());
        assert_eq!(store.configuration_version().await.unwrap(), version, "nothing was changed");
        assert!(store.delete_webhook(ACCOUNT, WEBHOOK).await.unwrap());
        assert!(store.load_configuration().await.unwrap().webhooks.is_empty());
        let waiting: Vec<_> = store.outbox_targets().await.unwrap().into_iter().map(|queue| queue.target).collect();
        assert_eq!(waiting, [fixture::QUEUE], "what waited for the webhook has gone with it");
    }

    async fn ledger_accounts_are_made_once(store: Store) {
        fixture::seed(&store).await;
        let mut again = fixture::balances();
        for row in &mut again {
            row.id += 100 << 8;
        }
        store.ensure_balances(&again).await.unwrap();
        assert_eq!(store.load_configuration().await.unwrap().balances, fixture::balances());
        assert_eq!(store.balances().await.unwrap(), fixture::balances());
        assert_eq!(store.balances_of(ACCOUNT).await.unwrap(), fixture::balances()[..2]);
    }
}
