//! Units of work: whole or not at all, one writer after the other.

use sambac_store::rows::PostingKind;
use sambac_store::{BalanceDelta, Batch, Store};

use crate::both::on_both_databases;
use crate::fixture::{
    self, ACCOUNT, FUNDING, WALLET, account, message_id, new_message, operator, posting, segment, submitted,
};

on_both_databases! {
    async fn what_is_not_committed_never_was(store: Store) {
        let mut work = store.begin().await.unwrap();
        work.write(&Batch { messages: vec![new_message(1)], ..Batch::default() }).await.unwrap();
        work.upsert_operator(&operator()).await.unwrap();
        drop(work);
        let mut work = store.begin().await.unwrap();
        work.write(&Batch { messages: vec![new_message(2)], ..Batch::default() }).await.unwrap();
        work.commit().await.unwrap();
        let rows = store.messages_by_ids(&[message_id(1), message_id(2)]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [message_id(2)]);
        assert!(store.load_configuration().await.unwrap().operators.is_empty());
    }

    async fn several_writes_make_one_unit(store: Store) {
        let mut work = store.begin().await.unwrap();
        work.upsert_tariff(&fixture::tariff()).await.unwrap();
        work.upsert_account(&account(ACCOUNT, "Bank")).await.unwrap();
        for balance in fixture::balances() {
            work.ensure_balance(&balance).await.unwrap();
        }
        work.commit().await.unwrap();
        assert_eq!(store.load_configuration().await.unwrap().balances, fixture::balances());
    }

    /// Writers that begin at the same time wait for each other, and no change of a balance is lost.
    async fn concurrent_writers_lose_nothing(store: Store) {
        fixture::seed(&store).await;
        let writers = (0..8).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0..10 {
                    let number = writer * 10 + turn + 1;
                    let batch = Batch {
                        messages: vec![new_message(number)],
                        segments: vec![segment(number)],
                        segment_updates: vec![submitted(number)],
                        postings: vec![posting(number, PostingKind::Credit, 3)],
                        balances: vec![
                            BalanceDelta { id: FUNDING, delta_micros: -3 },
                            BalanceDelta { id: WALLET, delta_micros: 3 },
                        ],
                        ..Batch::default()
                    };
                    store.commit(&batch).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        assert_eq!(store.balances_of(ACCOUNT).await.unwrap()[0].balance_micros, 240);
        let trial = store.trial(fixture::NOW).await.unwrap();
        assert!(trial.balances.iter().all(|row| row.balance_micros == row.postings_micros), "{trial:?}");
    }
}
