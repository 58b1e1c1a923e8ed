//! Changes of rows that exist, where not all columns change.

use sambac_domain::{ErrorCode, MessageId, MessageState, PostingId, SegmentId, Timestamp};

use crate::Sealed;
use crate::rows::{ChargeState, OutboxKey, Record};
use crate::value::{Field as _, Value};

/// A message's end. Its body is wiped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFinal {
    /// The message.
    pub id: MessageId,
    /// Its final state.
    pub state: MessageState,
    /// Why it ended badly.
    pub error: Option<ErrorCode>,
    /// When.
    pub final_at: Timestamp,
}

/// Another body for a message that has not been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodySwap {
    /// The message.
    pub id: MessageId,
    /// Its new body, encrypted.
    pub body: Sealed<Vec<u8>>,
    /// Until when it may be sent from now on.
    pub expires_at: Timestamp,
    /// Whether its client is told the outcome.
    pub receipt_wanted: bool,
    /// Its options from now on, as JSON.
    pub options: Option<String>,
}

/// What becomes of a held charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The segment.
    pub id: SegmentId,
    /// Captured or voided.
    pub state: ChargeState,
    /// The posting that moves the money.
    pub posting: PostingId,
}

/// A change of one balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceDelta {
    /// The ledger account.
    pub id: i64,
    /// Added to it, in micros.
    pub delta_micros: i64,
}

/// An outbox row's new place, attempt and time. Its kind and payload stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMove {
    /// Where it is.
    pub from: OutboxKey,
    /// Where it goes; may be the same place.
    pub to: OutboxKey,
    /// Its attempt from now on.
    pub attempt: u16,
    /// Not before this; 0: now.
    pub due_at: Timestamp,
}

impl Record for MessageFinal {
    const TABLE: &'static str = "messages";
    const COLUMNS: &'static [&'static str] = &["id", "state", "error", "final_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.state.value(), self.error.value(), self.final_at.value()]);
    }
}

impl Record for BodySwap {
    const TABLE: &'static str = "messages";
    const COLUMNS: &'static [&'static str] = &["id", "body", "expires_at", "receipt_wanted", "options"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.body.value(), self.expires_at.value(), self.receipt_wanted.value()]);
        values.push(self.options.value());
    }
}

impl Record for Settlement {
    const TABLE: &'static str = "charges";
    const COLUMNS: &'static [&'static str] = &["id", "state", "settle_posting_id"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.state.value(), self.posting.value()]);
    }
}

impl Record for BalanceDelta {
    const TABLE: &'static str = "balances";
    const COLUMNS: &'static [&'static str] = &["id", "balance_micros"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.delta_micros.value()]);
    }
}

impl Record for OutboxMove {
    const TABLE: &'static str = "outbox";
    const COLUMNS: &'static [&'static str] = &["target", "lane", "id", "target", "lane", "id", "attempt", "due_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        self.from.values(values);
        self.to.values(values);
        values.extend([self.attempt.value(), self.due_at.value()]);
    }
}
