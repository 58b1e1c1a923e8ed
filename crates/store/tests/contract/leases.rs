//! Leases: one holder at a time, by the database's clock.

use std::time::Duration;

use sambac_store::Store;

use crate::both::on_both_databases;

const LONG: Duration = Duration::from_secs(3_600);

/// The epoch of who gets it.
async fn take(store: &Store, name: &str, holder: &str, time: Duration) -> Option<i64> {
    store.take_lease(name, holder, time).await.unwrap().map(|taken| taken.epoch)
}

/// As of which epoch all holders went in good order, for who takes it now.
async fn orderly_since(store: &Store) -> (i64, i64) {
    let taken = store.take_lease("ledger", "node", LONG).await.unwrap().unwrap();
    (taken.epoch, taken.orderly_since)
}

on_both_databases! {
    /// While one holds it nobody else gets it; who gets it after that has the next epoch, and the one before can neither hold nor
    /// release it any more.
    async fn a_lease_has_one_holder(store: Store) {
        assert!(store.has_leases().await.unwrap());
        assert_eq!(store.lease("ledger").await.unwrap(), None);
        assert_eq!(take(&store, "ledger", "node 1", LONG).await, Some(1));
        assert_eq!(take(&store, "ledger", "node 2", LONG).await, None);
        assert_eq!(take(&store, "other", "node 2", LONG).await, Some(1), "each name is its own");
        assert!(store.renew_lease("ledger", 1, LONG).await.unwrap());
        assert!(store.release_lease("ledger", 1).await.unwrap());
        assert!(!store.renew_lease("ledger", 1, LONG).await.unwrap(), "a renewal that was on its way");
        assert_eq!(take(&store, "ledger", "node 2", LONG).await, Some(2));
        let row = store.lease("ledger").await.unwrap().unwrap();
        assert_eq!((row.holder.as_str(), row.epoch), ("node 2", 2));
        assert!(!store.renew_lease("ledger", 1, LONG).await.unwrap(), "another has it");
        assert!(!store.release_lease("ledger", 1).await.unwrap());
        assert_eq!(take(&store, "ledger", "node 3", LONG).await, None);
    }

    /// A lease whose time is over is anybody's; until somebody takes it, its holder may go on.
    async fn a_lease_ends_by_itself(store: Store) {
        assert_eq!(take(&store, "ledger", "node 1", Duration::ZERO).await, Some(1));
        assert!(store.renew_lease("ledger", 1, Duration::ZERO).await.unwrap());
        assert_eq!(take(&store, "ledger", "node 2", LONG).await, Some(2));
        assert!(!store.renew_lease("ledger", 1, LONG).await.unwrap());
    }

    /// Who takes it knows which holders before went in good order: an unbroken row of them, which ends with one that only gave it up, or
    /// lost it.
    async fn who_takes_it_knows_whom_it_need_not_doubt(store: Store) {
        assert_eq!(orderly_since(&store).await, (1, 1), "nobody was before");
        assert!(store.hand_over_lease("ledger", 1).await.unwrap());
        assert_eq!(orderly_since(&store).await, (2, 1));
        assert!(store.hand_over_lease("ledger", 2).await.unwrap());
        assert_eq!(orderly_since(&store).await, (3, 1));
        assert!(!store.hand_over_lease("ledger", 2).await.unwrap(), "another has it");
        assert!(store.release_lease("ledger", 3).await.unwrap());
        assert_eq!(orderly_since(&store).await, (4, 4), "the third has told nothing");
        assert!(store.renew_lease("ledger", 4, Duration::ZERO).await.unwrap());
        assert_eq!(orderly_since(&store).await, (5, 5), "the fourth died");
        assert!(store.hand_over_lease("ledger", 5).await.unwrap());
        assert_eq!(orderly_since(&store).await, (6, 5));
    }

    /// Who holds leases of a kind now is known by their names' beginning.
    async fn held_leases_are_listed_by_their_names_beginning(store: Store) {
        for (name, time) in [("connector b", LONG), ("connector a", LONG), ("connector c", Duration::ZERO), ("binds 1", LONG)] {
            assert_eq!(take(&store, name, "node 1", time).await, Some(1));
        }
        let names: Vec<_> = store.leases_held("connector ").await.unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["connector a", "connector b"]);
    }

    /// Of many that ask at once one gets it.
    async fn of_many_one_gets_it(store: Store) {
        let asks = (0..8).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { take(&store, "ledger", &format!("node {number}"), LONG).await })
        });
        let mut got = Vec::new();
        for ask in asks.collect::<Vec<_>>() {
            got.extend(ask.await.unwrap());
        }
        assert_eq!(got, [1]);
    }
}
