//! How a message is written: alphabets, segments, addresses and the other fields (smsc-quirks, sections E, F and G).

use serde::{Deserialize, Serialize};

use super::section::section;
use crate::text::{Alphabet, DataCodingTable, LongMethod, Reading, ShiftTable};

/// How an alphanumeric sender is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderAlphabet {
    /// As octets of ASCII that mean the same in GSM 03.38; others are refused.
    #[default]
    Safe,
    /// GSM 03.38 octets; `@` is never sent, as it would be NUL.
    Gsm,
    /// ISO 8859-1.
    Latin1,
}

section! {
    /// Alphabets and data_coding.
    TextSettings {
        /// What data_coding 0 is in what we send: "gsm", "latin1", "ascii" or "utf8".
        alphabet_out: Alphabet = Alphabet::Gsm, ["Q-E1", "Q-E10"];
        /// What data_coding 0 is in what the SMSC sends.
        alphabet_in: Alphabet = Alphabet::Gsm, ["Q-E1", "Q-E10"];
        /// Whether GSM septets are packed into octets in what we send.
        packed_out: bool = false, ["Q-E2"];
        /// Whether GSM septets are packed into octets in what the SMSC sends.
        packed_in: bool = false, ["Q-E2"];
        /// By which table an incoming data_coding is read: "smpp" or "gsm".
        data_coding_table: DataCodingTable = DataCodingTable::Smpp, ["Q-E6"];
        /// data_coding of UCS-2 in what we send.
        ucs2_data_coding: u8 = 8, ["Q-E4"];
        /// Whether the message class of a GSM text is told by data_coding 0xF0 to 0xF3 instead of 0x10 to 0x13.
        class_as_f0: bool = false, ["Q-E6"];
        /// Whether incoming text that looks like UCS-2 under another data_coding is read as UCS-2.
        sniff_ucs2: bool = false, ["Q-E5"];
        /// National languages whose shift tables may be used in what we send, where they save segments.
        shift_tables_out: Vec<ShiftTable> = Vec::new(), ["Q-E8"];
        /// How alphanumeric senders are written: "safe", "gsm" or "latin1".
        sender_alphabet: SenderAlphabet = SenderAlphabet::Safe, ["Q-E9"];
    }
}

impl From<&TextSettings> for Reading {
    /// How text of the SMSC is read.
    fn from(settings: &TextSettings) -> Self {
        Self {
            alphabet: settings.alphabet_in,
            packed: settings.packed_in,
            table: settings.data_coding_table,
            sniff_ucs2: settings.sniff_ucs2,
        }
    }
}

section! {
    /// Messages of more than one segment.
    LongSettings {
        /// "udh8" or "udh16" (user data header), "sar" (optional parameters) or "payload" (one message_payload).
        method: LongMethod = LongMethod::Udh8, ["Q-F1", "Q-F2", "Q-F3", "Q-F10"];
        /// The longest short_message that the SMSC takes; what is longer goes as message_payload.
        short_message_octets_max: u16 = 254, ["Q-F4"], 1..=254;
        /// The longest message_payload that the SMSC takes; what is longer goes in segments.
        payload_octets_max: u16 = 65_535, ["Q-F3"], 1..=65_535;
        /// Whether all segments but the last say that more follow.
        more_messages_to_send: bool = false, ["Q-F8"];
        /// Whether the segments of a message go by the same bind, in order, as long as it lasts and has room.
        same_bind: bool = true, ["Q-F7"];
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// Digits: `447700900123`.
    #[default]
    Plain,
    /// With a plus sign: `+447700900123`.
    Plus,
    /// With the international prefix: `00447700900123`.
    DoubleZero,
}

/// Type of number and numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressForm {
    /// Type of number (SMPP 3.4, 5.2.5).
    pub ton: u8,
    /// Numbering plan (SMPP 3.4, 5.2.6).
    pub npi: u8,
}

impl AddressForm {
    const fn new(ton: u8, npi: u8) -> Self {
        Self { ton, npi }
    }
}

section! {
    /// How senders and destinations are written.
    AddressSettings {
        /// TON and NPI of destinations.
        destination: AddressForm = AddressForm::new(1, 1), ["Q-G1"];
        /// TON and NPI of senders that are international numbers.
        sender_number: AddressForm = AddressForm::new(1, 1), ["Q-G1"];
        /// TON and NPI of alphanumeric senders.
        sender_alphanumeric: AddressForm = AddressForm::new(5, 0), ["Q-G1"];
        /// TON and NPI of senders that are short codes.
        sender_short_code: AddressForm = AddressForm::new(3, 0), ["Q-G1"];
        /// How numbers are written: "plain", "plus" or "double_zero".
        number_format: NumberFormat = NumberFormat::Plain, ["Q-G2"];
        /// Country calling code for incoming national numbers; empty: they are taken as they are.
        country_code: String = String::new(), ["Q-G3"];
    }
}

/// How the validity is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidityForm {
    /// Not at all.
    Never,
    /// What is left of it: `000000000500000R`.
    #[default]
    Relative,
    /// The moment it ends, with the offset from UTC.
    Absolute,
}

/// Whether the operator's queue may replace an earlier message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceIfPresent {
    /// As the client asked.
    #[default]
    AsAsked,
    /// For OTPs: a newer code takes the place of an older one that was not delivered yet.
    Otp,
    /// Never, whatever the client asks.
    Never,
}

/// Whether a wished delivery time is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// The platform waits itself; the operator is never asked to.
    #[default]
    Ours,
    /// Handed on to the operator.
    Operator,
}

section! {
    /// The other fields of a `submit_sm`.
    SubmitSettings {
        /// service_type, where the SMSC wants one.
        service_type: String = String::new(), ["Q-G7"];
        /// Whether protocol_id is sent as the client gave it; 0 otherwise.
        pass_protocol_id: bool = false, ["Q-G8"];
        /// Whether priority_flag is sent as the client gave it; 0 otherwise.
        pass_priority: bool = false, ["Q-G8"];
        /// replace_if_present_flag: "as_asked", "otp" or "never".
        replace_if_present: ReplaceIfPresent = ReplaceIfPresent::AsAsked, ["Q-G9"];
        /// Messaging mode of esm_class: 0 the SMSC's default, 1 datagram, 2 forward, 3 store and forward.
        esm_mode: u8 = 0, ["Q-G10"], 0..=3;
        /// How the validity is told: "never", "relative" or "absolute".
        validity: ValidityForm = ValidityForm::Relative, ["Q-G5"];
        /// Offset from UTC in which absolute times are written, in quarters of an hour.
        utc_offset_quarters: i8 = 0, ["Q-G5"];
        /// Who waits for a wished delivery time: "ours" or "operator".
        schedule: Schedule = Schedule::Ours, ["Q-G6"];
        /// Whether the operator takes messages back by cancel_sm. Clients may then withdraw what is with it.
        cancel: bool = false, ["Q-I5"];
        /// sm_default_msg_id, for canned messages of the SMSC that are sent when the text is empty.
        default_message_id: u8 = 0, ["Q-G12"];
    }
}
