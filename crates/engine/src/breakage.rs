//! A message on which the program breaks is put aside, so that it does not break on it for ever, and everybody else's go on.
//!
//! Where a step of the group commit breaks, the process ends: what is stored is whole, and the next one begins with that. Before it
//! ends it is stored what was in hand, so that the next process knows. The second time it is put aside: never stored, never sent, or
//! never counted, by what was to be done with it; its client is told, and a person by an alert. What was being decided after it was
//! sent is not sent again after the first time.
//!
//! Where a step only makes something of a message, the breakage is caught, and the message treated as one that cannot be sent.

use std::any::Any;
use std::collections::HashMap;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use sambac_bus::{Notice, Queued, Task};
use sambac_domain::id::MessageId;
use sambac_domain::message::MessageBody;
use sambac_domain::number::Msisdn;
use sambac_store::rows::BreakageRow;

use crate::Inner;
use crate::alert::{AlertKind, Alerts};
use crate::commit::{Found, NoticeDone, Write};
use crate::kill_point;
use crate::submit::Draft;

/// After so many times it is put aside.
const TIMES_MAX: u32 = 2;
/// How long the last words may take.
const STORED_WITHIN: Duration = Duration::from_secs(5);
/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 200;
/// Another program may not break on what this one does.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A message that comes in was being taken: it is known by a hash of it.
    Accept,
    /// A segment was about to be sent.
    Intent,
    /// It was being put into a PDU.
    Pdu,
    /// What became of it was being decided: it may have been sent.
    Answer,
    /// An operator's receipt, known by a hash of it.
    Receipt,
    /// A message from a handset, known by its fingerprint.
    Handset,
    /// A message's time is over.
    Expire,
    /// A message that was put aside was being ended.
    End,
    /// A client was being told of something.
    Notice,
}

/// What was in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hand {
    step: Step,
    about: i64,
}

/// What this program broke on before this process began.
#[derive(Debug, Default)]
pub(crate) struct Breakages(HashMap<Hand, BreakageRow>);

impl Step {
    const ALL: [Self; 9] = [
        Self::Accept,
        Self::Intent,
        Self::Pdu,
        Self::Answer,
        Self::Receipt,
        Self::Handset,
        Self::Expire,
        Self::End,
        Self::Notice,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Intent => "intent",
            Self::Pdu => "pdu",
            Self::Answer => "answer",
            Self::Receipt => "receipt",
            Self::Handset => "handset",
            Self::Expire => "expire",
            Self::End => "end",
            Self::Notice => "notice",
        }
    }

    /// Whether it is about a message that has an id.
    const fn has_id(self) -> bool {
        matches!(self, Self::Intent | Self::Pdu | Self::Answer | Self::Expire | Self::End)
    }
}

impl Hand {
    /// A message that is stored.
    pub(crate) const fn of(step: Step, message: MessageId) -> Self {
        Self { step, about: message.raw() }
    }

    /// A message that comes in, and has no id yet.
    pub(crate) fn of_draft(draft: &Draft) -> Self {
        let mut hash = DefaultHasher::new();
        let request = &draft.request;
        (request.account_id.raw(), request.destination, request.sender.to_string()).hash(&mut hash);
        match &draft.body {
            MessageBody::Text { text, .. } => text.hash(&mut hash),
            MessageBody::Octets { data, data_coding, .. } => (data, data_coding).hash(&mut hash),
        }
        Self { step: Step::Accept, about: hash.finish().cast_signed() }
    }

    /// An operator's receipt.
    pub(crate) fn of_receipt(found: &Found) -> Self {
        let mut hash = DefaultHasher::new();
        (found.connector.raw(), &found.receipt.smsc_message_id, &*found.source, &*found.destination).hash(&mut hash);
        Self { step: Step::Receipt, about: hash.finish().cast_signed() }
    }

    /// What a client is to be told.
    const fn of_notice(queued: &Queued) -> Self {
        Self { step: Step::Notice, about: queued.id }
    }

    /// A message from a handset.
    pub(crate) const fn of_handset(fingerprint: i64) -> Self {
        Self { step: Step::Handset, about: fingerprint }
    }

    fn subject(self) -> String {
        if self.step.has_id() {
            return MessageId::from_raw(self.about).to_string();
        }
        format!("{} {:016x}", self.step.as_str(), self.about)
    }
}

impl Breakages {
    /// Those of this program.
    pub(crate) fn restored(rows: Vec<BreakageRow>) -> Self {
        let of_this = rows.into_iter().filter(|row| row.program == PROGRAM);
        Self(of_this.filter_map(|row| Some((hand(&row)?, row))).collect())
    }

    /// Tells a person of each.
    pub(crate) fn tell(&self, alerts: &Alerts) {
        for (hand, row) in &self.0 {
            let what = if self.is_put_aside(*hand) { "it is put aside" } else { "it is tried once more" };
            let text = format!("the program broke on it ({}, {} times): {}; {what}", row.step, row.times, row.reason);
            alerts.holds(AlertKind::Breakage, &hand.subject(), text);
        }
    }

    /// Why nothing is done any more with what is in hand, if nothing is.
    pub(crate) fn put_aside(&self, hand: Hand) -> Option<&str> {
        self.is_put_aside(hand).then(|| self.0.get(&hand).map(|row| row.reason.as_str())).flatten()
    }

    /// Whether the program broke on it at all.
    pub(crate) fn knows(&self, hand: Hand) -> bool {
        !self.0.is_empty() && self.0.contains_key(&hand)
    }

