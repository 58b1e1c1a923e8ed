//! Everything that one group commit writes: a few multi-row statements per table, in one transaction.
//!
//! The order is: inserts, updates, deletes. So a row may be inserted and finished in one batch; but an outbox row
//! cannot be removed and inserted again under the same key in one batch: that is an [`OutboxMove`].
//!
//! ```
//! use sambac_domain::{Lane, TargetId};
//! use sambac_store::{Batch, rows::OutboxKey};
//! let mut batch = Batch::default();
//! batch.outbox_done.push(OutboxKey { target: TargetId(1), lane: Lane(0), id: 257 });
//! assert!(!batch.is_empty());
//! batch.clear();
//! assert!(batch.is_empty());
//! ```

mod changes;
mod contains;
mod delete;
mod insert;
mod mo;
mod otp;
mod payment;
mod pipe;
#[cfg(test)]
mod plan;
mod statement;
mod update;

pub use changes::{
    BalanceDelta, BodySwap, ChargeCorrection, Fence, MessageFinal, OutboxMove, PaymentSucceeded, RedactedNumber,
    Settlement, TransferBooked,
};
pub use mo::{MoDelivered, MoEnd, MoJoined, MoRerouted};
pub use otp::{OtpChange, OtpTold};
pub(crate) use statement::Statements;

use sambac_domain::{IntentId, MessageId, MoId, NoticeId, OtpId, Timestamp};

use crate::chain::{Chain, Head};
use crate::kill_point;
use crate::rows::{
    AccountEventRow, BatchRecipientRow, BlockRow, CdrRow, ChargeRow, DeadLetterKey, DeadLetterRow, EventRow, HoldRow,
    IdempotencyRow, IntentRow, LedgerCommandRow, MessageTagRow, MoDeliveryRow, MoRow, MoSegmentRow, NewMessage,
    OptOutRow, OrphanRow, OtpRow, OtpSendRow, OtpUseRow, OutboxKey, OutboxRow, PaymentRow, PostingRow, RequestNonceRow,
    SegmentRow, SpendingRow, WebhookDeliveryRow,
};
use crate::{Store, StoreError};

/// A segment to insert.
pub type NewSegment = SegmentRow;
/// The new values of all columns of a segment that exists. Of several in one batch the last one counts.
pub type SegmentUpdate = SegmentRow;
/// A charge to insert.
pub type NewCharge = ChargeRow;
/// An outbox row to insert.
pub type NewOutbox = OutboxRow;
/// An idempotency key to insert.
pub type NewIdempotency = IdempotencyRow;
/// A submit intent to insert.
pub type NewIntent = IntentRow;
/// A CDR to insert.
pub type NewCdr = CdrRow;
/// An event to insert.
pub type NewEvent = EventRow;
/// A posting to insert.
pub type NewPosting = PostingRow;
/// An orphan receipt to insert.
pub type NewOrphan = OrphanRow;

