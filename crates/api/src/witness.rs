//! What the door saw of a call, for the outermost layer: who called and from where, and what is left of the limits that apply.
//!
//! The layer puts a [`Witness`] into the request, the door notes in it what it finds out, and when the answer is made the layer writes
//! the headers and keeps what belongs into the audit log, before anybody is answered.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sambac_domain::AccountId;
use sambac_engine::audit::Event;
use sambac_engine::rate::{LimitLeft, LimitsLeft};
use sambac_engine::{Caller, Engine};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A place for what is seen.
#[derive(Clone, Default)]
pub(crate) struct Witness(Arc<Notes>);

#[derive(Default)]
struct Notes {
    who: OnceLock<Who>,
    left: OnceLock<LimitsLeft>,
}

/// Who calls.
struct Who {
    engine: Engine,
    kind: Kind,
    actor: String,
    account: Option<AccountId>,
    address: Option<IpAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Client,
    Administrator,
}

/// Calls of clients that are traffic: what they do is told by messages, charges and records.
const TRAFFIC: [&str; 3] = ["/v1/sms", "/v1/batches", "/v1/otp"];
/// The same for services.
const CHARGES: &str = "/charges";
/// What administrators read that leaves the platform, or shows persons' numbers.
const EXPORTS: [&str; 4] = ["/cdr", "/ledger/statement", "/v1/admin/audit", "/v1/admin/configuration"];

impl Witness {
    /// That of a request.
    fn of(parts: &Parts) -> Option<&Notes> {
        parts.extensions.get::<Self>().map(|witness| &*witness.0)
    }

    /// A client calls, for something that is not traffic.
    pub(crate) fn saw_client(parts: &Parts, engine: &Engine, caller: &Caller, address: Option<IpAddr>) {
        if parts.method == Method::GET || is_traffic(parts.uri.path()) {
            return;
        }
        let who = || Who {
            engine: engine.clone(),
            kind: Kind::Client,
            actor: caller.actor(),
            account: Some(caller.account_id),
            address,
        };
        if let Some(notes) = Self::of(parts) {
            notes.who.get_or_init(who);
        }
    }

    /// An administrator calls.
    pub(crate) fn saw_administrator(parts: &Parts, engine: &Engine, actor: String, address: Option<IpAddr>) {
        if let Some(notes) = Self::of(parts) {
            let (engine, kind) = (engine.clone(), Kind::Administrator);
            notes.who.get_or_init(|| Who { engine, kind, actor, account: None, address });
        }
    }

    /// So much is left of the limits.
    pub(crate) fn saw_limits(parts: &Parts, left: LimitsLeft) {
        if let Some(witness) = parts.extensions.get::<Self>() {
            witness.note_limits(left);
        }
    }

    /// The same, for who has the witness itself.
    pub(crate) fn note_limits(&self, left: LimitsLeft) {
        if !left.is_empty() {
            self.0.left.get_or_init(|| left);
        }
    }

    /// Writes the headers of the limits.
    pub(crate) fn tell_limits(&self, headers: &mut HeaderMap) {
        let Some(left) = self.0.left.get() else { return };
        let list = |one: fn(&LimitLeft) -> String| left.iter().map(one).collect::<Vec<_>>().join(", ");
        let policy = list(|one| {
            let (count, period_s) = (one.throughput.count(), one.throughput.period_s());
            format!("\"{}\";q={count};w={period_s}", one.name)
        });
        let now = list(|one| format!("\"{}\";r={};t={}", one.name, one.remaining, whole_s(one.full_in)));
        for (name, text) in [(RATELIMIT_POLICY, policy), (RATELIMIT, now)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }

    /// Keeps the call in the audit log, if it belongs there. `route` is its path without what is particular to it, `path` is the whole one.
    pub(crate) async fn keep(&self, method: &Method, route: &str, path: &str, status: StatusCode) {
        let Some(who) = self.0.who.get() else { return };
        let action = match (who.kind, method) {
            // What was refused for its form changed nothing, and could be repeated without end.
            (Kind::Client, _) if !status.is_success() && status != StatusCode::FORBIDDEN => return,
            (Kind::Client, _) => "client.call",
            (Kind::Administrator, &Method::GET) if EXPORTS.contains(&route) => "admin.export",
            (Kind::Administrator, &Method::GET) => return,
            (Kind::Administrator, _) if route.starts_with(CHARGES) => return,
            (Kind::Administrator, _) => "admin.call",
        };
        let event =
            Event::new(&who.actor, action, format!("{method} {}", shown(path))).of(who.account).from(who.address);
        who.engine.audit(event.with("status", status.as_u16())).await;
    }
}

/// Whether a path is of messages and codes.
pub(crate) fn is_traffic(path: &str) -> bool {
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    TRAFFIC.iter().any(|prefix| path.strip_prefix(prefix).is_some_and(is_below))
}

/// A path, with the ends of numbers in it masked.
fn shown(path: &str) -> String {
    let part = |part: &str| {
        let is_number = part.len() >= 7 && part.trim_start_matches('+').bytes().all(|octet| octet.is_ascii_digit());
        if is_number { format!("{}****", part.get(..part.len() - 4).unwrap_or_default()) } else { part.to_owned() }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Whole seconds, a begun one counted.
pub(crate) fn whole_s(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_paths_are_masked() {
        assert_eq!(shown("/v1/admin/catalogue/numbers/447700900123"), "/v1/admin/catalogue/numbers/44770090****");
        assert_eq!(shown("/v1/admin/keys/key_01h2xcejqtf2n"), "/v1/admin/keys/key_01h2xcejqtf2n");
    }

    #[test]
    fn a_begun_second_is_a_whole_one() {
        assert_eq!([0, 1, 1_000, 1_001].map(|ms| whole_s(Duration::from_millis(ms))), [0, 1, 1, 2]);
    }
}
