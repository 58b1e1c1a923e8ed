//! What happens to a message on its way: segments, intents, events, receipts, CDRs.

use sambac_domain::{
    AccountId, ConnectorId, Currency, ErrorCode, EventId, IntentId, MccMnc, MessageId, MessageState, Msisdn,
    OperatorId, RateId, ReceiptState, SegmentId, Sender, Timestamp, TrafficClass,
};

use super::ledger::ChargeState;
use super::row;

row! {
    /// One segment. Everything but `id` may change; an update gives all columns.
    SegmentRow in "segments" {
        /// Message and number.
        id: SegmentId,
        /// Where it goes or went.
        connector_id: ConnectorId,
        /// How far it is.
        state: MessageState,
        /// The operator's id for it, as received.
        smsc_message_id: Option<String>,
        /// Hash of correlation group and smsc_message_id after the connector's rules, for finding it by a receipt.
        receipt_key: Option<i64>,
        /// How often it was submitted.
        attempts: u8,
        /// Whether the handset may have got it twice.
        possible_duplicate: bool,
        /// The operator's last answer.
        command_status: Option<u32>,
        /// Why it ended badly.
        error: Option<ErrorCode>,
        /// The operator's own word for it: a command_status by name, or the `err` of a receipt.
        operator_error: Option<String>,
        /// Last submit.
        submitted_at: Option<Timestamp>,
        /// Answer to it.
        answered_at: Option<Timestamp>,
        /// When it became final.
        final_at: Option<Timestamp>,
        /// When the operator says that it did.
        done_at: Option<Timestamp>,
    }
}

row! {
    /// A line of a message's history that the columns cannot hold.
    EventRow in "message_events" {
        /// Its id.
        id: EventId,
        /// The message.
        message_id: MessageId,
        /// The segment; 0: the message as a whole.
        segment_no: u8,
        /// What happened, a word.
        kind: String,
        /// When.
        at: Timestamp,
        /// More, as JSON.
        detail: Option<String>,
    }
}

row! {
    /// A note, durable before the write, that these segments are about to be submitted.
    IntentRow in "submit_intents" {
        /// Its id.
        id: IntentId,
        /// By which connector.
        connector_id: ConnectorId,
        /// Which segments.
        segments: Vec<SegmentId>,
        /// When.
        created_at: Timestamp,
        /// By which lease another node had the connector; negative where the one with the ledger had it itself, 0 where an earlier version wrote this.
        epoch: i64,
    }
}

row! {
    /// A receipt that matched no segment yet: it may have come before the answer was stored, or its id has another form.
    OrphanRow in "orphan_receipts" {
        /// Its id.
        id: i64,
        /// Where it came from.
        connector_id: ConnectorId,
        /// As [`SegmentRow::receipt_key`].
        receipt_key: i64,
        /// The operator's id in it, as received.
        smsc_message_id: String,
        /// The other id in it, when text and parameter name two.
        other_id: Option<String>,
        /// Its source address, as received.
        source: String,
        /// Its destination address, as received.
        destination: String,
        /// The state it tells.
        state: ReceiptState,
        /// The operator's word for a state that is in no table.
        word: Option<String>,
        /// The operator's error code, as received.
        error: Option<String>,
        /// Its submit date read as UTC, whatever its zone.
        submit_date: Option<Timestamp>,
        /// Its done date read as UTC, whatever its zone.
        done_date: Option<Timestamp>,
        /// When it arrived.
        received_at: Timestamp,
    }
}

row! {
    /// The record of one segment's delivery and price, written when it is final.
    CdrRow in "cdr_sms" {
        /// The segment.
        id: SegmentId,
        /// Who pays.
        account_id: AccountId,
        /// Whose network carried it.
        operator_id: OperatorId,
        /// Which connector.
        connector_id: ConnectorId,
        /// The network of the number, when known.
        mcc_mnc: Option<MccMnc>,
        /// The sender shown.
        sender: Sender,
        /// The number.
        destination: Msisdn,
        /// Traffic class.
        class: TrafficClass,
        /// How it ended.
        state: MessageState,
        /// Why it ended badly.
        error: Option<ErrorCode>,
        /// The operator's own word for it.
        operator_error: Option<String>,
        /// The operator's id for it.
        smsc_message_id: Option<String>,
        /// How often it was submitted.
        attempts: u8,
        /// Whether the handset may have got it twice.
        possible_duplicate: bool,
        /// Price, in micros.
        price_micros: i64,
        /// Currency of the price.
        currency: Currency,
        /// Whether the price was taken.
        charge_state: ChargeState,
        /// When the message was accepted.
        accepted_at: Timestamp,
        /// Last submit.
        submitted_at: Option<Timestamp>,
        /// When it became final.
        final_at: Timestamp,
        /// When the operator says that it did.
        done_at: Option<Timestamp>,
        /// The first of the messages that make up a long one, when the client made its segments itself.
        group_id: Option<MessageId>,
        /// The block that seals it.
        block_id: i64,
        /// The rate of the operator's cost book that it fell under.
        cost_rate_id: Option<RateId>,
        /// What the operator is to be paid for it, in micros; nothing when what it is paid for did not happen.
        cost_micros: Option<i64>,
        /// Currency of the cost.
        cost_currency: Option<Currency>,
    }
}
