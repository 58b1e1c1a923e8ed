//! Keeps alerts in the database, so that what a person must know of is not forgotten by a restart.
//!
//! What opens, is acknowledged or is cleared is written at once; how often an open one was raised again, now and then.

use std::sync::Arc;
use std::time::Duration;

use sambac_store::StoreError;
use sambac_store::rows::AlertRow;

use super::{Alert, AlertKind};
use crate::Inner;

/// How often counts are written.
const INTERVAL: Duration = Duration::from_secs(5);
/// Least time between two writes: a storm of alerts must not keep the database busy.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until the engine stops, and writes a last time then.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.alerts.changed.notified() => {}
            () = inner.stopping.cancelled() => {
                write_or_tell(&inner).await;
                return;
            }
        }
        write_or_tell(&inner).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn write_or_tell(inner: &Inner) {
    if let Err(error) = write(inner).await {
        tracing::error!(%error, "alerts were not stored; tried again");
    }
}

/// Writes what is not written yet. What cannot be written now is written the next time.
pub(super) async fn write(inner: &Inner) -> Result<(), StoreError> {
    // One after the other: an older state must not come after a newer one.
    let _writing = inner.alerts.writing.lock().await;
    let (unsaved, gone) = inner.alerts.take_unsaved();
    if unsaved.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let rows: Vec<AlertRow> = unsaved.iter().map(AlertRow::from).collect();
    let ids: Vec<String> = gone.iter().map(|(kind, subject)| id(*kind, subject)).collect();
    let written = inner.store.keep_alerts(&rows, &ids).await;
    if written.is_err() {
        inner.alerts.put_back_unsaved(&unsaved, gone);
    }
    written
}

fn id(kind: AlertKind, subject: &str) -> String {
    format!("{}/{subject}", kind.as_str())
}

impl From<&Alert> for AlertRow {
    fn from(alert: &Alert) -> Self {
        let acknowledged = alert.acknowledged.clone();
        Self {
            id: id(alert.kind, &alert.subject),
            kind: alert.kind.as_str().to_owned(),
            subject: alert.subject.clone(),
            text: alert.text.clone(),
            first_at: alert.first_at,
            last_at: alert.last_at,
            count: i64::try_from(alert.count).unwrap_or(i64::MAX),
            acknowledged_by: acknowledged.as_ref().map(|(by, _)| by.clone()),
            acknowledged_at: acknowledged.map(|(_, at)| at),
            cleared_at: alert.cleared_at,
        }
    }
}

impl Alert {
    /// As it was kept; `None` when its kind is none of this program.
    pub(super) fn restored(row: AlertRow) -> Option<Self> {
        Some(Self {
            kind: AlertKind::named(&row.kind)?,
            subject: row.subject,
            text: row.text,
            first_at: row.first_at,
            last_at: row.last_at,
            count: u64::try_from(row.count).unwrap_or(1),
            acknowledged: row.acknowledged_by.zip(row.acknowledged_at),
            cleared_at: row.cleared_at,
        })
    }
}