    fn is_put_aside(&self, hand: Hand) -> bool {
        !self.0.is_empty() && self.0.get(&hand).is_some_and(|row| row.times >= i64::from(TIMES_MAX))
    }
}

/// Does something that must not break; what the program said when it did.
pub(crate) fn caught<T>(does: impl FnOnce() -> T) -> Result<T, String> {
    // What it has touched is not used any more when it broke: the process ends, or the value is dropped.
    catch_unwind(AssertUnwindSafe(does)).map_err(|said| reason(&*said))
}

/// The same for what takes its time.
pub(crate) async fn caught_in<T>(does: impl Future<Output = T>) -> Result<T, String> {
    let mut does = pin!(does);
    poll_fn(|context| match caught(|| does.as_mut().poll(context)) {
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(said) => Poll::Ready(Err(said)),
    })
    .await
}

/// A test may want the program to break on what is to be told of a message.
pub(crate) fn at_notice(queued: &Queued) {
    if let Task::Notify { notice, .. } = &queued.task
        && let Notice::Outcome(outcome) = &**notice
        && let Ok(number) = Msisdn::from_digits(outcome.destination.as_bytes())
    {
        kill_point::breaks("notice", number);
    }
}

impl Inner {
    /// The program breaks on what a client is to be told: it is given up, as if nobody took it.
    pub(crate) async fn give_up_broken(&self, queued: &Queued, said: String) {
        let hand = Hand::of_notice(queued);
        let text = format!("the program broke on what a client was to be told: {said}; it is given up");
        self.remember_breakage(hand, said).await;
        self.alerts.raise(AlertKind::Breakage, &hand.subject(), text);
        self.write(Write::NoticeDone(NoticeDone::given_up(queued))).await;
    }

    /// Stores what the program broke on.
    pub(crate) async fn remember_breakage(&self, hand: Hand, reason: String) {
        let (now, before) = (self.clock.now(), self.breakages.0.get(&hand));
        let row = BreakageRow {
            id: format!("{}/{}", hand.step.as_str(), hand.about),
            step: hand.step.as_str().to_owned(),
            about: hand.about,
            times: before.map_or(0, |row| row.times).saturating_add(1),
            reason,
            program: PROGRAM.to_owned(),
            first_at: before.map_or(now, |row| row.first_at),
            last_at: now,
        };
        tracing::error!(subject = hand.subject(), step = row.step, reason = row.reason, "the program broke on it");
        match tokio::time::timeout(STORED_WITHIN, self.store.keep_breakage(&row)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "that the program broke was not stored"),
            Err(_) => tracing::error!("that the program broke was not stored in time"),
        }
    }

    /// The program broke on what was in hand, and nobody knows how much of it is done: that is stored, and the process ends.
    pub(crate) async fn last_words(&self, hand: Option<Hand>, reason: String) -> ! {
        match hand {
            Some(hand) => self.remember_breakage(hand, reason).await,
            None => tracing::error!(reason, "the program broke, and nobody knows on what"),
        }
        tracing::error!("the group commit ended by a panic: the process ends");
        std::process::abort()
    }
}

fn hand(row: &BreakageRow) -> Option<Hand> {
    let step = Step::ALL.into_iter().find(|step| step.as_str() == row.step)?;
    Some(Hand { step, about: row.about })
}

/// What the program said, up to where it may quote a message.
fn reason(said: &(dyn Any + Send)) -> String {
    let text = said.downcast_ref::<&str>().copied().or_else(|| said.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("it said nothing");
    let unquoted = text.split(['`', '"', '\'']).next().unwrap_or_default();
    unquoted.chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;

    use super::*;
    use crate::clock::Clock;

    fn row(times: i64, program: &str) -> BreakageRow {
        BreakageRow {
            id: "intent/256".to_owned(),
            step: "intent".to_owned(),
            about: 256,
            times,
            reason: "index out of bounds".to_owned(),
            program: program.to_owned(),
            first_at: Timestamp(1),
            last_at: Timestamp(2),
        }
    }

    fn restored(row: BreakageRow) -> (Breakages, Vec<crate::alert::Alert>) {
        let alerts = Alerts::restored(Clock::mock(Timestamp(5)), Vec::new());
        let breakages = Breakages::restored(vec![row]);
        breakages.tell(&alerts);
        (breakages, alerts.list_all())
    }

    /// Once may be an accident; twice is put aside; what another program broke on is tried again.
    #[test]
    fn the_second_time_puts_aside() {
        let hand = Hand::of(Step::Intent, MessageId::from_raw(256));
        let (once, alerts) = restored(row(1, PROGRAM));
        assert!(once.knows(hand) && once.put_aside(hand).is_none());
        assert!(alerts[0].text.contains("tried once more"), "{alerts:?}");
        let (twice, alerts) = restored(row(2, PROGRAM));
        assert_eq!(twice.put_aside(hand), Some("index out of bounds"));
        assert_eq!(alerts[0].subject, MessageId::from_raw(256).to_string());
        let (other, alerts) = restored(row(2, "0.0.1"));
        assert!(!other.knows(hand) && alerts.is_empty());
    }

    /// Panics may quote what they broke on: that is no business of a table of reasons.
    #[test]
    fn a_reason_quotes_nothing() {
        let said = caught(|| assert!("secret".is_char_boundary(9), "byte 9 is out of bounds of `secret`"));
        assert_eq!(said.unwrap_err(), "byte 9 is out of bounds of ");
    }
}
