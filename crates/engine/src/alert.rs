//! What a person must know of, and how often it happened: a bounded list, kept in the database, a log line when something new
//! opens, and a count of what is open in the metrics.
//!
//! Most alerts tell of a condition, and are cleared when it is gone. Some tell of something that has happened: they are cleared
//! when a person has acknowledged them.
//!
//! ```text
//! inner.alerts.raise(AlertKind::ConnectorCredentials, "alpha", "0x0E: the password is wrong");
//! inner.alerts.clear(AlertKind::ConnectorCredentials, "alpha", "bound");
//! ```

mod binds;
mod keeper;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sambac_domain::error::ErrorCode;
use sambac_domain::time::Timestamp;
use sambac_store::rows::AlertRow;
use tokio::sync::Notify;

use crate::Engine;
use crate::admin::refusal;
use crate::clock::Clock;
use crate::refusal::Refusal;

pub(crate) use keeper::run;

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

            /// Of which this is the word outside; `None` for a word of another program.
            fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }

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
    /// A connector that is to run has had no bind for a minute. The subject is the connector.
    ConnectorDown "connector_down",
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
    /// Binds of clients fail, or connections are turned away: many in seconds, or more within an hour than a mistake explains.
    /// Somebody guesses passwords, or a client has a wrong one. The subject is the listener.
    SmppAttack "smpp_attack",
    /// The files of a TLS listener cannot be used as they are now; it goes on with those of before. The subject is the listener.
    SmppCertificate "smpp_certificate",
    /// Money does not add up: the subject is `ledger`. Or a row of it was changed by who has not the key, and nothing is done with
    /// it: the subject is its table and number.
    LedgerBreach "ledger_breach",
    /// Another process writes the ledger: this one has stopped. The subject is `ledger`.
    LedgerFenced "ledger_fenced",
    /// The system's clock was set, and the platform goes on by its own. The subject is `clock`.
    ClockSet "clock_set",
    /// Something that belongs into the audit log could not be kept. The subject is `audit log`.
    AuditLog "audit_log",
    /// The head of the audit log could not be sent where it is kept. The subject is `audit log`.
    AuditHead "audit_head",
    /// Days of CDRs could not be moved between table and files. The subject is `cdr`.
    CdrArchive "cdr_archive",
    /// Numbers that are to be erased could not be. The subject is `erasures`.
    Erasure "erasure",
    /// Messages, charges, postings and CDRs, or an operator's statement, differ, and nobody has said why. The subject is
    /// `reconciliation`.
    ReconcileBreak "reconcile_break",
    /// An account's wallet has as little as its limits say, or less. The subject is the account.
    LowBalance "low_balance",
    /// An account's tariff has no price sheet for now: nothing can be sent. The subject is the account.
    NoPrices "no_prices",
    /// An account was suspended because it owes for longer than its limits allow. The subject is the account.
    AccountSuspended "account_suspended",
    /// The guard of one-time codes holds something against many: somebody may be pumping. The subject is the account.
    OtpPumping "otp_pumping",
    /// What became of a payment could not be found out in time. The subject is the payment.
    PaymentUnknown "payment_unknown",
    /// A provider tells of another payment than ours, or money has come that cannot be credited. The subject is the payment.
    PaymentMismatch "payment_mismatch",
    /// Consumers outside are not told of billing events: the broker is away. The subject is `events`.
    EventsUnsent "events_unsent",
    /// The broker by which work goes to other nodes is away, or takes nothing. The subject is `work`.
    WorkBroker "work_broker",
    /// Something in a queue of work could be worked on by nobody, and was put aside. The subject is the queue.
    WorkPutAside "work_put_aside",
    /// Redis is away: each node lets pass its part of the limits that they share. The subject is `redis`.
    SharedLimits "shared_limits",
    /// A webhook is called no more: its receiver is gone, or took nothing for five days. The subject is the webhook.
    WebhookDisabled "webhook_disabled",
    /// Messages from handsets that no route takes: they are kept. The subject is the connector by which they came.
    MoUnrouted "mo_unrouted",
    /// The program broke on a message, or on what came in from outside: after the second time it is put aside. The subject is its id,
    /// or a number that the log has.
    Breakage "breakage",
    /// Messages from handsets that none of their targets has taken. The subject is the target that had them last.
    MoUndelivered "mo_undelivered",
}

