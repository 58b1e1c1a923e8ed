//! Ids, receipts and messages from handsets (smsc-quirks, sections B and C, and what comes in of D to F).

use serde::{Deserialize, Serialize};

use super::bind::Table;
use super::section::section;
use crate::ErrorCode;
use crate::receipt::ReceiptState;

/// In which base an id is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdRadix {
    /// Whatever it is: compared as text.
    #[default]
    AsIs,
    /// Decimal.
    Decimal,
    /// Hexadecimal.
    Hex,
}

section! {
    /// How message ids of answers and receipts are made comparable.
    ReceiptIdSettings {
        /// Base of the id in answers: "as_is", "decimal" or "hex". With a base on either side both are compared as numbers, and
        /// "as_is" beside a base is the other base.
        submit_radix: IdRadix = IdRadix::AsIs, ["Q-B1"];
        /// Base of the id in receipts.
        receipt_radix: IdRadix = IdRadix::AsIs, ["Q-B1"];
        /// Whether leading zeros count for nothing.
        strip_zeros: bool = true, ["Q-B2"];
        /// Whether capital and small letters are the same.
        fold_case: bool = true, ["Q-B3"];
        /// What answers put before the id and receipts leave out.
        submit_prefix: String = String::new(), ["Q-B4"];
        /// What receipts put before the id and answers leave out.
        receipt_prefix: String = String::new(), ["Q-B4"];
        /// Only so many characters count, from the left, after the prefix; for receipts that cut the id. 0 = all.
        significant_chars: u8 = 0, ["Q-B4"], 0..=64;
        /// Whether the id of the text counts before that of receipted_message_id. When they differ, the other is tried next.
        prefer_text: bool = false, ["Q-B4"];
        /// Whether unmatched receipts are compared under other forms of id, and a rule is proposed when one fits.
        propose_rule: bool = true, ["Q-B1", "Q-B2", "Q-B3", "Q-B4", "Q-B5"];
        /// Whether a receipt without an id is matched by number, sender and date, when only one message fits.
        match_without_id: bool = true, ["Q-B9", "Q-B16"];
    }
}

/// What makes a PDU a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detect {
    /// The type bits of esm_class only.
    Bits,
    /// The type bits, or receipted_message_id.
    #[default]
    BitsOrTlv,
    /// As before, or a text that reads like a receipt and names an id that we know.
    BitsTlvOrText,
}

/// Text or optional parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// message_state counts.
    #[default]
    Tlv,
    /// `stat:` counts.
    Text,
}

/// Which of two final receipts counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichFinal {
    /// The first; later ones are kept as events.
    #[default]
    First,
    /// The last: the state is corrected, and the client told again. Money stays as the first said.
    Last,
}

/// For which segments receipts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptParts {
    /// For each.
    #[default]
    Each,
    /// For one of them, which speaks for all.
    One,
}

/// For which segments receipts are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptedSegments {
    /// For each.
    #[default]
    Each,
    /// For the last only.
    Last,
    /// For none: a message ends, as delivered to the operator, when it has taken it.
    Never,
}

section! {
    /// What a receipt looks like and what it decides.
    ReceiptSettings {
        /// For which segments receipts are asked: "each", "last" or "never". Without any, a message ends as `delivered_to_operator`
        /// when the operator has taken it, and is paid for.
        ask: ReceiptedSegments = ReceiptedSegments::Each, ["Q-B14"];
        /// Whether intermediate notifications are asked for, too.
        ask_intermediate: bool = false, ["Q-B10"];
        /// Whether each segment gets its receipt ("each") or one speaks for all ("one").
        come_for: ReceiptParts = ReceiptParts::Each, ["Q-B14", "Q-B15"];
        /// What makes a PDU a receipt: "bits", "bits_or_tlv" or "bits_tlv_or_text".
        detect: Detect = Detect::BitsOrTlv, ["Q-C1", "Q-C2"];
        /// Words of `stat:` that are the operator's own: word = state.
        words: Table<ReceiptState> = Table::new(), ["Q-C4", "Q-C15"];
        /// Numbers of message_state that are the operator's own: number = state.
        numbers: Table<ReceiptState> = Table::new(), ["Q-C9"];
        /// Which counts when text and message_state differ: "tlv" or "text".
        prefer: Prefer = Prefer::Tlv, ["Q-C8", "Q-C10"];
        /// Offset of the dates from UTC. Not given: learned from when receipts come.
        utc_offset_minutes: Option<i16> = None, ["Q-C5"];
        /// What the operator's error codes mean: code = code of our catalogue. Codes are compared as text, without leading zeros.
        error_codes: Table<ErrorCode> = Table::new(), ["Q-C6"];
        /// Which of two final receipts counts: "first" or "last".
        which_final: WhichFinal = WhichFinal::First, ["Q-B11"];
        /// How long after its validity a receipt is still matched.
        kept_h: u16 = 72, ["Q-B13", "Q-C17"], 1..=8_760;
        /// How long after a segment's answer the operator is asked by query_sm what became of it, while its receipt has not come; and
        /// again after as long. Only when nothing else is to be sent. 0 = never.
        query_after_s: u32 = 0, ["Q-I4"], 0..=604_800;
        /// How often at most the operator is asked about one segment.
        query_attempts_max: u8 = 3, ["Q-I4"], 1..=100;
        /// How long a receipt that matches nothing is tried again, before it is left to a person.
        orphan_retry_h: u16 = 24, ["Q-B6"], 1..=8_760;
    }
}

section! {
    /// Messages from handsets.
    MoSettings {
        /// Whether they are taken.
        take: bool = true, ["Q-C2"];
        /// How long the segments of a message are waited for; then what is there is handed on, marked incomplete.
        reassembly_timeout_s: u32 = 1_800, ["Q-F6"], 1..=86_400;
        /// How long the same words of the same handset may be the same delivery once more, by any bind: acknowledged, and no second
        /// message. They are, when our answer to the first may have been lost (its session has ended, or it came late), when
        /// the handset's reference (user_message_reference, or a part's) is the same, or within `repeat_min_s`; else the person
        /// has written again. 0 = each is a message.
        duplicate_window_s: u32 = 120, ["Q-F6", "Q-A18"], 0..=86_400;
        /// Sooner than that nobody writes the same again, whatever became of our answer.
        repeat_min_s: u32 = 5, ["Q-F6"], 0..=86_400;
        /// Whether the same words within `duplicate_window_s` are one message also when our answer to the first has arrived.
        repeats_are_one: bool = false, ["Q-F6"];
        /// command_status for what we cannot store at present, so that the SMSC sends it again.
        store_down_status: u32 = 0x64, ["Q-D10"], 1..=0xFFFF_FFFF;
        /// command_status for what no route takes.
        no_route_status: u32 = 0, ["Q-D10"];
    }
}
