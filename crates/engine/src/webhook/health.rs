//! Whether a receiver takes anything at all: one that takes nothing for five days, or says that it is gone, is called no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sambac_domain::account_event::EventType;
use sambac_domain::id::WebhookId;
use sambac_domain::time::Timestamp;
use sambac_store::StoreError;
use sambac_store::rows::{WebhookRow, WebhookState};
use serde::Serialize;
use tokio::sync::oneshot;

use super::attempt::{Attempt, Outcome};
use super::endpoint::switch;
use crate::alert::AlertKind;
use crate::audit::Event as AuditEvent;
use crate::commit::Write;
use crate::{Engine, Inner};

/// A receiver that takes nothing for so long is given up.
const FAILING_MAX: Duration = Duration::from_secs(120 * 3_600);
/// One that takes something again within this was never in the database.
const KEPT_AFTER: Duration = Duration::from_secs(60);

/// Since when a receiver takes nothing.
#[derive(Default)]
pub(crate) struct Health(Mutex<Failing>);

#[derive(Clone, Copy, Default)]
struct Failing {
    since: Option<Timestamp>,
    /// Whether the database knows of it.
    is_kept: bool,
}

/// What is to be done about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Keep(Timestamp),
    Forget,
    Disable(&'static str),
}

impl Health {
    /// As an earlier process left it.
    pub(super) fn since(since: Option<Timestamp>) -> Self {
        Self(Mutex::new(Failing { since, is_kept: since.is_some() }))
    }

    /// Since when it takes nothing; `None` when it does, or was not told anything.
    pub(crate) fn failing_since(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).since
    }

    /// Takes note of an attempt, and disables a webhook whose receiver is gone.
    pub(super) async fn learn(&self, inner: &Arc<Inner>, webhook: &WebhookRow, attempt: &Attempt) {
        let done = match self.judge(attempt, inner.clock.now()) {
            Due::Nothing => return,
            Due::Keep(since) => inner.store.keep_webhook_failure(webhook.id, Some(since)).await,
            Due::Forget => inner.store.keep_webhook_failure(webhook.id, None).await,
            Due::Disable(reason) => disable(inner, webhook, reason).await,
        };
        if let Err(error) = done {
            // The next attempt finds it as it is.
            tracing::error!(%error, webhook = %webhook.id, "the state of a webhook was not kept");
        }
    }

    fn judge(&self, attempt: &Attempt, now: Timestamp) -> Due {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempt.is_taken() {
            let was_kept = std::mem::take(&mut *failing).is_kept;
            return if was_kept { Due::Forget } else { Due::Nothing };
        }
        let since = *failing.since.get_or_insert(attempt.began_at);
        if attempt.outcome == Outcome::Gone {
            return Due::Disable("gone");
        }
        match now.since(since) {
            long if long >= FAILING_MAX => Due::Disable("failing"),
            long if long >= KEPT_AFTER && !failing.is_kept => {
                failing.is_kept = true;
                Due::Keep(since)
            }
            _ => Due::Nothing,
        }
    }
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    webhook: String,
    url: &'a str,
    reason: &'static str,
}

/// Calls it no more, and tells everybody: its owner by the other webhooks and the streams, the operators by an alert, the audit log.
async fn disable(inner: &Arc<Inner>, webhook: &WebhookRow, reason: &'static str) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let mut work = inner.store.begin_configuration().await?;
    let row = work.webhook(webhook.account_id, webhook.id).await?;
    let Some(mut row) = row.filter(|row| row.state == WebhookState::Enabled) else { return Ok(()) };
    switch(&mut row, false, reason, now);
    work.upsert_webhook(&row).await?;
    let event = AuditEvent::new("platform", "webhook.disable", row.id.to_string()).of(row.account_id);
    work.append_audit(&[event.with("reason", reason).entry(now)]).await?;
    work.commit().await?;
    // When it is enabled again, it begins anew.
    inner.webhooks.forget(row.id);
    inner.store.keep_webhook_failure(row.id, None).await?;
    Engine(Arc::clone(inner)).reload().await;
    let why = match reason {
        "gone" => "its receiver says that it is gone (410)",
        _ => "its receiver has taken nothing for five days",
    };
    inner.alerts.raise(AlertKind::WebhookDisabled, &row.id.to_string(), format!("{}: {why}", row.account_id));
    let body = body(&row, reason, now);
    let (done, stored) = oneshot::channel();
    let tell = Write::Tell { account_id: row.account_id, kind: EventType::WebhookDisabled, body, done };
    if inner.write(tell).await {
        // The group commit always answers, or has ended.
        let _ = stored.await;
    }
    Ok(())
}

fn body(row: &WebhookRow, reason: &'static str, now: Timestamp) -> String {
    let data = Data { webhook: row.id.to_string(), url: &row.url, reason };
    let event = Event { kind: EventType::WebhookDisabled.as_str(), timestamp: now.rfc3339(), data };
    // A struct of texts always serialises.
    serde_json::to_string(&event).unwrap_or_default()
}

impl Engine {
    /// Since when a webhook's receiver takes nothing, as far as this process knows.
    pub fn webhook_failing_since(&self, id: WebhookId) -> Option<Timestamp> {
        self.0.webhooks.failing_since(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn attempt(outcome: Outcome, at: Timestamp) -> Attempt {
        Attempt { outcome, status: None, retry_after: None, began_at: at, took: Duration::ZERO }
    }

    /// Five days of failures and nothing else disable; anything that is taken begins them anew.
    #[test]
    fn five_days_of_failures_only_disable() {
        let health = Health::default();
        let judge = |outcome, hours: i64| {
            let at = Timestamp(hours * HOUR);
            health.judge(&attempt(outcome, at), at)
        };
        let failed = Outcome::Failed("time-out");
        assert_eq!(judge(failed, 1), Due::Nothing);
        assert_eq!(judge(failed, 2), Due::Keep(Timestamp(HOUR)));
        assert_eq!(judge(Outcome::Refused, 120), Due::Nothing, "119 hours");
        assert_eq!(judge(Outcome::Taken, 120), Due::Forget);
        assert_eq!((judge(Outcome::Slower, 121), health.failing_since()), (Due::Nothing, Some(Timestamp(121 * HOUR))));
        assert_eq!(judge(failed, 240), Due::Keep(Timestamp(121 * HOUR)));
        assert_eq!(judge(failed, 241), Due::Disable("failing"));
    }

    /// What an earlier process knew counts on.
    #[test]
    fn a_restart_forgets_no_failures() {
        let health = Health::since(Some(Timestamp(0)));
        let at = Timestamp(120 * HOUR);
        assert_eq!(health.judge(&attempt(Outcome::Refused, at), at), Due::Disable("failing"));
    }

    /// A receiver that is gone is not asked twice.
    #[test]
    fn a_receiver_that_is_gone_is_disabled_at_once() {
        assert_eq!(Health::default().judge(&attempt(Outcome::Gone, Timestamp(0)), Timestamp(0)), Due::Disable("gone"));
    }
}
