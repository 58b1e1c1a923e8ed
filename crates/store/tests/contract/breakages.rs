//! What the program broke on, and files that something is wrong with.

use std::time::Duration;

use sambac_store::Store;
use sambac_store::rows::BreakageRow;

use crate::both::on_both_databases;
use crate::fixture::NOW;

fn breakage(id: &str, times: i64) -> BreakageRow {
    BreakageRow {
        id: id.to_owned(),
        step: "intent".to_owned(),
        about: 256,
        times,
        reason: "index out of bounds".to_owned(),
        program: "0.1.0".to_owned(),
        first_at: NOW,
        last_at: NOW,
    }
}

on_both_databases! {
    /// What is kept of one takes the place of what was kept before.
    async fn a_breakage_is_kept_once(store: Store) {
        for row in [breakage("intent/512", 1), breakage("intent/256", 1), breakage("intent/256", 2)] {
            store.keep_breakage(&row).await.unwrap();
        }
        assert_eq!(store.breakages().await.unwrap(), [breakage("intent/256", 2), breakage("intent/512", 1)]);
    }

    /// Nothing is said of files that are whole, also after something was written.
    async fn whole_files_are_not_called_damaged(store: Store) {
        store.keep_breakage(&breakage("intent/256", 1)).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(1), store.damaged()).await.is_err());
    }
}
