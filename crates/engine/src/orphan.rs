//! Receipts that match no segment: searched, tried again, and left to a person in the end (Q-B6).
//!
//! Each is kept in the table, whatever it says. It is tried again when an answer brings its id (`commit`), now and then while
//! its connector's `receipt.orphan_retry_h` has not passed, on request, and when the rules for ids have changed: then the keys
//! of the connector's segments are made again, too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_store::rows::OrphanRow;
use sambac_store::{OrphanFilter, StoreError};
use tokio::sync::oneshot;

use crate::commit::{Found, ReceiptFrom, ReceiptIn, Write};
use crate::snapshot::Snapshot;
use crate::{Engine, Inner};

/// How often orphans are tried again.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);
/// How often it is looked whether rules have changed.
const RULES_INTERVAL: Duration = Duration::from_millis(500);
/// Rows read at once.
const PAGE: u32 = 200;
/// Segments of messages that ended longer ago than this keep their old keys.
const REKEYED: Duration = Duration::from_secs(14 * 86_400);
/// Written before the rules; another number makes all keys anew.
const KEY_FORM: &str = "1";

/// What came of trying receipts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rematched {
    /// How many were tried.
    pub tried: usize,
    /// How many are still orphans.
    pub left: usize,
}

impl Engine {
    /// A page of receipts that match nothing, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn orphans(&self, filter: &OrphanFilter) -> Result<Vec<OrphanRow>, StoreError> {
        self.0.store.orphans(filter).await
    }

    /// Tries again what `filter` finds, all pages of it, and tells how many of them are still orphans.
    ///
    /// # Errors
    /// What the database said.
    pub async fn rematch_orphans(&self, filter: &OrphanFilter) -> Result<Rematched, StoreError> {
        let mut page = OrphanFilter { limit: PAGE, ..filter.clone() };
        let (mut tried, mut newest) = (0, None);
        loop {
            let rows = self.0.store.orphans(&page).await?;
            let Some(last) = rows.last() else { break };
            page.before = Some(last.id);
            newest = newest.or_else(|| rows.first().map(|row| row.id));
            tried += rows.len();
            again(&self.0, rows).await;
        }
        stored(&self.0).await;
        // What came since is not counted.
        let before = newest.map(|id| id.saturating_add(1));
        let left = self.count_orphans(&OrphanFilter { before: before.or(filter.before), ..filter.clone() }).await?;
        Ok(Rematched { tried, left })
    }

    /// Takes orphans that a person has dealt with out of the list, and returns how many of these were on it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn dismiss_orphans(&self, ids: &[i64]) -> Result<usize, StoreError> {
        let orphans: Vec<_> = self.0.store.orphans_of(ids).await?.into_iter().map(|row| row.id).collect();
        let count = orphans.len();
        let (done, stored) = oneshot::channel();
        if self.0.write(Write::Dismiss { orphans, done }).await {
            // An error means that the group commit has ended.
            let _ = stored.await;
        }
        Ok(count)
    }

    async fn count_orphans(&self, filter: &OrphanFilter) -> Result<usize, StoreError> {
        let mut page = OrphanFilter { limit: PAGE, ..filter.clone() };
        let mut count = 0;
        loop {
            let rows = self.0.store.orphans(&page).await?;
            let Some(last) = rows.last() else { return Ok(count) };
            count += rows.len();
            page.before = Some(last.id);
        }
    }
}

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut retry = tokio::time::interval(RETRY_INTERVAL);
    let mut rules = tokio::time::interval(RULES_INTERVAL);
    let mut version = None;
    for interval in [&mut retry, &mut rules] {
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    loop {
        let result = tokio::select! {
            _ = retry.tick() => retry_all(&inner).await,
            _ = rules.tick() => follow_rules(&inner, &mut version).await,
            () = inner.stopping.cancelled() => return,
        };
        if let Err(error) = result {
            tracing::error!(%error, "receipts that match nothing were not tried again");
        }
    }
}

/// Tries those again whose connector still wants it.
async fn retry_all(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let snapshot = inner.snapshot.load_full();
    let hours = |id: ConnectorId| snapshot.profile(id).map_or(24, |profile| profile.receipt.orphan_retry_h);
    let longest = snapshot.connectors.keys().map(|id| hours(*id)).max().unwrap_or(24);
    let now = inner.clock.now();
    let since = |hours: u16| now.saturating_sub(Duration::from_secs(u64::from(hours) * 3_600));
    let mut after = 0;
    loop {
        let rows = inner.store.orphans_since(since(longest), after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        let due = rows.into_iter().filter(|row| row.received_at >= since(hours(row.connector_id)));
        again(inner, due.collect()).await;
    }
}

/// Hands orphans to the group commit; those that match leave the table with its batch.
async fn again(inner: &Inner, rows: Vec<OrphanRow>) {
    let snapshot = inner.snapshot.load_full();
    for row in rows {
        let from = ReceiptFrom::Orphan(row.id);
        let found = Found::again(&snapshot, row);
        inner.write(Write::Receipt(Box::new(ReceiptIn { found, from }))).await;
    }
}

/// When the rules for a connector's ids are others than those by which its keys were made, makes them again, and tries its
/// orphans.
async fn follow_rules(inner: &Arc<Inner>, seen: &mut Option<i64>) -> Result<(), StoreError> {
    let snapshot = inner.snapshot.load_full();
    if *seen == Some(snapshot.version) {
        return Ok(());
    }
    let rules = rules(&snapshot);
    let kept = inner.store.receipt_rules().await?;
    let before: BTreeMap<String, String> = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if rules != before {
        let changed = |id: &&ConnectorId| rules.get(&id.to_string()) != before.get(&id.to_string());
        for connector in snapshot.connectors.keys().filter(changed) {
            rekey(inner, *connector).await?;
        }
        retry_all(inner).await?;
        stored(inner).await;
        inner.store.keep_receipt_rules(&serde_json::to_string(&rules).unwrap_or_default()).await?;
    }
    *seen = Some(snapshot.version);
    Ok(())
}

/// What the keys of each connector's segments are made by.
fn rules(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let of = |id: &ConnectorId| {
        let profile = snapshot.profile(*id).cloned().unwrap_or_default();
        // Plain settings always serialise.
        let settings = serde_json::to_string(&profile.receipt_id).unwrap_or_default();
        (id.to_string(), format!("{KEY_FORM} {} {settings}", snapshot.receipt_group(*id)))
    };
    snapshot.connectors.keys().map(of).collect()
}

async fn rekey(inner: &Arc<Inner>, connector: ConnectorId) -> Result<(), StoreError> {
    let since = inner.clock.now().saturating_sub(REKEYED);
    let mut after = SegmentId::from_raw(sambac_domain::id::IdSource::first_at(since));
    loop {
        let rows = inner.store.segments_with_ids(connector, after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        let (done, wait) = oneshot::channel();
        let segments = rows.into_iter().map(|row| row.id).collect();
        if !inner.write(Write::Rekey { segments, done }).await || wait.await.is_err() {
            return Ok(());
        }
    }
}

/// Waits until what was handed over is stored.
async fn stored(inner: &Inner) {
    let (done, wait) = oneshot::channel();
    if inner.write(Write::Stored(done)).await {
        // An error means that the group commit has ended.
        let _ = wait.await;
    }
}
