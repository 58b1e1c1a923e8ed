//! Who did what: the audit log of administrative and security events.
//!
//! What changes the configuration or a key is kept in the same transaction ([`Event::entry`]); what has happened is kept before its
//! answer is given ([`Engine::audit`]); refusals, which outsiders can cause in any number, are counted and kept once a minute
//! ([`Refused`]). The head of the log is signed and sent elsewhere ([`head`]), so that an end that was cut off is noticed.
//!
//! Entries name things by id, path or name. Secrets, texts and whole numbers are never in one.

pub mod head;
mod refused;
mod sign;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::{AccountId, Timestamp};
use sambac_store::audit::NewAudit;
use serde_json::{Map, Value};

pub(crate) use refused::Refusals;
pub use refused::Refused;
pub use sign::{HeadKey, NoHeadKey, NotSigned, SignedHead};

use crate::alert::AlertKind;
use crate::{Engine, Inner};

/// Characters of a subject that are kept.
const SUBJECT_CHARS_MAX: usize = 300;

/// Something that has happened.
#[derive(Clone, Debug)]
pub struct Event {
    actor: String,
    action: &'static str,
    subject: String,
    account: Option<AccountId>,
    address: Option<IpAddr>,
    detail: Map<String, Value>,
}

impl Event {
    /// `actor` did `action` to `subject`.
    pub fn new(actor: impl Into<String>, action: &'static str, subject: impl Into<String>) -> Self {
        let subject: String = subject.into();
        let subject = subject.chars().take(SUBJECT_CHARS_MAX).collect();
        Self { actor: actor.into(), action, subject, account: None, address: None, detail: Map::new() }
    }

    /// It concerns this account, which may read of it.
    #[must_use]
    pub fn of(mut self, account: impl Into<Option<AccountId>>) -> Self {
        self.account = account.into();
        self
    }

    /// It came from there.
    #[must_use]
    pub fn from(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// What is particular to it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// As it is kept.
    pub fn entry(self, at: Timestamp) -> NewAudit {
        let Self { actor, action, subject, account, address, detail } = self;
        NewAudit {
            at,
            actor,
            action: action.to_owned(),
            subject,
            account_id: account,
            address: address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
            detail: Value::Object(detail).to_string(),
        }
    }
}

impl Engine {
    /// Keeps an event: durable when this returns. One that cannot be kept is told of in an alert.
    pub async fn audit(&self, event: Event) {
        keep(&self.0, &[event.entry(self.0.clock.now())]).await;
    }

    /// Counts a refusal; it is kept within a minute.
    pub fn audit_refusal(&self, refused: Refused) {
        self.0.refusals.count(refused);
    }
}

async fn keep(inner: &Inner, entries: &[NewAudit]) {
    match inner.store.append_audit(entries).await {
        Ok(_) => inner.alerts.clear(AlertKind::AuditLog, SUBJECT, "entries are kept again"),
        Err(error) => {
            let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
            let text = format!("{} could not be kept: {error}", actions.join(", "));
            inner.alerts.raise(AlertKind::AuditLog, SUBJECT, &text);
        }
    }
}

/// What alerts about the log are of.
const SUBJECT: &str = "audit log";

/// Keeps refusals each minute and sends heads; at the end both a last time, in this order.
pub(crate) async fn run(inner: Arc<Inner>) {
    keep(&inner, &[platform("platform.start", &inner)]).await;
    let mut sender = head::Sender::new(&inner);
    let (mut refusals, mut heads) = (interval(refused::INTERVAL), interval(head::INTERVAL));
    loop {
        tokio::select! {
            _ = refusals.tick() => keep_refusals(&inner).await,
            _ = heads.tick() => sender.send(&inner).await,
            () = inner.stopping.cancelled() => break,
        }
    }
    keep_refusals(&inner).await;
    keep(&inner, &[platform("platform.stop", &inner)]).await;
    sender.send(&inner).await;
}

fn platform(action: &'static str, inner: &Inner) -> NewAudit {
    Event::new("platform", action, env!("CARGO_PKG_VERSION")).with("node", inner.settings.node).entry(inner.clock.now())
}

async fn keep_refusals(inner: &Inner) {
    let entries = inner.refusals.drain(inner.clock.now());
    if !entries.is_empty() {
        keep(inner, &entries).await;
    }
}

fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}
