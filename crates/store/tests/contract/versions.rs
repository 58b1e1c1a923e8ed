//! The history of the configuration: what is kept with a change, and the way back.

use sambac_domain::{TargetId, Timestamp};
use sambac_store::rows::TariffRow;
use sambac_store::{Batch, Change, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{
    self, CONNECTOR, NOW, OPERATOR, ROUTE, SMPP_ACCOUNT, connector, operator, route, smpp_account, tariff,
};

async fn seed(store: &Store) {
    fixture::seed(store).await;
    store.upsert_operator(&operator()).await.unwrap();
    store.upsert_connector(&connector()).await.unwrap();
    store.upsert_route(&route()).await.unwrap();
    store.upsert_smpp_account(&smpp_account()).await.unwrap();
}

/// Moves the connector to another port, as a version.
async fn move_connector(store: &Store, port: u16) -> Option<i64> {
    let mut work = store.begin_configuration().await.unwrap();
    let mut moved = connector();
    moved.port = port;
    work.upsert_connector(&moved).await.unwrap();
    let number = work.keep_version("a person", "update connector", Timestamp(NOW.0 + i64::from(port))).await.unwrap();
    work.commit().await.unwrap();
    number
}

async fn changes(store: &Store, number: i64) -> Vec<Change> {
    store.configuration_version_of(number).await.unwrap().unwrap().list().unwrap()
}

on_both_databases! {
    async fn a_change_is_kept_with_what_was_before_and_after(store: Store) {
        seed(&store).await;
        assert_eq!(move_connector(&store, 9_001).await, Some(1));
        assert_eq!(move_connector(&store, 9_001).await, None, "nothing was changed");
        assert_eq!(move_connector(&store, 9_002).await, Some(2));
        let [change] = &changes(&store, 2).await[..] else { panic!("one change") };
        assert_eq!((change.table.as_str(), change.id), ("connectors", CONNECTOR.raw()));
        let (before, after) = (change.before.as_ref().unwrap(), change.after.as_ref().unwrap());
        assert_eq!((before["port"].as_i64(), after["port"].as_i64()), (Some(9_001), Some(9_002)));
        let newest = store.configuration_versions(None, 10).await.unwrap();
        assert_eq!(newest.iter().map(|row| row.id).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((newest[0].author.as_str(), newest[0].created_at), ("a person", Timestamp(NOW.0 + 9_002)));
        assert_eq!(store.configuration_versions(Some(2), 10).await.unwrap().len(), 1);
        assert!(store.configuration_version_of(3).await.unwrap().is_none());
    }

    async fn what_is_dropped_leaves_no_version_and_no_change(store: Store) {
        seed(&store).await;
        let before = store.load_configuration().await.unwrap();
        let mut work = store.begin_configuration().await.unwrap();
        work.delete_route(ROUTE).await.unwrap();
        assert_eq!(work.changes().len(), 1);
        work.keep_version("nobody", "nothing", NOW).await.unwrap();
        drop(work);
        assert_eq!(store.load_configuration().await.unwrap(), before);
        assert!(store.configuration_versions(None, 10).await.unwrap().is_empty());
    }

    async fn every_row_can_be_taken_back_to_what_it_was(store: Store) {
        seed(&store).await;
        store.upsert_api_key(&fixture::api_key()).await.unwrap();
        store.upsert_webhook(&fixture::webhook()).await.unwrap();
        store.upsert_admin_key(&fixture::admin_key()).await.unwrap();
        store.upsert_issuer(&fixture::issuer()).await.unwrap();
        let stored = store.load_configuration().await.unwrap();
        let mut work = store.begin_configuration().await.unwrap();
        let mut account = stored.accounts[0].clone();
        account.credit_limit_micros += 1;
        work.upsert_account(&account).await.unwrap();
        work.upsert_tariff(&TariffRow { name: "Other".into(), ..tariff() }).await.unwrap();
        assert!(work.delete_smpp_account(SMPP_ACCOUNT).await.unwrap());
        assert!(work.delete_route(ROUTE).await.unwrap());
        assert!(work.delete_connector(CONNECTOR).await.unwrap());
        assert!(work.delete_operator(OPERATOR).await.unwrap());
        assert!(!work.delete_operator(OPERATOR).await.unwrap());
        for (table, id) in [("api_keys", stored.api_keys[0].id.raw()), ("webhooks", stored.webhooks[0].id.raw()), ("admin_keys", stored.admin_keys[0].id.raw()), ("issuers", stored.issuers[0].id.raw())] {
            work.restore(table, id, None).await.unwrap();
        }
        let changes = work.changes().to_vec();
        work.commit().await.unwrap();
        let mut back = store.begin_configuration().await.unwrap();
        for change in changes.iter().rev() {
            back.restore(&change.table, change.id, change.before.as_ref()).await.unwrap();
        }
        back.commit().await.unwrap();
        let version = store.configuration_version().await.unwrap();
        assert_eq!(store.load_configuration().await.unwrap(), sambac_store::Configuration { version, ..stored });
    }

    async fn what_is_referred_to_is_not_removed(store: Store) {
        seed(&store).await;
        let mut work = store.begin_configuration().await.unwrap();
        let refused = work.delete_operator(OPERATOR).await;
        assert!(matches!(refused, Err(StoreError::Conflict("reference"))), "{refused:?}");
        drop(work);
        let mut work = store.begin_configuration().await.unwrap();
        let refused = work.restore("messages", 1, None).await;
        assert!(matches!(refused, Err(StoreError::Statement(_))), "{refused:?}");
    }

    async fn what_waits_for_a_target_is_counted_up_to_a_bound(store: Store) {
        let outbox = (1..=5).map(fixture::submit).collect();
        store.commit(&Batch { outbox, ..Batch::default() }).await.unwrap();
        assert_eq!(store.waiting_for(fixture::QUEUE, 100).await.unwrap(), 5);
        assert_eq!(store.waiting_for(fixture::QUEUE, 3).await.unwrap(), 3);
        assert_eq!(store.waiting_for(TargetId(99), 100).await.unwrap(), 0);
    }
}
