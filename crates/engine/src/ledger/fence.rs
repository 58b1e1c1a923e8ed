//! Who writes: one process for each shard. Whoever takes it over ends the one before, which then stops at once.

use std::sync::Arc;
use std::time::Duration;

use sambac_store::chain::SHARD_OF_ENGINE;
use sambac_store::rows::ShardRow;
use tokio_util::sync::CancellationToken;

use crate::alert::AlertKind;
use crate::{Engine, Inner};

/// How often it is looked whether the shard is still ours, when nothing is written.
const INTERVAL: Duration = Duration::from_secs(1);
/// Whom the alert is of.
const SUBJECT: &str = "ledger";

/// Whether this process has lost its shard.
#[derive(Default)]
pub(crate) struct Fenced(CancellationToken);

/// How this process names itself in the shard's row.
pub(crate) fn holder(node: u8) -> String {
    format!("node {node}, process {}", std::process::id())
}

impl Fenced {
    pub(crate) fn is(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl Inner {
    /// Another process has the shard: nothing is taken or sent from now on.
    pub(crate) fn lose_shard(&self, shard: Option<&ShardRow>) {
        self.lose_ledger_to(
            &shard.map_or_else(|| "somebody".to_owned(), |row| format!("{} (epoch {})", row.holder, row.epoch)),
        );
    }

    /// This one writes the ledger now.
    pub(crate) fn lose_ledger_to(&self, by: &str) {
        self.lose_ledger(&format!("{by} writes the ledger now"));
    }

    /// This process may not write the ledger any more.
    pub(crate) fn lose_ledger(&self, why: &str) {
        if self.fenced.is() {
            return;
        }
        let why = format!("{why}: this process takes and sends nothing more");
        self.alerts.raise(AlertKind::LedgerFenced, SUBJECT, why);
        self.fenced.0.cancel();
        self.draining.cancel();
        self.stopping.cancel();
    }
}

impl Engine {
    /// Ends when another process has taken over the ledger: this one has stopped then, and has to end.
    pub async fn fenced(&self) {
        self.0.fenced.0.cancelled().await;
    }
}

/// Notices also when nothing is written that the shard is another process's. Runs until the engine stops.
pub(crate) async fn watch(inner: Arc<Inner>, epoch: i64) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        // A database that does not answer is noticed elsewhere.
        let Ok(shards) = inner.store.shards().await else { continue };
        let ours = shards.iter().find(|row| row.id == SHARD_OF_ENGINE);
        if ours.is_none_or(|row| row.epoch != epoch) {
            return inner.lose_shard(ours);
        }
    }
}