/// Declares the batch with `is_empty`, `clear` and `len` over all its lists.
macro_rules! batch {
    ($($(#[$doc:meta])* $list:ident: $type:ty,)+) => {
        /// The rows to write, by table and kind of write.
        #[derive(Debug, Default)]
        pub struct Batch { $($(#[$doc])* pub $list: Vec<$type>,)+ }

        impl Batch {
            /// Whether there is nothing to write.
            pub fn is_empty(&self) -> bool {
                $(self.$list.is_empty())&&+
            }

            /// How many rows it has.
            pub fn len(&self) -> usize {
                0 $(+ self.$list.len())+
            }

            /// Takes everything out and keeps the memory.
            pub fn clear(&mut self) {
                $(self.$list.clear();)+
            }

            /// How many rows each list has now.
            pub fn lengths(&self) -> Lengths {
                Lengths { $($list: self.$list.len(),)+ }
            }

            /// Takes out what was in the lists when `lengths` was taken, and keeps what came later.
            pub fn drop_first(&mut self, lengths: &Lengths) {
                $(self.$list.drain(..lengths.$list.min(self.$list.len()));)+
            }
        }

        /// A moment in the making of a batch.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Lengths { $($(#[$doc])* pub $list: usize,)+ }
    };
}

batch! {
    /// Messages accepted.
    messages: NewMessage,
    /// Their segments.
    segments: NewSegment,
    /// The prices held for them.
    charges: NewCharge,
    /// Work to be done.
    outbox: NewOutbox,
    /// Words by which messages are found again.
    tags: MessageTagRow,
    /// What became of recipients of a request for many. One that is there already is `Conflict("batch_recipients")`.
    recipients: BatchRecipientRow,
    /// Answers to keep. A key that is there already is `Conflict("idempotency_keys")`.
    idempotency: NewIdempotency,
    /// Submits that are about to be written to a connection.
    intents: NewIntent,
    /// Intents whose segments all have an answer.
    intents_done: IntentId,
    /// Segments that moved on. Each must exist, or nothing is written: `Conflict("segment")`.
    segment_updates: SegmentUpdate,
    /// Messages whose body changes. Each must be open, or nothing is written: `Conflict("body_swap")`.
    body_swaps: BodySwap,
    /// Scheduled messages whose time has come. One that is not scheduled any more is no error.
    messages_due: MessageId,
    /// Messages that end. Each must be open, or nothing is written: `Conflict("message_final")`.
    message_finals: MessageFinal,
    /// Messages that keep their number no longer.
    redacted: RedactedNumber,
    /// Messages whose text is needed no more.
    bodies_wiped: MessageId,
    /// Messages that have ended, and of which another end is believed now. Those that are still open are left alone.
    message_corrections: MessageFinal,
    /// Charges to capture or void. Each must be held, or nothing is written: `Conflict("settlement")`.
    settlements: Settlement,
    /// Charges of which another end is believed. Each must have ended, or nothing is written: `Conflict("correction")`.
    charge_corrections: ChargeCorrection,
    /// What is spent, to be added to what was: one entry for each message.
    spending: SpendingRow,
    /// Payments that are credited. One whose id or reference is there already is `Conflict("payments")` or
    /// `Conflict("payments.reference")`.
    payments: PaymentRow,
    /// Payments through a provider whose money has come.
    payments_succeeded: PaymentSucceeded,
    /// Bank transfers whose money is in the wallet.
    transfers_booked: TransferBooked,
    /// Amounts set aside.
    holds: HoldRow,
    /// Holds that changed. Each must exist, or nothing is written: `Conflict("hold")`.
    hold_updates: HoldRow,
    /// Answers to ledger commands. A key that is there already is `Conflict("ledger_commands.key")`.
    commands: LedgerCommandRow,
    /// The block that seals the batch: see [`Chain::seal`](crate::Chain::seal).
    blocks: BlockRow,
    /// The check that the shard is ours; another's is `Conflict("ledger_shards")`.
    fences: Fence,
    /// Delivery records.
    cdrs: NewCdr,
    /// Records whose number was erased. Each must exist, or nothing is written: `Conflict("cdr_sms")`.
    cdr_updates: CdrRow,
    /// Work that is done. A row that is gone already is no error.
    outbox_done: OutboxKey,
    /// Work that goes to another queue or time. A row that is gone already is no error.
    outbox_moves: OutboxMove,
    /// Lines of messages' histories.
    events: NewEvent,
    /// What accounts are told of.
    account_events: AccountEventRow,
    /// Nonces of signed requests. One that is there already is `Conflict("request_nonces")`.
    request_nonces: RequestNonceRow,
    /// Attempts to tell webhooks.
    webhook_deliveries: WebhookDeliveryRow,
    /// Events that webhooks have not taken. One that is there already gets these values.
    dead_letters: DeadLetterRow,
    /// Events that webhooks are told again. One that is none is no error.
    dead_letters_done: DeadLetterKey,
    /// Who wants no more messages, or wants them again. One that is there already gets these values, and keeps its id.
    opt_outs: OptOutRow,
    /// Movements of money.
    postings: NewPosting,
    /// What they change in balances; several of one balance are added up. Each must exist: `Conflict("balance")`.
    balances: BalanceDelta,
    /// Receipts that match nothing yet.
    orphans: NewOrphan,
    /// Receipts that were matched or given up.
    orphans_done: i64,
    /// Messages from handsets.
    mo_messages: MoRow,
    /// Parts of them.
    mo_segments: MoSegmentRow,
    /// Parts that were put together.
    mo_joined: MoJoined,
    /// Who is to have them.
    mo_deliveries: MoDeliveryRow,
    /// Deliveries that have ended. One that has already is no error.
    mo_delivered: MoDelivered,
    /// Deliveries whose target's time is over now.
    mo_given_up: NoticeId,
    /// What messages from handsets have come to.
    mo_ends: MoEnd,
    /// Messages from handsets that a route takes after all.
    mo_rerouted: MoRerouted,
    /// Messages from handsets that no route took, and that a person has dealt with: their octets are wiped.
    mo_dismissed: MoId,
    /// One-time codes made.
    otps: OtpRow,
    /// Messages by which they are sent.
    otp_sends: OtpSendRow,
    /// Codes that changed. Each must exist, or nothing is written: `Conflict("otp")`. Of several of one code the last one counts.
    otp_updates: OtpChange,
    /// What messages of codes have come to. That of a code that has ended, or was sent again since, changes nothing.
    otp_told: OtpTold,
    /// Codes whose messages are paid for or not, as their end says.
    otp_settled: OtpId,
    /// What clients tell of codes of their own.
    otp_uses: OtpUseRow,
}

/// How often a batch is written again after another writer was in the way.
const REPEATS_MAX: u32 = 3;

impl Store {
    /// Writes a batch: durable when this returns `Ok`, and no part of it otherwise. Only when the connection broke during
    /// the commit itself (`Unavailable`, PostgreSQL) it may have been kept; then its inserts are refused as conflicts.
    pub async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.commit_with(batch, None).await.map(|_| ())
    }

    /// Writes a batch and goes on with the chain that seals it: [`Chain::seal`], [`Store::commit`] and [`Chain::advance`] in
    /// one. The seal is made while the database works.
    pub async fn commit_next(&self, batch: &mut Batch, chain: &mut Chain, at: Timestamp) -> Result<(), StoreError> {
        chain.number(batch);
        if let Some(head) = self.commit_with(batch, Some((chain, at))).await? {
            chain.advance(head);
        }
        Ok(())
    }

    async fn commit_with(&self, batch: &Batch, chain: Option<(&Chain, Timestamp)>) -> Result<Option<Head>, StoreError> {
        let mut repeats = 0;
        loop {
            match self.pool().damage().heed(self.pool().in_time(self.commit_once(batch, chain)).await) {
                Err(StoreError::Retryable) if repeats < REPEATS_MAX => repeats += 1,
                result => return result,
            }
        }
    }

    async fn commit_once(&self, batch: &Batch, chain: Option<(&Chain, Timestamp)>) -> Result<Option<Head>, StoreError> {
        let mut work = self.begin().await?;
        let head = work.write_with(batch, chain).await?;
        kill_point::reached("after_insert");
        work.commit().await?;
        Ok(head)
    }
}
