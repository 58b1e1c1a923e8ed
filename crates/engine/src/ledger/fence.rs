//! Who writes: one process for each shard. Whoever takes it over ends the one before, which then stops at once.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sambac_domain::planted::{Bug, planted};
use sambac_store::chain::SHARD_OF_ENGINE;
use sambac_store::rows::ShardRow;
use tokio_util::sync::CancellationToken;

use crate::alert::AlertKind;
use crate::{Engine, Inner};

/// How often it is looked whether the shard is still ours, when nothing is written.
const INTERVAL: Duration = Duration::from_secs(1);
/// Whom the alert is of.
const SUBJECT: &str = "ledger";

/// Whether this process has lost its shard, or its database.
#[derive(Default)]
pub(crate) struct Fenced {
    lost: CancellationToken,
    why: OnceLock<Lost>,
}

/// Why a process may not write any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Another one writes the ledger, or its lease is over.
    Ledger,
    /// The database's files cannot be relied upon: what is wrong with them.
    Files(String),
}

/// How this process names itself in the shard's row.
pub(crate) fn holder(node: u8) -> String {
    format!("node {node}, process {}", std::process::id())
}

impl Fenced {
    pub(crate) fn is(&self) -> bool {
        self.lost.is_cancelled()
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
        self.lose(Lost::Ledger);
    }

    /// What the database says cannot be relied upon. What was not answered is not, and the next start looks at what is there.
    pub(crate) fn lose_files(&self, why: &str) {
        if self.fenced.is() {
            return;
        }
        tracing::error!(why, "the database's files cannot be relied upon: this process takes and sends nothing more");
        self.lose(Lost::Files(why.to_owned()));
    }

    fn lose(&self, why: Lost) {
        // The first reason counts.
        let _ = self.fenced.why.set(why);
        self.fenced.lost.cancel();
        self.draining.cancel();
        self.stopping.cancel();
    }
}

impl Engine {
    /// Ends when this process may not write any more: it has stopped then, and has to end.
    pub async fn fenced(&self) -> Lost {
        self.0.fenced.lost.cancelled().await;
        self.0.fenced.why.get().cloned().unwrap_or(Lost::Ledger)
    }
}

/// Notices also when nothing is written that the database's files are damaged. Runs until the engine stops.
pub(crate) async fn watch_files(inner: Arc<Inner>) {
    tokio::select! {
        why = inner.store.damaged() => inner.lose_files(&why),
        () = inner.stopping.cancelled() => {}
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
        if ours.is_none_or(|row| row.epoch != epoch) && !planted(Bug::FenceIgnored) {
            return inner.lose_shard(ours);
        }
    }
}
