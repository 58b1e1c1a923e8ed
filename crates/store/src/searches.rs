//! Who reads much: lists and sums that a client asks for may go through all of an account's history. A few of them at a time leave connections for whoever reads little,
//! which is everything that a message needs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::dialect::Dialect;
use crate::{Store, StoreError};

/// Of SQLite's readers; of a server's connections.
const SQLITE_MAX: usize = 2;
const POSTGRES_MAX: usize = 6;
/// How long who comes waits for the others.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The places for those who read much.
#[derive(Debug, Clone)]
pub(crate) struct Searches(Arc<Semaphore>);

impl Searches {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let places = match dialect {
            Dialect::Sqlite => SQLITE_MAX,
            Dialect::Postgres => POSTGRES_MAX,
        };
        Self(Arc::new(Semaphore::new(places)))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let place = timeout(WAIT_MAX, Arc::clone(&self.0).acquire_owned()).await;
        let busy = || StoreError::Unavailable("too much is searched for at a time".to_owned());
        place.ok().and_then(Result::ok).ok_or_else(busy)
    }
}

impl Store {
    /// A place among those who read much, until it is dropped.
    pub(crate) async fn place_to_search(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        self.searches.place().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_few_search_at_a_time_and_the_next_waits_for_one_of_them() {
        let searches = Searches::new(Dialect::Sqlite);
        let first = searches.place().await.unwrap();
        let second = searches.place().await.unwrap();
        assert!(matches!(searches.place().await, Err(StoreError::Unavailable(_))));
        let (third, ()) = tokio::join!(searches.place(), async { drop(first) });
        drop((second, third.unwrap()));
    }
}
