use sambac_domain::ledger::{Breach, check};
use sambac_store::rows::{ChargeState, PaymentRow, PostingKind};
use sambac_store::{BalanceDelta, Batch, Store, StoreError};

use crate::both::on_both_databases;
use crate::fixture::{
    self, ACCOUNT, HELD, NOW, OTHER_ACCOUNT, PRICE_MICROS, REVENUE, WALLET, chain_key, charge, payment, posting,
    posting_id, settle,
};

fn delta(id: i64, delta_micros: i64) -> BalanceDelta {
    BalanceDelta { id, delta_micros }
}

/// Money for the account, and three charges held.
async fn hold_three(store: &Store) {
    fixture::seed(store).await;
    assert!(
        store
            .credit(&payment(1, "invoice 1", 1_000_000), &posting(1, PostingKind::Credit, 1_000_000), &chain_key())
            .await
            .unwrap()
    );
    let batch = Batch {
        charges: (1..=3).map(|number| charge(number, posting_id(2))).collect(),
        postings: vec![posting(2, PostingKind::Hold, 3 * PRICE_MICROS)],
        balances: vec![delta(WALLET, -3 * PRICE_MICROS), delta(HELD, 3 * PRICE_MICROS)],
        ..Batch::default()
    };
    store.commit(&batch).await.unwrap();
}

on_both_databases! {
    async fn a_payment_is_credited_once(store: Store) {
        fixture::seed(&store).await;
        let (first, credit) = (payment(1, "invoice 1", 5_000_000), posting(1, PostingKind::Credit, 5_000_000));
        assert!(store.credit(&first, &credit, &chain_key()).await.unwrap());
        let (second, other) = (payment(2, "invoice 1", 5_000_000), posting(2, PostingKind::Credit, 5_000_000));
        let again = store.credit(&second, &other, &chain_key()).await;
        assert!(!again.unwrap());
        assert_eq!(store.balances_of(ACCOUNT).await.unwrap()[0].balance_micros, 5_000_000);
        let stored = store.payment(ACCOUNT, "invoice 1").await.unwrap().unwrap();
        assert!(stored.block_id != 0, "it is sealed");
        assert_eq!(stored, PaymentRow { block_id: stored.block_id, ..first });
        assert!(store.payment(ACCOUNT, "INVOICE 1").await.unwrap().is_some(), "in any case");
        assert_eq!(store.payment(OTHER_ACCOUNT, "invoice 1").await.unwrap(), None);
        assert_eq!(check(&store.trial(NOW).await.unwrap()), []);
    }

    async fn money_goes_from_wallet_to_held_to_revenue_or_back(store: Store) {
        hold_three(&store).await;
        let held = store.trial(NOW).await.unwrap();
        assert_eq!(held.wallets[0].open_micros, Some(3 * PRICE_MICROS));
        assert_eq!(held.wallets[0].balance.held_micros, 3 * PRICE_MICROS);
        assert_eq!(check(&held), []);
        let batch = Batch {
            settlements: vec![
                settle(1, ChargeState::Captured, 3),
                settle(2, ChargeState::Captured, 3),
                settle(3, ChargeState::Voided, 4),
            ],
            postings: vec![posting(3, PostingKind::Capture, 2 * PRICE_MICROS), posting(4, PostingKind::Void, PRICE_MICROS)],
            balances: vec![
                delta(HELD, -2 * PRICE_MICROS),
                delta(REVENUE, 2 * PRICE_MICROS),
                delta(HELD, -PRICE_MICROS),
                delta(WALLET, PRICE_MICROS),
            ],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let settled = store.trial(NOW).await.unwrap();
        assert_eq!((check(&settled), settled.wallets[0].open_micros), (vec![], Some(0)));
        let wallet = &store.balances_of(ACCOUNT).await.unwrap()[0];
        assert_eq!(wallet.balance_micros, 1_000_000 - 2 * PRICE_MICROS);
        let states: Vec<_> = store.charges_of(&[1, 2, 3].map(fixture::message_id)).await.unwrap();
        assert_eq!(states.iter().map(|row| row.state.code()).collect::<Vec<_>>(), [1, 1, 2]);
        assert_eq!(states[2].settle_posting_id, Some(posting_id(4)));
    }

    async fn the_check_finds_every_kind_of_mistake(store: Store) {
        hold_three(&store).await;
        let batch = Batch {
            postings: vec![posting(9, PostingKind::Capture, 7)],
            balances: vec![delta(WALLET, 5)],
            ..Batch::default()
        };
        store.commit(&batch).await.unwrap();
        let breaches = check(&store.trial(NOW).await.unwrap());
        let told: Vec<_> = breaches.iter().map(ToString::to_string).collect();
        let balances = breaches.iter().filter(|breach| matches!(breach, Breach::Balance(_))).count();
        assert_eq!(balances, 3, "wallet, held and revenue: {told:#?}");
        assert!(told.iter().any(|text| text.contains("add up to 5 micros")), "{told:#?}");
        assert!(breaches.iter().any(|breach| matches!(breach, Breach::Posting(sum) if sum.posting == posting_id(9))));
    }

    async fn a_posting_of_nothing_is_refused(store: Store) {
        fixture::seed(&store).await;
        let refused = store.commit(&Batch { postings: vec![posting(1, PostingKind::Hold, 0)], ..Batch::default() }).await;
        assert!(matches!(refused, Err(StoreError::Conflict("ledger_postings.amount"))), "{refused:?}");
    }
}