impl AlertKind {
    /// Whether it tells of something that has happened, which nothing but a person's acknowledgement ends.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(
            self,
            Self::ConnectorRefusal
                | Self::WorkPutAside
                | Self::ReceiptIds
                | Self::ReceiptState
                | Self::OtpPumping
                | Self::PaymentUnknown
                | Self::PaymentMismatch
                | Self::WebhookDisabled
                | Self::Breakage
                | Self::MoUnrouted
                | Self::MoUndelivered
        )
    }

    /// Whether it is closed by a person's acknowledgement. A changed row is met again only when somebody asks for it.
    fn ends_when_acknowledged(self, subject: &str) -> bool {
        self.is_event() || (self == Self::LedgerBreach && subject != crate::ledger::SUBJECT)
    }

    /// Whether its subject is a connector, without which it means nothing.
    const fn is_of_connector(self) -> bool {
        matches!(
            self,
            Self::ConnectorCredentials
                | Self::ConnectorSetup
                | Self::ConnectorDown
                | Self::ConnectorRefusal
                | Self::ConnectorStopped
                | Self::ConnectorCertificate
                | Self::ReceiptIds
                | Self::ReceiptState
        )
    }
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
    /// Who has acknowledged it since it was opened, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// When it was cleared; `None` while it is open.
    pub cleared_at: Option<Timestamp>,
}

impl Alert {
    /// Whether nobody has mended it yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.cleared_at.is_none()
    }

    fn key(&self) -> Key {
        (self.kind, self.subject.clone())
    }
}

/// What an alert is known by.
type Key = (AlertKind, String);

/// The list. Raising what is open already costs a look-up and no log line.
#[derive(Debug)]
pub(crate) struct Alerts {
    clock: Clock,
    book: Mutex<Book>,
    /// Something is to be stored soon.
    changed: Notify,
    /// Held while alerts are stored.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Book {
    list: HashMap<Key, Alert>,
    /// Changed since they were last stored.
    unsaved: HashSet<Key>,
    /// No longer in the list, and still stored.
    gone: HashSet<Key>,
}

impl Alerts {
    /// With what was kept by the process before.
    pub(crate) fn restored(clock: Clock, rows: Vec<AlertRow>) -> Self {
        let list: HashMap<Key, Alert> =
            rows.into_iter().filter_map(Alert::restored).map(|alert| (alert.key(), alert)).collect();
        let open = list.values().filter(|alert| alert.is_open()).count();
        if open > 0 {
            tracing::warn!(open, "alerts are open since before this start");
        }
        let book = Mutex::new(Book { list, ..Book::default() });
        Self { clock, book, changed: Notify::new(), writing: tokio::sync::Mutex::default() }
    }

    /// Opens an alert, or counts one that is open: it has happened, or has happened again.
    pub(crate) fn raise(&self, kind: AlertKind, subject: &str, text: impl Into<String>) {
        self.tell(kind, subject, cut(text.into()), 1);
    }

    /// Opens an alert, if it is not open: it was looked at, and is so, as it was before. Nothing is counted; the text is the new
    /// one.
    pub(crate) fn holds(&self, kind: AlertKind, subject: &str, text: impl Into<String>) {
        self.tell(kind, subject, cut(text.into()), 0);
    }

    fn tell(&self, kind: AlertKind, subject: &str, text: String, times: u64) {
        let (now, key) = (self.clock.now(), (kind, subject.to_owned()));
        let mut book = self.book();
        let Book { list, unsaved, .. } = &mut *book;
        match list.get_mut(&key) {
            Some(alert) if alert.is_open() => {
                if times > 0 {
                    (alert.last_at, alert.count) = (now, alert.count.saturating_add(times));
                }
                if times > 0 || alert.text != text {
                    alert.text = text;
                    unsaved.insert(key);
                }
            }
            _ => {
                tracing::error!(alert = kind.as_str(), subject, text, "alert");
                unsaved.insert(key.clone());
                book.make_room();
                let alert = Alert {
                    kind,
                    subject: subject.to_owned(),
                    text,
                    first_at: now,
                    last_at: now,
                    count: times.max(1),
                    acknowledged: None,
                    cleared_at: None,
                };
                book.list.insert(key, alert);
                self.changed.notify_one();
            }
        }
    }

