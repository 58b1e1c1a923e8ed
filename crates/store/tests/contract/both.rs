//! One test body, two named tests: `name::sqlite` and `name::postgres`, each on an empty, migrated database.

use std::path::PathBuf;

use sambac_store::Store;
use sambac_testkit::postgres::{self, TestDatabase};

/// `async fn name(store: Store) { … }` as a test on both databases.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:literal])* async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[doc = $doc])*
            async fn case($store: Store) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let database = $crate::both::Sqlite::new();
                let store = database.open().await;
                case(store.clone()).await;
                store.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let database = $crate::both::new_postgres().await;
                let store = Store::open(database.url()).await.unwrap();
                case(store.clone()).await;
                store.close().await;
            }
        }
    )+};
}
pub(crate) use on_both_databases;

/// A SQLite file in a folder of its own, removed with it.
pub(crate) struct Sqlite {
    folder: PathBuf,
}

impl Sqlite {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("sambac-store-{}", sambac_testkit::unique()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("sambac.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }

    pub(crate) async fn open(&self) -> Store {
        let store = Store::open(&self.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // What cannot be removed is left for the system's own cleaning of temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A clone of the migrated template.
pub(crate) async fn new_postgres() -> TestDatabase {
    let migrate = async |url: String| {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    };
    postgres::database(migrate).await.unwrap()
}
