//! Leases: one holder at a time, by the database's clock.

use std::time::Duration;

use sambac_store::Store;

use crate::both::on_both_databases;

const LONG: Duration = Duration::from_secs(3_600);

on_both_databases! {
    /// While one holds it nobody else gets it; who gets it after that has the next epoch, and the one before can neither hold nor
    /// release it any more.
    async fn a_lease_has_one_holder(store: Store) {
        assert!(store.has_leases().await.unwrap());
        assert_eq!(store.lease("ledger").await.unwrap(), None);
        assert_eq!(store.take_lease("ledger", "node 1", LONG).await.unwrap(), Some(1));
        assert_eq!(store.take_lease("ledger", "node 2", LONG).await.unwrap(), None);
        assert_eq!(store.take_lease("other", "node 2", LONG).await.unwrap(), Some(1), "each name is its own");
        assert!(store.renew_lease("ledger", 1, LONG).await.unwrap());
        assert!(store.release_lease("ledger", 1).await.unwrap());
        assert_eq!(store.take_lease("ledger", "node 2", LONG).await.unwrap(), Some(2));
        let row = store.lease("ledger").await.unwrap().unwrap();
        assert_eq!((row.holder.as_str(), row.epoch), ("node 2", 2));
        assert!(!store.renew_lease("ledger", 1, LONG).await.unwrap(), "another has it");
        assert!(!store.release_lease("ledger", 1).await.unwrap());
        assert_eq!(store.take_lease("ledger", "node 3", LONG).await.unwrap(), None);
    }

    /// A lease whose time is over is anybody's; until somebody takes it, its holder may go on.
    async fn a_lease_ends_by_itself(store: Store) {
        assert_eq!(store.take_lease("ledger", "node 1", Duration::ZERO).await.unwrap(), Some(1));
        assert!(store.renew_lease("ledger", 1, Duration::ZERO).await.unwrap());
        assert_eq!(store.take_lease("ledger", "node 2", LONG).await.unwrap(), Some(2));
        assert!(!store.renew_lease("ledger", 1, LONG).await.unwrap());
    }

    /// Who holds leases of a kind now is known by their names' beginning.
    async fn held_leases_are_listed_by_their_names_beginning(store: Store) {
        for (name, time) in [("connector b", LONG), ("connector a", LONG), ("connector c", Duration::ZERO), ("binds 1", LONG)] {
            assert_eq!(store.take_lease(name, "node 1", time).await.unwrap(), Some(1));
        }
        let names: Vec<_> = store.leases_held("connector ").await.unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["connector a", "connector b"]);
    }

    /// Of many that ask at once one gets it.
    async fn of_many_one_gets_it(store: Store) {
        let asks = (0..8).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.take_lease("ledger", &format!("node {number}"), LONG).await.unwrap() })
        });
        let mut got = Vec::new();
        for ask in asks.collect::<Vec<_>>() {
            got.extend(ask.await.unwrap());
        }
        assert_eq!(got, [1]);
    }
}