    /// Closes an alert, if it is open; `why` is for the log.
    pub(crate) fn clear(&self, kind: AlertKind, subject: &str, why: &str) {
        let is_open = self.book().list.get(&(kind, subject.to_owned())).is_some_and(Alert::is_open);
        if is_open {
            self.clear_where(|alert| alert.kind == kind && alert.subject == subject, why);
        }
    }

    /// Closes the open alerts of a kind, whatever they are of.
    pub(crate) fn clear_kind(&self, kind: AlertKind, why: &str) {
        self.clear_where(|alert| alert.kind == kind, why);
    }

    /// Closes what is open about connectors that are not used any more.
    pub(crate) fn keep_connectors(&self, is_used: impl Fn(&str) -> bool) {
        let is_moot = |alert: &Alert| alert.kind.is_of_connector() && !is_used(&alert.subject);
        self.clear_where(is_moot, "the connector is not used any more");
    }

    fn clear_where(&self, is_meant: impl Fn(&Alert) -> bool, why: &str) {
        let mut book = self.book();
        let Book { list, unsaved, .. } = &mut *book;
        for alert in list.values_mut().filter(|alert| alert.is_open() && is_meant(alert)) {
            alert.cleared_at = Some(self.clock.now());
            tracing::info!(alert = alert.kind.as_str(), subject = alert.subject, why, "alert cleared");
            unsaved.insert(alert.key());
            self.changed.notify_one();
        }
    }

    /// A person has taken note; `None` when no such alert is open. What tells of something that has happened is cleared by it.
    fn acknowledge(&self, kind: AlertKind, subject: &str, by: &str) -> Option<Alert> {
        let (now, key) = (self.clock.now(), (kind, subject.to_owned()));
        let mut book = self.book();
        let alert = book.list.get_mut(&key).filter(|alert| alert.is_open())?;
        alert.acknowledged.get_or_insert_with(|| (by.to_owned(), now));
        alert.cleared_at = kind.ends_when_acknowledged(subject).then_some(now);
        let alert = alert.clone();
        tracing::info!(alert = kind.as_str(), subject, by, "alert acknowledged");
        book.unsaved.insert(key);
        Some(alert)
    }

    /// What is to be stored, and what is to be removed.
    fn take_unsaved(&self) -> (Vec<Alert>, HashSet<Key>) {
        let mut book = self.book();
        let unsaved = std::mem::take(&mut book.unsaved);
        let gone = std::mem::take(&mut book.gone);
        (unsaved.iter().filter_map(|key| book.list.get(key).cloned()).collect(), gone)
    }

    /// It was not stored.
    fn put_back_unsaved(&self, unsaved: &[Alert], gone: HashSet<Key>) {
        let mut book = self.book();
        book.unsaved.extend(unsaved.iter().map(Alert::key));
        book.gone.extend(gone);
    }

    /// All of them: the open ones first, then by their last time, the latest first.
    pub(crate) fn list_all(&self) -> Vec<Alert> {
        let mut all: Vec<_> = self.book().list.values().cloned().collect();
        all.sort_by_key(|alert| {
            (alert.cleared_at, std::cmp::Reverse(alert.last_at), alert.kind, alert.subject.clone())
        });
        all
    }

    /// How many of a kind are open.
    pub(crate) fn open(&self, kind: AlertKind) -> usize {
        self.book().list.values().filter(|alert| alert.kind == kind && alert.is_open()).count()
    }

