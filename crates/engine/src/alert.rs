//! What a person must know of, and how often it happened: a bounded list in memory, a log line when something new opens, and a
//! count of what is open in the metrics.
//!
//! ```text
//! inner.alerts.raise(AlertKind::ConnectorCredentials, "alpha", "0x0E: the password is wrong");
//! inner.alerts.clear(AlertKind::ConnectorCredentials, "alpha", "bound");
//! ```

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sambac_domain::time::Timestamp;

use crate::Engine;
use crate::clock::Clock;

/// Alerts that are kept, open or cleared.
const ALERTS_MAX: usize = 1_000;
/// Characters of a text that are kept.
const TEXT_CHARS_MAX: usize = 500;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal,)+) => {
        /// What an alert is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AlertKind { $($(#[doc = $doc])+ $name,)+ }

        impl AlertKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As it is written outside.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

kinds! {
    /// Messages were sent and not answered, and nobody knows whether they arrived. The subject is `messages`.
    SubmitUnknown "submit_unknown",
    /// An operator refused our system_id or password: trying again locks us out. The subject is the connector.
    ConnectorCredentials "connector_credentials",
    /// A connector cannot bind as it is set up: a password too long, a file that is missing. The subject is the connector.
    ConnectorSetup "connector_setup",
    /// An operator refused segments with a status that its error map wants a person to know of. The subject is the connector.
    ConnectorRefusal "connector_refusal",
    /// The error map stopped a connector. The subject is the connector.
    ConnectorStopped "connector_stopped",
    /// Receipts match nothing, and a rule for ids would make them: see the connector's proposals. The subject is the connector.
    ReceiptIds "receipt_ids",
    /// An operator's receipts tell states that are in no table. The subject is the connector.
    ReceiptState "receipt_state",
    /// An operator is to be asked what became of messages, and does not answer `query_sm`: it is not asked any more until the
    /// connector's settings change. The subject is the connector.
    ConnectorQuery "connector_query",
    /// An operator's certificate ends soon, or has ended. The subject is the connector.
    ConnectorCertificate "connector_certificate",
    /// Many binds of clients fail: somebody guesses passwords. The subject is the listener.
    SmppAttack "smpp_attack",
    /// The files of a TLS listener cannot be used as they are now; it goes on with those of before. The subject is the listener.
    SmppCertificate "smpp_certificate",
    /// Messages from handsets that no route takes: they are kept. The subject is the connector by which they came.
    MoUnrouted "mo_unrouted",
    /// Messages from handsets that none of their targets has taken. The subject is the target that had them last.
    MoUndelivered "mo_undelivered",
}

/// One thing to know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// What it is of: a connector's name, an account's …
    pub subject: String,
    /// What happened, the last time; never a secret, a number or a message's text.
    pub text: String,
    /// When it was raised the first time since it was last cleared.
    pub first_at: Timestamp,
    /// When it was raised the last time.
    pub last_at: Timestamp,
    /// How often it was raised since it was last cleared.
    pub count: u64,
    /// When it was cleared; `None` while it is open.
    pub cleared_at: Option<Timestamp>,
}

impl Alert {
    /// Whether nobody has mended it yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.cleared_at.is_none()
    }
}

/// The list. Raising what is open already costs a look-up and no log line.
#[derive(Debug)]
pub(crate) struct Alerts {
    clock: Clock,
    list: Mutex<HashMap<(AlertKind, String), Alert>>,
}

