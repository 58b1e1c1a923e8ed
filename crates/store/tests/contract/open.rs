//! Opening and migrating.

use sambac_store::{Batch, Store, StoreError};

use crate::both::{Sqlite, new_postgres, on_both_databases};
use crate::fixture::{message_id, new_message};

on_both_databases! {
    async fn migrating_again_changes_nothing(store: Store) {
        store.commit(&Batch { messages: vec![new_message(1)], ..Batch::default() }).await.unwrap();
        store.migrate().await.unwrap();
        store.migrate_beside_others().await.unwrap();
        assert_eq!(store.messages_by_ids(&[message_id(1)]).await.unwrap().len(), 1);
    }

    async fn a_migrated_database_misses_no_step(store: Store) {
        assert_eq!(store.missing_steps().await.unwrap(), Some(Vec::new()));
    }

    async fn a_database_says_what_it_is(store: Store) {
        match store.postgres_facts().await.unwrap() {
            Some(facts) => {
                assert_eq!(store.sqlite_version().await.unwrap(), None);
                assert!(facts.version >= 140_000 && !facts.is_replica, "{facts:?}");
                assert_eq!(facts.settings.get("fsync").map(String::as_str), Some("off"), "as the tests' server is started");
                assert_eq!(facts.settings.len(), 8, "{facts:?}");
                assert!(facts.now.0 > 1_700_000_000_000_000, "microseconds: {facts:?}");
            }
            None => assert!(store.sqlite_version().await.unwrap().unwrap().starts_with("3."), "the one that is built in"),
        }
    }

    async fn the_first_proof_of_the_master_key_is_kept(store: Store) {
        assert_eq!(store.master_key_check().await.unwrap(), None);
        store.keep_master_key_check("first").await.unwrap();
        store.keep_master_key_check("second").await.unwrap();
        assert_eq!(store.master_key_check().await.unwrap().as_deref(), Some("first"));
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let database = Sqlite::new();
    let store = database.open().await;
    store.commit(&Batch { messages: vec![new_message(1)], ..Batch::default() }).await.unwrap();
    store.close().await;
    let again = database.open().await;
    assert_eq!(again.messages_by_ids(&[message_id(1)]).await.unwrap().len(), 1);
}

/// A database that is not there is not made, and one without a schema is told from one that only lacks steps.
#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let database = Sqlite::new();
    assert!(Store::open_existing(&database.url()).await.unwrap().is_none());
    assert!(!database.file().exists());
    Store::open(&database.url()).await.unwrap().close().await;
    let empty = Store::open_existing(&database.url()).await.unwrap().unwrap();
    assert_eq!(empty.missing_steps().await.unwrap(), None);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let database = Sqlite::new();
    let _store = database.open().await;
    for name in ["sambac.db", "sambac.db-wal", "sambac.db-shm"] {
        let mode = std::fs::metadata(database.file().with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn several_processes_may_migrate_at_once() {
    let database = new_postgres().await;
    let stores = [Store::open(database.url()).await.unwrap(), Store::open(database.url()).await.unwrap()];
    let (first, second) = tokio::join!(stores[0].migrate(), stores[1].migrate());
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn what_cannot_be_reached_is_unavailable() {
    for url in ["sqlite:///no/such/folder/sambac.db", "mysql://localhost/x", "nonsense"] {
        let refused = Store::open(url).await.map(drop);
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{url}: {refused:?}");
    }
}

/// Readers have all connections of the store: whoever has some of his own writes all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_connections_of_his_own_waits_for_nobody() {
    let database = new_postgres().await;
    let store = Store::open(database.url()).await.unwrap();
    let (own, mut held) = (store.apart(), Vec::new());
    for _ in 0..16 {
        held.push(store.begin().await.unwrap());
    }
    own.commit(&Batch { messages: vec![new_message(1)], ..Batch::default() }).await.unwrap();
    drop(held);
    own.close().await;
    assert_eq!(store.messages_by_ids(&[message_id(1)]).await.unwrap().len(), 1);
    store.close().await;
}
