//! Changes of rows that exist, where not all columns change.

use sambac_domain::{ErrorCode, MessageId, MessageState, Msisdn, PaymentId, PostingId, SegmentId, Timestamp};

use crate::Sealed;
use crate::rows::{ChargeRow, ChargeState, OutboxKey, Record};
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

/// What is kept of a message's number from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactedNumber {
    /// The message.
    pub id: MessageId,
    /// The number without its last digits.
    pub destination: Msisdn,
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
    /// What is taken, in micros.
    pub captured_micros: i64,
    /// The posting that moves the money.
    pub posting: PostingId,
    /// The block that seals it; filled in when the batch is sealed.
    pub block_id: i64,
}

/// Another end of a charge that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeCorrection {
    /// The segment.
    pub id: SegmentId,
    /// What is taken after all, in micros; 0: nothing.
    pub captured_micros: i64,
    /// The posting that moves the money.
    pub posting: PostingId,
    /// The block that seals it; filled in when the batch is sealed.
    pub block_id: i64,
}

/// The check that a shard is still ours, and where its chain goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The shard.
    pub shard: i64,
    /// Our epoch.
    pub epoch: i64,
    /// The last block before this batch.
    pub block_before: i64,
    /// The last block after it.
    pub block_after: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl Settlement {
    /// The end of a charge that was made with it.
    pub(crate) fn of(charge: &ChargeRow) -> Option<Self> {
        let posting = charge.settle_posting_id?;
        let ChargeRow { id, state, captured_micros, block_id, .. } = *charge;
        Some(Self { id, state, captured_micros, posting, block_id })
    }
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

/// A payment through a provider whose money has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSucceeded {
    /// Which.
    pub id: PaymentId,
    /// The provider's id of it.
    pub provider_payment_id: String,
    /// When the money was credited.
    pub ended_at: Timestamp,
}

impl Record for PaymentSucceeded {
    const TABLE: &'static str = "payment_intents";
    const COLUMNS: &'static [&'static str] = &["id", "provider_payment_id", "ended_at"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.provider_payment_id.value(), self.ended_at.value()]);
    }
}

/// A bank transfer whose money is in the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferBooked {
    /// Which.
    pub id: PaymentId,
    /// What it must carry when it is booked.
    pub proof: Vec<u8>,
}

impl Record for TransferBooked {
    const TABLE: &'static str = "bank_transfers";
    const COLUMNS: &'static [&'static str] = &["id", "proof"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.proof.value()]);
    }
}

impl Record for RedactedNumber {
    const TABLE: &'static str = "messages";
    const COLUMNS: &'static [&'static str] = &["id", "destination"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.destination.value()]);
    }
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
    const COLUMNS: &'static [&'static str] =
        &["id", "state", "captured_micros", "settle_posting_id", "settle_block_id"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.id.value(), self.state.value(), self.captured_micros.value(), self.posting.value()]);
        values.push(self.block_id.value());
    }
}

impl Record for ChargeCorrection {
    const TABLE: &'static str = "charges";
    const COLUMNS: &'static [&'static str] =
        &["id", "state", "captured_micros", "correct_posting_id", "settle_block_id"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        let state = Value::SmallInt(Some(ChargeState::Corrected.code()));
        values.extend([self.id.value(), state, self.captured_micros.value(), self.posting.value()]);
        values.push(self.block_id.value());
    }
}

impl Record for Fence {
    const TABLE: &'static str = "ledger_shards";
    const COLUMNS: &'static [&'static str] = &["id", "epoch", "block_id", "block_id", "hash"];

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        values.extend([self.shard.value(), self.epoch.value(), self.block_before.value(), self.block_after.value()]);
        values.push(self.hash.value());
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
