//! The job that adds up all money while the platform runs: what came since the last time every few seconds, and everything anew
//! now and then. What does not add up is counted, told in an alert, and written to the log; nothing is mended.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::ledger::{Breach, Trial, check};
use sambac_domain::time::Timestamp;
use sambac_store::{RunningSums, StoreError};
use tokio::time::{Instant, MissedTickBehavior};

use crate::Inner;
use crate::alert::AlertKind;

/// Beyond validity and grace: what has its end then is ended by jobs that may be slow, but not so slow.
const SLACK: Duration = Duration::from_secs(300);
/// Whom the alert is of that sums are wrong.
pub(crate) const SUBJECT: &str = "ledger";
/// Breaches that are written to the log each time.
const LOGGED_MAX: usize = 20;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(inner.settings.audit_interval);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sums = RunningSums::default();
    let mut last_whole = Instant::now();
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        let whole = last_whole.elapsed() >= inner.settings.audit_whole_interval;
        match look(&inner, &mut sums, whole).await {
            Ok(trial) => tell(&inner, &trial),
            Err(error) => not_added_up(&inner, &error),
        }
        if whole {
            last_whole = Instant::now();
        }
    }
}

async fn look(inner: &Inner, sums: &mut RunningSums, whole: bool) -> Result<Trial, StoreError> {
    let end_by = end_by(inner);
    let mut trial = inner.store.running_trial(sums, end_by).await?;
    if whole {
        let Trial { postings, holds, overdue_charges, wallets, .. } = inner.store.trial(end_by).await?;
        // A limit that was lowered excuses what its wallet was below it: only the running sums know.
        let wallets =
            wallets.into_iter().map(|wallet| sambac_domain::ledger::TrialWallet { excused_micros: None, ..wallet });
        trial.wallets.extend(wallets);
        (trial.postings, trial.holds, trial.overdue_charges) = (postings, holds, overdue_charges);
    }
    Ok(trial)
}

/// What had its time before this must have ended.
fn end_by(inner: &Inner) -> Timestamp {
    inner.clock.now().saturating_sub(inner.settings.receipt_grace + SLACK)
}

fn tell(inner: &Inner, trial: &Trial) {
    let breaches = check(trial);
    inner.metrics.audited(breaches.len());
    let Some(first) = breaches.first() else {
        return inner.alerts.clear(AlertKind::LedgerBreach, SUBJECT, "everything adds up again");
    };
    breaches.iter().take(LOGGED_MAX).for_each(log);
    let text = format!("{} sums are wrong; the first: {first}", breaches.len());
    inner.alerts.holds(AlertKind::LedgerBreach, SUBJECT, text);
}

/// Sums that cannot be made are no good sums, unless there is nobody to make them.
fn not_added_up(inner: &Inner, error: &StoreError) {
    tracing::error!(%error, "the ledger was not added up");
    if !matches!(error, StoreError::Unavailable(_)) {
        inner.alerts.holds(AlertKind::LedgerBreach, SUBJECT, format!("it cannot be added up: {error}"));
    }
}

fn log(breach: &Breach) {
    tracing::error!(%breach, "the ledger does not add up");
}
