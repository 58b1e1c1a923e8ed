//! What accounts spend is added up by day and country; debts are kept until they are paid.

use sambac_domain::Timestamp;
use sambac_store::rows::{DebtRow, LowWalletRow, SpendingRow};
use sambac_store::{Batch, Store};

use crate::both::on_both_databases;
use crate::fixture::ACCOUNT;

fn spent(day: i64, country: &str, messages: i64, micros: i64) -> SpendingRow {
    SpendingRow { account_id: ACCOUNT, day, country: country.to_owned(), messages, micros }
}

on_both_databases! {
    async fn what_is_spent_is_added_to_what_was(store: Store) {
        let first = vec![spent(1, "GB", 1, 5), spent(2, "GB", 1, 5), spent(2, "GB", 1, 7), spent(2, "", 1, 1)];
        store.commit(&Batch { spending: first, ..Batch::default() }).await.unwrap();
        store.commit(&Batch { spending: vec![spent(2, "GB", 0, -5)], ..Batch::default() }).await.unwrap();
        let mut since = store.spending_since(2).await.unwrap();
        since.sort_by(|a, b| a.country.cmp(&b.country));
        assert_eq!(since, [spent(2, "", 1, 1), spent(2, "GB", 2, 7)]);
        assert_eq!(store.spending_since(1).await.unwrap().len(), 3);
    }

    async fn a_debt_is_kept_until_it_is_paid(store: Store) {
        let debt = DebtRow { id: ACCOUNT, since: Timestamp(5), suspended_at: None, is_applied: false };
        store.keep_debt(&debt).await.unwrap();
        let suspended = DebtRow { suspended_at: Some(Timestamp(9)), is_applied: true, ..debt };
        store.keep_debt(&suspended).await.unwrap();
        assert_eq!(store.debts().await.unwrap(), [suspended]);
        store.drop_debt(ACCOUNT).await.unwrap();
        assert_eq!(store.debts().await.unwrap(), []);
    }

    async fn who_was_told_of_a_low_wallet_is_known_until_it_is_not(store: Store) {
        let low = |since| LowWalletRow { id: ACCOUNT, since: Timestamp(since) };
        for since in [5, 6] {
            store.keep_low_wallet(&low(since)).await.unwrap();
        }
        assert_eq!(store.low_wallets().await.unwrap(), [low(6)]);
        store.drop_low_wallet(ACCOUNT).await.unwrap();
        assert_eq!(store.low_wallets().await.unwrap(), []);
    }
}
