//! One attempt: an event is posted, signed, and what became of it.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use sambac_domain::time::Timestamp;
use sambac_store::Sealed;
use sambac_store::rows::WebhookRow;
use tokio::time::Instant;

use super::secret;
use crate::Inner;

/// A receiver may not ask to be left alone for longer.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(86_400);

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Taken,
    Refused,
    /// The receiver has too much to do.
    Slower,
    /// The receiver says that it is gone for good.
    Gone,
    Failed(&'static str),
}

/// One attempt that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    /// For how long the receiver wants to be left alone.
    pub(super) retry_after: Option<Duration>,
    pub(super) began_at: Timestamp,
    pub(super) took: Duration,
}

impl Outcome {
    /// As it is kept.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Slower => "slow down",
            Self::Gone => "gone",
            Self::Failed(why) => why,
        }
    }
}

impl Attempt {
    pub(super) fn is_taken(&self) -> bool {
        self.outcome == Outcome::Taken
    }

    pub(super) fn took_ms(&self) -> i64 {
        i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Posts an event to a webhook.
pub(super) async fn post(inner: &Inner, webhook: &WebhookRow, event_id: &str, body: String) -> Attempt {
    let (began_at, started) = (inner.clock.now(), Instant::now());
    let (outcome, status, retry_after) = answer(inner, webhook, began_at, event_id, body).await;
    Attempt { outcome, status, retry_after, began_at, took: started.elapsed() }
}

/// An attempt that was none: there is nothing to send.
pub(super) fn failed(inner: &Inner, why: &'static str) -> Attempt {
    let outcome = Outcome::Failed(why);
    Attempt { outcome, status: None, retry_after: None, began_at: inner.clock.now(), took: Duration::ZERO }
}

async fn answer(
    inner: &Inner,
    webhook: &WebhookRow,
    now: Timestamp,
    event_id: &str,
    body: String,
) -> (Outcome, Option<u16>, Option<Duration>) {
    let failed = |why| (Outcome::Failed(why), None, None);
    let Some(signature) = signatures(inner, webhook, now, event_id, &body) else {
        return failed("the event could not be signed");
    };
    #[cfg(debug_assertions)]
    if let Some(world) = &inner.settings.world {
        return match crate::simulated::post(world, (&webhook.url, event_id), body).await {
            Ok((status, headers)) => (outcome(status), Some(status.as_u16()), retry_after(&headers, now)),
            Err(why) => failed(why),
        };
    }
    let Some(request) = inner.webhook_client.post(&webhook.url) else { return failed("address not allowed") };
    let request = request
        .header("content-type", "application/json")
        .header("webhook-id", event_id)
        .header("webhook-timestamp", seconds(now).to_string())
        .header("webhook-signature", signature);
    match request.body(body).send().await {
        // The body of the answer is not read: it may have no end.
        Ok(response) => {
            let (status, after) = (response.status(), retry_after(response.headers(), now));
            (outcome(status), Some(status.as_u16()), after)
        }
        Err(error) if error.is_timeout() => failed("time-out"),
        Err(error) if error.is_connect() => failed("cannot connect"),
        Err(_) => failed("connection broke"),
    }
}

fn outcome(status: StatusCode) -> Outcome {
    match status {
        status if status.is_success() => Outcome::Taken,
        StatusCode::GONE => Outcome::Gone,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Outcome::Slower,
        _ => Outcome::Refused,
    }
}

/// `Retry-After`, as seconds or as a moment.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            let now = Duration::from_micros(u64::try_from(now.0).ok()?);
            at.saturating_sub(now)
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// The signatures of the secret of now, and of the one before while that lives.
fn signatures(inner: &Inner, webhook: &WebhookRow, now: Timestamp, event_id: &str, body: &str) -> Option<String> {
    let sign = |sealed: &Sealed<String>| {
        let secret = inner.settings.seal.open_text(webhook.id.raw(), &sealed.0);
        secret::sign(&secret.ok()?, event_id, seconds(now), body)
    };
    let former = webhook.former_secret_sealed.as_ref().filter(|_| webhook.former_until.is_some_and(|end| now < end));
    let signature = sign(&webhook.secret_sealed)?;
    Some(match former.and_then(sign) {
        Some(former) => format!("{signature} {former}"),
        None => signature,
    })
}

const fn seconds(at: Timestamp) -> i64 {
    at.0 / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver may say in seconds or by a date when it wants to hear of us, and for a day at most.
    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        let now = Timestamp(1_800_000_000_000_000);
        let after = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().expect("a value"))]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(after("120"), Some(120));
        assert_eq!(after("Fri, 15 Jan 2027 08:02:00 GMT"), Some(120));
        assert_eq!(after("Fri, 15 Jan 2027 07:00:00 GMT"), Some(0), "it is past");
        assert_eq!(after("999999999"), Some(86_400));
        for odd in ["", "-5", "soon", "1.5"] {
            assert_eq!(after(odd), None, "{odd}");
        }
    }

    /// What a receiver that has too much to do answers slows it down; a redirect is a refusal.
    #[test]
    fn statuses_are_told_apart() {
        let outcomes = [200, 204, 299, 301, 400, 410, 429, 500, 502, 503, 504].map(|status| {
            let status = StatusCode::from_u16(status).expect("a status");
            outcome(status).as_str()
        });
        let (t, r, s) = ("taken", "refused", "slow down");
        assert_eq!(outcomes, [t, t, t, r, r, "gone", s, r, s, s, s]);
    }
}
