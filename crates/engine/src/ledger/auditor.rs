//! The job that adds up all money while the platform runs: what came since the last time every few seconds, and everything anew
//! now and then. What does not add up is counted, told in an alert, and written to the log; nothing is mended.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::ledger::{Breach, Trial, TrialHold, TrialWallet, check};
use sambac_domain::time::Timestamp;
use sambac_store::{RunningSums, StoreError};
use tokio::time::{Instant, MissedTickBehavior};

use crate::Inner;
use crate::alert::AlertKind;

/// Beyond validity and grace: what has its end then is ended by jobs that may be slow, but not so slow.
const SLACK: Duration = Duration::from_secs(300);
/// Whom the alert is of that sums are wrong.
pub(crate) const SUBJECT: &str = "ledger";
/// After a whole look that has found something.
const MENDED_WITHIN: Duration = Duration::from_secs(60);
/// Breaches that are written to the log each time.
const LOGGED_MAX: usize = 20;

/// What the looks have seen so far.
struct Auditor {
    sums: RunningSums,
    /// What only a whole look sees, as the last one saw it.
    whole: Vec<Breach>,
    /// When everything is added up anew.
    whole_at: Instant,
    /// What was overdue before is ended by the jobs that have begun then.
    started_at: Instant,
}

/// Runs until the engine stops. The first look is a whole one: what was changed while nothing ran is seen at the start.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(inner.settings.audit_interval);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let now = Instant::now();
    let mut added_up_at = now;
    let mut auditor = Auditor { sums: RunningSums::default(), whole: Vec::new(), whole_at: now, started_at: now };
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        let looked = tokio::select! {
            looked = auditor.look(&inner) => looked,
            // A whole look may take minutes.
            () = inner.stopping.cancelled() => return,
        };
        match looked {
            Ok(breaches) => {
                added_up_at = Instant::now();
                tell(&inner, &breaches);
            }
            Err(error) => not_added_up(&inner, &error, added_up_at),
        }
    }
}

impl Auditor {
    /// All that does not add up: what is seen now, and what the last whole look saw that this one does not look at.
    async fn look(&mut self, inner: &Inner) -> Result<Vec<Breach>, StoreError> {
        let end_by = if self.started_at.elapsed() < SLACK { Timestamp::EPOCH } else { end_by(inner) };
        let running = inner.store.running_trial(&mut self.sums, end_by).await?;
        if Instant::now() >= self.whole_at {
            let whole = inner.store.trial(end_by).await?;
            self.whole = check(&only_whole(whole, &running));
            // What is wrong is looked at again soon: somebody is mending it.
            let pause = if self.whole.is_empty() { inner.settings.audit_whole_interval } else { MENDED_WITHIN };
            self.whole_at = Instant::now() + pause.min(inner.settings.audit_whole_interval);
        }
        let mut breaches = check(&running);
        breaches.extend(self.whole.iter().filter(|breach| !breaches.contains(breach)).copied().collect::<Vec<_>>());
        Ok(breaches)
    }
}

/// Of everything added up anew what the running sums do not have. A limit that was lowered excuses what its wallet was below it: only
/// those know.
fn only_whole(whole: Trial, running: &Trial) -> Trial {
    let wallets = whole.wallets.into_iter().map(|wallet| TrialWallet { excused_micros: None, ..wallet });
    let is_new = |hold: &TrialHold| !running.holds.contains(hold);
    let holds = whole.holds.into_iter().filter(is_new).collect();
    Trial { wallets: wallets.collect(), holds, balances: Vec::new(), overdue_charges: Vec::new(), ..whole }
}

/// What had its time before this must have ended.
fn end_by(inner: &Inner) -> Timestamp {
    inner.clock.now().saturating_sub(inner.settings.receipt_grace + SLACK)
}

fn tell(inner: &Inner, breaches: &[Breach]) {
    inner.metrics.audited(breaches.len());
    let Some(first) = breaches.first() else {
        return inner.alerts.clear(AlertKind::LedgerBreach, SUBJECT, "everything adds up again");
    };
    breaches.iter().take(LOGGED_MAX).for_each(log);
    let text = format!("{} sums are wrong; the first: {first}", breaches.len());
    inner.alerts.holds(AlertKind::LedgerBreach, SUBJECT, text);
}

/// Sums that cannot be made are no good sums, unless there is nobody to make them, for some time.
fn not_added_up(inner: &Inner, error: &StoreError, added_up_at: Instant) {
    tracing::error!(%error, "the ledger was not added up");
    if !matches!(error, StoreError::Unavailable(_))
        || added_up_at.elapsed() > SLACK.max(inner.settings.audit_interval * 2)
    {
        inner.alerts.holds(AlertKind::LedgerBreach, SUBJECT, format!("it cannot be added up: {error}"));
    }
}

fn log(breach: &Breach) {
    tracing::error!(%breach, "the ledger does not add up");
}
