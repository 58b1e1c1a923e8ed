//! Watches what was sent and never answered: counted in the metrics, and an alert when it gets old. An operator that keeps
//! us in doubt is a matter for a person, not for a log nobody reads.

use std::sync::Arc;
use std::time::Duration;

use crate::Inner;
use crate::alert::AlertKind;

/// A segment in doubt for longer is told to a person.
const OLD: Duration = Duration::from_secs(300);
/// Whom the alert is of: there is one for all connectors.
const SUBJECT: &str = "messages";

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(inner.settings.uncertain_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => look(&inner).await,
            () = inner.stopping.cancelled() => return,
        }
    }
}

async fn look(inner: &Inner) {
    let total = match inner.store.uncertain_total().await {
        Ok(total) => total,
        Err(error) => return tracing::error!(%error, "segments in doubt were not counted"),
    };
    let now = inner.clock.now();
    let age_s = total.oldest_at.map_or(0, |at| now.0.saturating_sub(at.0).max(0) / 1_000_000);
    inner.metrics.uncertain(total.count, age_s);
    if total.count > 0 && u64::try_from(age_s).is_ok_and(|age_s| age_s > OLD.as_secs()) {
        let text =
            format!("{} segments were sent and not answered, the oldest {} minutes ago", total.count, age_s / 60);
        inner.alerts.holds(AlertKind::SubmitUnknown, SUBJECT, text);
    } else {
        inner.alerts.clear(AlertKind::SubmitUnknown, SUBJECT, "nothing is in doubt for so long any more");
    }
}
