//! How a client's ESME is treated: the settings of an SMPP account.

use serde::{Deserialize, Serialize};

use super::CLIENT_PRESETS;
use super::bind::Table;
use super::section::{profile, section};
use crate::text::{Alphabet, LongMethod, Reading};
use crate::throughput::Throughput;

/// How our message ids look to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageIdForm {
    /// Up to 19 digits.
    #[default]
    Decimal,
    /// 16 hexadecimal digits, small letters.
    Hex,
    /// As a UUID of 36 characters.
    Uuid,
}

/// Which PDU carries a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptPdu {
    /// `deliver_sm`.
    #[default]
    DeliverSm,
    /// `data_sm`.
    DataSm,
}

/// By which of its binds a client gets receipts and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverPolicy {
    /// The one with most room in its window.
    #[default]
    Roomiest,
    /// The one that submitted the message while it is up; then one from the same address; then any.
    SameSession,
    /// One after the other.
    RoundRobin,
}

section! {
    /// The session, and how it is fed.
    ClientSession {
        /// Silence of the client after which it is probed. 0 = never.
        enquire_link_s: u64 = 30, ["Q-A9"], 0..=3_600;
        /// How long a session may carry nothing but probes. 0 = for ever.
        inactivity_timeout_s: u64 = 0, ["Q-A11"], 0..=86_400;
        /// How long the client may take to acknowledge what we deliver.
        response_timeout_ms: u64 = 30_000, ["Q-A8"], 100..=600_000;
        /// How long a PDU that has begun may take to arrive whole.
        pdu_timeout_ms: u64 = 10_000, ["Q-A1"], 100..=600_000;
        /// The largest PDU taken from the client.
        pdu_octets_max: u32 = 40_960, ["Q-A1", "Q-A2"], 1_024..=1_048_576;
        /// Whether requests whose optional parameters are cut or of a wrong length are taken all the same.
        take_broken_tlvs: bool = false, ["Q-H3"];
        /// By which bind receipts and messages go: "roomiest", "same_session" or "round_robin".
        receiver: ReceiverPolicy = ReceiverPolicy::Roomiest, ["Q-A18"];
        /// Whether clients of SMPP 5.0 are told our congestion_state.
        tell_congestion: bool = true, ["Q-I1"];
        /// Whether it may bind over TLS only.
        tls_required: bool = false, ["Q-A20"];
        /// SHA-256 of client certificates (DER, hexadecimal) that may bind, over TLS; any client may, when none is given.
        certificates_sha256: Vec<String> = Vec::new(), ["Q-A20"];
    }
}

section! {
    /// What a client may ask besides submitting and probing. What is not offered is answered as an unknown command.
    ClientOperations {
        /// Whether messages are taken by `data_sm`.
        data_sm: bool = true, ["Q-I8"];
        /// Whether `submit_multi` is offered: one message for each of its destinations.
        submit_multi: bool = true, ["Q-I6"];
        /// Whether `query_sm` is offered.
        query_sm: bool = true, ["Q-I4"];
        /// Whether `cancel_sm` is offered: for messages that wait with us, and for those that are with an operator which takes them back.
        cancel_sm: bool = true, ["Q-I5"];
        /// Whether `cancel_sm` without an id withdraws all messages of a sender to a number.
        cancel_by_address: bool = false, ["Q-I5"];
        /// Whether `replace_sm` is offered, for messages that have not been submitted to an operator.
        replace_sm: bool = false, ["Q-I5"];
    }
}

section! {
    /// How much a client may send.
    ClientLimits {
        /// Submits per bind that may wait for their answer; more are answered 0x58.
        window_in_max: u16 = 2_000, ["Q-A21"], 1..=10_000;
        /// Segments a second over all binds, as "100/s", or "100/s burst 20"; empty: no limit.
        throughput: Throughput = Throughput::UNLIMITED, ["Q-D11"];
        /// The same for each bind.
        throughput_per_bind: Throughput = Throughput::UNLIMITED, ["Q-D11"];
        /// The same for each sender.
        throughput_per_sender: Throughput = Throughput::UNLIMITED, ["Q-D11"];
        /// How long ago a schedule_delivery_time may be for the message to go at once; one of longer ago is refused.
        schedule_past_s: u32 = 300, ["Q-G6"], 0..=86_400;
        /// Whether it is for tests: it reaches numbers of the test network (+999) only, and those of the sandbox.
        test_only: bool = false, [];
        /// How long an answer is held back when the client is too fast, before it is answered 0x58.
        answer_delay_max_ms: u64 = 500, ["Q-D11"], 0..=10_000;
    }
}

