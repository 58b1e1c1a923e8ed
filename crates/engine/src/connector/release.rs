//! Giving away what waits for a connector: so that one that will not send it any more can be removed.

use std::time::Duration;

use sambac_domain::Lane;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::ConnectorId;
use sambac_store::rows::{OutboxKey, OutboxRow};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::Engine;
use crate::admin::refusal;
use crate::commit::{Gives, Release, Released, Write, target_of};
use crate::refusal::Refusal;

/// Segments decided at once.
const PAGE: u32 = 500;
/// After this a call ends, with what it has done so far: who asked must not wait without an answer.
const TIME_MAX: Duration = Duration::from_secs(20);

/// How far giving away came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Releasing {
    /// What became of the segments that were looked at.
    pub released: Released,
    /// There are more: ask again.
    pub more: bool,
}

impl Engine {
    /// Gives away the segments that wait for a connector, whether it runs or not: each goes to the next enabled connector of
    /// its route, or to the first if this one is not in the route any more. With `ends`, those that have no other end as failed.
    ///
    /// # Errors
    /// There is no such connector, or the database does not answer.
    pub async fn connector_release(&self, id: ConnectorId, ends: bool) -> Result<Releasing, Refusal> {
        if !self.snapshot().connectors.contains_key(&id) {
            return Err(ErrorCode::NotFound.into());
        }
        self.give_away(id, if ends { Gives::AnyOrEnds } else { Gives::Any }).await
    }

    /// Gives away what waits for a connector that may be gone from the configuration.
    pub(super) async fn give_away(&self, id: ConnectorId, how: Gives) -> Result<Releasing, Refusal> {
        let mut releasing = Releasing::default();
        let until = Instant::now() + TIME_MAX;
        for lane in (0..=u8::MAX).take(Lane::COUNT).map(Lane) {
            let mut after_id = i64::MIN;
            loop {
                let page = self.0.store.outbox_waiting(target_of(id), lane, after_id, i64::MAX, PAGE).await;
                let page = page.map_err(|error| refusal::store(&error))?;
                let Some(last) = page.last() else { break };
                if Instant::now() >= until {
                    releasing.more = true;
                    return Ok(releasing);
                }
                after_id = last.id;
                releasing.add(self.release(id, page.iter().map(OutboxRow::key).collect(), how).await?);
            }
        }
        Ok(releasing)
    }

    async fn release(&self, connector: ConnectorId, rows: Vec<OutboxKey>, how: Gives) -> Result<Released, Refusal> {
        let (done, decided) = oneshot::channel();
        self.0.write(Write::Release(Release { connector, rows, how, done })).await;
        decided.await.map_err(|_| ErrorCode::ServiceUnavailable.into())
    }
}

impl Releasing {
    fn add(&mut self, page: Released) {
        self.released.moved += page.moved;
        self.released.ended += page.ended;
        self.released.kept += page.kept;
    }
}