    /// What the open ones of a kind are of.
    pub(crate) fn open_subjects(&self, kind: AlertKind) -> HashSet<String> {
        let book = self.book();
        let open = book.list.values().filter(|alert| alert.kind == kind && alert.is_open());
        open.map(|alert| alert.subject.clone()).collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Cleared ones give way first, then those that have been silent longest.
    fn make_room(&mut self) {
        if self.list.len() < ALERTS_MAX {
            return;
        }
        let least = self.list.values().min_by_key(|alert| (alert.is_open(), alert.last_at));
        if let Some(key) = least.map(Alert::key) {
            self.list.remove(&key);
            self.gone.insert(key);
        }
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

    /// A person has taken note of an open alert: it is stored who and when. One that tells of something that has happened is
    /// closed by it; one that tells of a condition stays open until that is gone.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] when no such alert is open; or the database does not answer.
    pub async fn acknowledge_alert(&self, kind: &str, subject: &str, by: &str) -> Result<Alert, Refusal> {
        let kind = AlertKind::named(kind);
        let alert = kind.and_then(|kind| self.0.alerts.acknowledge(kind, subject, by)).ok_or(ErrorCode::NotFound)?;
        keeper::write(&self.0).await.map_err(|error| refusal::store(&error))?;
        Ok(alert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: AlertKind = AlertKind::ConnectorCredentials;

    fn alerts() -> (Clock, Alerts) {
        let clock = Clock::mock(Timestamp(1_000));
        (clock.clone(), Alerts::restored(clock, Vec::new()))
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

    /// Looking again finds nothing new: neither the count nor the time moves, and nothing is stored for it.
    #[test]
    fn what_still_holds_is_not_counted() {
        let (clock, alerts) = alerts();
        let kind = AlertKind::SubmitUnknown;
        alerts.holds(kind, "messages", "1 segment");
        alerts.take_unsaved();
        clock.advance_micros(5);
        alerts.holds(kind, "messages", "1 segment");
        assert!(alerts.take_unsaved().0.is_empty());
        alerts.holds(kind, "messages", "2 segments");
        let all = alerts.list_all();
        assert_eq!((all.len(), all[0].count, all[0].text.as_str()), (1, 1, "2 segments"));
        assert_eq!((all[0].last_at, alerts.take_unsaved().0.len()), (Timestamp(1_000), 1));
        alerts.raise(kind, "messages", "2 segments");
        assert_eq!((alerts.list_all()[0].count, alerts.list_all()[0].last_at), (2, Timestamp(1_005)));
        alerts.clear(kind, "messages", "answered");
        alerts.holds(kind, "messages", "1 segment");
        assert_eq!((alerts.open(kind), alerts.list_all()[0].count), (1, 1), "it opens anew");
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
    fn a_condition_stays_open_when_it_is_acknowledged_and_an_event_does_not() {
        let (_, alerts) = alerts();
        alerts.raise(KIND, "alpha", "0x0E");
        alerts.raise(AlertKind::MoUnrouted, "alpha", "no route");
        let known = |kind| alerts.acknowledge(kind, "alpha", "alice").map(|alert| alert.is_open());
        assert_eq!((known(KIND), known(AlertKind::MoUnrouted)), (Some(true), Some(false)));
        assert_eq!(known(AlertKind::MoUnrouted), None, "it is not open any more");
        alerts.clear(KIND, "alpha", "bound");
        alerts.raise(KIND, "alpha", "0x0E");
        assert!(alerts.list_all().iter().all(|alert| alert.kind != KIND || alert.acknowledged.is_none()), "a new one");
    }

    #[test]
    fn what_is_kept_is_restored_and_what_gives_way_is_removed() {
        let (clock, alerts) = alerts();
        alerts.raise(KIND, "alpha", "0x0E");
        alerts.acknowledge(KIND, "alpha", "alice");
        let (unsaved, gone) = alerts.take_unsaved();
        assert!(gone.is_empty() && alerts.take_unsaved().0.is_empty());
        let again = Alerts::restored(clock.clone(), unsaved.iter().map(AlertRow::from).collect());
        assert_eq!(again.list_all(), alerts.list_all());
        again.keep_connectors(|name| name == "beta");
        assert_eq!(again.open(KIND), 0, "the connector is not there any more");
        for number in 0..ALERTS_MAX {
            clock.advance_micros(1);
            again.raise(KIND, &number.to_string(), "x");
        }
        assert_eq!(again.take_unsaved().1, HashSet::from([(KIND, "alpha".to_owned())]));
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