section! {
    /// Receipts and ids, as the client wants them.
    ClientReceipts {
        /// How our ids look: "decimal", "hex" or "uuid".
        message_id: MessageIdForm = MessageIdForm::Decimal, ["Q-B1"];
        /// Which PDU carries a receipt: "deliver_sm" or "data_sm".
        pdu: ReceiptPdu = ReceiptPdu::DeliverSm, ["Q-C12"];
        /// Digits of the dates: 10 (to the minute) or 12 (to the second; 11 is 10).
        date_digits: u8 = 10, ["Q-C5"], 10..=12;
        /// Offset of the dates from UTC.
        utc_offset_minutes: i16 = 0, ["Q-C5"];
        /// Whether the receipt has sub, dlvrd and text besides the rest.
        full_text: bool = true, ["Q-C3"];
        /// Characters of the message in `text:`. Codes would be in clear in the client's logs: 0 = none.
        text_chars_max: u8 = 0, ["Q-C14"], 0..=20;
        /// Characters of the operator's error code in `err:`, where the standard has three. A longer code is told as 001: cut, it would be
        /// another one.
        error_chars_max: u8 = 3, ["Q-C6"], 3..=10;
        /// Whether receipted_message_id, message_state and network_error_code are sent.
        tlvs: bool = true, ["Q-C7"];
        /// Whether intermediate states are told to clients that asked for them.
        intermediate: bool = true, ["Q-B10"];
        /// How long receipts and messages are kept for a client that is away.
        kept_h: u16 = 72, ["Q-B13"], 1..=8_760;
    }
}

section! {
    /// How text is read and written.
    ClientText {
        /// What data_coding 0 is in what the client sends and gets: "gsm", "latin1", "ascii" or "utf8".
        alphabet: Alphabet = Alphabet::Gsm, ["Q-E1"];
        /// Whether GSM septets are packed into octets.
        packed: bool = false, ["Q-E2"];
        /// How long messages from handsets are handed over: "udh8", "udh16", "sar" or "payload".
        long: LongMethod = LongMethod::Udh8, ["Q-F1", "Q-F2", "Q-F3"];
        /// Values of data_coding that are handed on as octets though we cannot read them (5, JIS, say). Others of these are refused.
        data_codings_passed: Vec<u8> = Vec::new(), ["Q-E6"];
        /// Whether segments that the client made itself are kept together: one connector, one group in the CDRs.
        group_segments: bool = true, ["Q-F5", "Q-F7"];
    }
}

impl From<&ClientText> for Reading {
    /// How text of the client is read.
    fn from(settings: &ClientText) -> Self {
        Self { alphabet: settings.alphabet, packed: settings.packed, ..Self::default() }
    }
}

section! {
    /// With which command_status a client is refused.
    ClientErrors {
        /// Code of the error catalogue = command_status. What is not named has the catalogue's.
        statuses: Table<u32> = Table::new(), ["Q-D11"];
    }
}

profile! {
    /// How a client's ESME is treated.
    ClientProfile from CLIENT_PRESETS {
        /// The session, and how it is fed.
        session: ClientSession,
        /// What a client may ask besides submitting and probing. What is not offered is answered as an unknown command.
        operations: ClientOperations,
        /// How much a client may send.
        limits: ClientLimits,
        /// Receipts and ids, as the client wants them.
        receipt: ClientReceipts,
        /// How text is read and written.
        text: ClientText,
        /// With which command_status a client is refused.
        errors: ClientErrors,
    }
}