impl Alerts {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, list: Mutex::default() }
    }

    /// Opens an alert, or counts one that is open.
    pub(crate) fn raise(&self, kind: AlertKind, subject: &str, text: impl Into<String>) {
        let (now, text) = (self.clock.now(), cut(text.into()));
        let mut list = self.list();
        match list.get_mut(&(kind, subject.to_owned())) {
            Some(alert) if alert.is_open() => {
                alert.count = alert.count.saturating_add(1);
                (alert.last_at, alert.text) = (now, text);
            }
            _ => {
                tracing::error!(alert = kind.as_str(), subject, text, "alert");
                make_room(&mut list);
                let alert = Alert {
                    kind,
                    subject: subject.to_owned(),
                    text,
                    first_at: now,
                    last_at: now,
                    count: 1,
                    cleared_at: None,
                };
                list.insert((kind, subject.to_owned()), alert);
            }
        }
    }

    /// Closes an alert, if it is open; `why` is for the log.
    pub(crate) fn clear(&self, kind: AlertKind, subject: &str, why: &str) {
        let mut list = self.list();
        if let Some(alert) = list.get_mut(&(kind, subject.to_owned()))
            && alert.is_open()
        {
            alert.cleared_at = Some(self.clock.now());
            tracing::info!(alert = kind.as_str(), subject, why, "alert cleared");
        }
    }

    /// All of them: the open ones first, then by their last time, the latest first.
    pub(crate) fn list_all(&self) -> Vec<Alert> {
        let mut all: Vec<_> = self.list().values().cloned().collect();
        all.sort_by_key(|alert| {
            (alert.cleared_at, std::cmp::Reverse(alert.last_at), alert.kind, alert.subject.clone())
        });
        all
    }

    /// How many of a kind are open.
    pub(crate) fn open(&self, kind: AlertKind) -> usize {
        self.list().values().filter(|alert| alert.kind == kind && alert.is_open()).count()
    }

    fn list(&self) -> MutexGuard<'_, HashMap<(AlertKind, String), Alert>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cleared ones give way first, then those that have been silent longest.
fn make_room(list: &mut HashMap<(AlertKind, String), Alert>) {
    if list.len() < ALERTS_MAX {
        return;
    }
    let least = list.iter().min_by_key(|(_, alert)| (alert.is_open(), alert.last_at));
    if let Some(key) = least.map(|(key, _)| key.clone()) {
        list.remove(&key);
    }
}

fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(at);
    }
    text
}

impl Engine {
    /// What a person must know of: the open ones first, the latest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.0.alerts.list_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: AlertKind = AlertKind::ConnectorCredentials;

    fn alerts() -> (Clock, Alerts) {
        let clock = Clock::mock(Timestamp(1_000));
        (clock.clone(), Alerts::new(clock))
    }

    #[test]
    fn what_is_raised_again_is_counted_and_not_listed_twice() {
        let (clock, alerts) = alerts();
        alerts.raise(KIND, "alpha", "0x0E");
        clock.advance_micros(5);
        alerts.raise(KIND, "alpha", "0x0F");
        alerts.raise(AlertKind::ConnectorSetup, "alpha", "no such file");
        alerts.raise(KIND, "beta", "0x0E");
        let all = alerts.list_all();
        let alpha = all.iter().find(|alert| alert.kind == KIND && alert.subject == "alpha").unwrap();
        assert_eq!((all.len(), alpha.count, alpha.text.as_str()), (3, 2, "0x0F"));
        assert_eq!((alpha.first_at, alpha.last_at), (Timestamp(1_000), Timestamp(1_005)));
        assert_eq!((alerts.open(KIND), alerts.open(AlertKind::ConnectorSetup)), (2, 1));
    }

    #[test]
    fn what_was_cleared_opens_anew() {
        let (clock, alerts) = alerts();
        alerts.raise(KIND, "alpha", "0x0E");
        alerts.clear(KIND, "alpha", "bound");
        alerts.clear(KIND, "nobody", "bound");
        assert_eq!(alerts.open(KIND), 0);
        assert_eq!(alerts.list_all()[0].cleared_at, Some(Timestamp(1_000)));
        clock.advance_micros(1);
        alerts.raise(KIND, "alpha", "0x0E");
        let all = alerts.list_all();
        assert_eq!((all.len(), all[0].count, all[0].first_at, all[0].is_open()), (1, 1, Timestamp(1_001), true));
    }

    #[test]
    fn the_list_is_bounded_and_cleared_ones_give_way_first() {
        let (clock, alerts) = alerts();
        alerts.raise(KIND, "kept", "the oldest, and open");
        alerts.raise(KIND, "cleared", "younger, and cleared");
        alerts.clear(KIND, "cleared", "mended");
        for number in 0..ALERTS_MAX - 1 {
            clock.advance_micros(1);
            alerts.raise(KIND, &number.to_string(), "x".repeat(2 * TEXT_CHARS_MAX));
        }
        let all = alerts.list_all();
        assert_eq!((all.len(), all[0].text.len()), (ALERTS_MAX, TEXT_CHARS_MAX));
        assert!(all.iter().any(|alert| alert.subject == "kept") && all.iter().all(Alert::is_open));
    }
}
