//! Destinations that choose their own outcome: numbers in +999 (a country code that is not assigned; Sambac takes it for the
//! test network 001/01) by their last three digits, as `+999000000030`. The table below is the truth;
//! `docs/reference/simulator.md` is checked against it.

use std::fmt::Write as _;

use super::plan::{Answer, Plan, Planned};
use super::state::ReceiptState;

/// One row: the last three digits and what they bring about.
pub(crate) struct Magic {
    /// The last three digits.
    pub(crate) code: u16,
    /// In words, for the reference page.
    pub(crate) what: &'static str,
    /// How many attempts at the same destination get `first` before the others get `then`.
    pub(crate) first_count: u32,
    first: Answer,
    then: Answer,
    answer_after_ms: u32,
    receipts: [Option<(ReceiptState, u32)>; 2],
    before_answer: bool,
    /// Whether the handset answers with `YES`.
    reply: bool,
}

/// The row of a destination; `None` when it is not in +999 or its digits have no meaning.
pub(crate) fn find(destination: &[u8]) -> Option<&'static Magic> {
    let digits = destination.strip_prefix(b"+").unwrap_or(destination);
    if !digits.starts_with(b"999") || digits.len() < 7 {
        return None;
    }
    let last = digits.last_chunk::<3>().filter(|last| last.iter().all(u8::is_ascii_digit))?;
    let code = last.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    TABLE.iter().find(|row| row.code == code)
}

impl Magic {
    /// What becomes of the message, at its `attempt`-th arrival (from 0).
    pub(crate) fn plan(&self, attempt: u32) -> Plan {
        let answer = if attempt < self.first_count { self.first } else { self.then };
        let accepted = matches!(answer, Answer::Accept | Answer::AcceptWithoutId);
        let planned = |(state, after_ms): (ReceiptState, u32)| Planned {
            state,
            after_us: u64::from(after_ms) * 1_000,
            before_answer: self.before_answer,
        };
        Plan {
            answer,
            answer_after_us: u64::from(self.answer_after_ms) * 1_000,
            reply: self.reply && accepted,
            receipts: if accepted { self.receipts.map(|receipt| receipt.map(planned)) } else { [None, None] },
        }
    }
}

/// The table as Markdown: the part of `docs/reference/simulator.md` that must not go stale.
pub(crate) fn markdown() -> String {
    let mut text = String::from("| Last digits | Example | What happens |\n|---|---|---|\n");
    for row in TABLE {
        let _ = writeln!(text, "| `{0:03}` | `+999000000{0:03}` | {1} |", row.code, row.what);
    }
    text
}

const DELIVERED: Magic = Magic {
    code: 0,
    what: "Delivered at once",
    first_count: 0,
    first: Answer::Accept,
    then: Answer::Accept,
    answer_after_ms: 0,
    receipts: [Some((ReceiptState::Delivered, 0)), None],
    before_answer: false,
    reply: false,
};

const fn delivered(code: u16, what: &'static str, after_ms: u32) -> Magic {
    Magic { code, what, receipts: [Some((ReceiptState::Delivered, after_ms)), None], ..DELIVERED }
}

const fn ends(code: u16, what: &'static str, state: ReceiptState) -> Magic {
    Magic { code, what, receipts: [Some((state, 100)), None], ..DELIVERED }
}

const fn two(code: u16, what: &'static str, first: ReceiptState, then: ReceiptState) -> Magic {
    Magic { code, what, receipts: [Some((first, 50)), Some((then, 200))], ..DELIVERED }
}

const fn first(code: u16, what: &'static str, first_count: u32, first: Answer) -> Magic {
    Magic { code, what, first_count, first, ..DELIVERED }
}

const fn refused(code: u16, what: &'static str, status: u32) -> Magic {
    Magic { code, what, then: Answer::Refuse(status), ..DELIVERED }
}

const NO_RECEIPT: Magic = Magic { receipts: [None, None], ..DELIVERED };

/// Every magic number. 000–009 delivered, 010–019 other ends, 020–029 odd receipts, 030–039 at first not taken,
/// 040–049 refused for good, 050–059 odd answers, 060–069 handsets that answer.
pub(crate) const TABLE: &[Magic] = &[
    DELIVERED,
    delivered(1, "Delivered after 5 s", 5_000),
    delivered(2, "Delivered after 30 s", 30_000),
    ends(10, "Undelivered, error 027 (absent subscriber)", ReceiptState::Undelivered),
    ends(11, "Expired at the operator, error 254", ReceiptState::Expired),
    ends(12, "Taken, then rejected by receipt, error 013", ReceiptState::Rejected),
    ends(13, "Deleted at the operator, error 252", ReceiptState::Deleted),
    ends(
        14,
        "The operator does not know (UNKNOWN, error 255), which is no end: it ends as expired by its validity",
        ReceiptState::Unknown,
    ),
    Magic { code: 20, what: "Taken; no receipt, ever", ..NO_RECEIPT },
    Magic { code: 21, what: "Delivered; the receipt comes before the answer", before_answer: true, ..DELIVERED },
    two(22, "Delivered; the receipt comes twice", ReceiptState::Delivered, ReceiptState::Delivered),
    two(23, "Undelivered, then a second receipt says delivered", ReceiptState::Undelivered, ReceiptState::Delivered),
    two(24, "An intermediate receipt (ENROUTE), then delivered", ReceiptState::Enroute, ReceiptState::Delivered),
    two(25, "An intermediate receipt (ACCEPTD), then delivered", ReceiptState::Accepted, ReceiptState::Delivered),
    two(26, "An intermediate receipt (UNKNOWN), then delivered", ReceiptState::Unknown, ReceiptState::Delivered),
    first(30, "Throttled (0x58) three times, then delivered", 3, Answer::Refuse(0x58)),
    first(31, "Temporary error (0x08) once, then delivered", 1, Answer::Refuse(0x08)),
    first(32, "Queue full (0x14) twice, then delivered", 2, Answer::Refuse(0x14)),
    first(33, "The link is closed instead of the first answer; the next attempt is delivered", 1, Answer::Close),
    refused(40, "Refused: invalid destination (0x0B)", 0x0B),
    refused(41, "Refused: submit failed (0x45)", 0x45),
    refused(42, "Refused: invalid source (0x0A)", 0x0A),
    refused(43, "Refused with a vendor's status (0x401)", 0x401),
    Magic { code: 50, what: "Answered after 5 s, then delivered", answer_after_ms: 5_000, ..DELIVERED },
    Magic { code: 51, what: "Never answered", then: Answer::Silence, ..NO_RECEIPT },
    Magic { code: 52, what: "Taken with an empty message_id; no receipt", then: Answer::AcceptWithoutId, ..NO_RECEIPT },
    Magic { code: 60, what: "Delivered; then the handset answers `YES` to the sender", reply: true, ..DELIVERED },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ascending() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn only_numbers_in_999_with_a_listed_ending_are_magic() {
        assert_eq!(find(b"999000000030").map(|row| row.code), Some(30));
        assert_eq!(find(b"+999123456000").map(|row| row.code), Some(0));
        for other in [&b"447700900030"[..], b"999000000999", b"999", b"99900000003x", b""] {
            assert!(find(other).is_none(), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn a_row_with_a_first_answer_changes_after_that_many_attempts() {
        let row = find(b"999000000030").expect("in the table");
        assert!((0..3).all(|attempt| row.plan(attempt).answer == Answer::Refuse(0x58)));
        assert_eq!(row.plan(0).receipts, [None, None], "what is refused gets no receipt");
        let plan = row.plan(3);
        assert_eq!(
            (plan.answer, plan.receipts[0].map(|receipt| receipt.state)),
            (Answer::Accept, Some(ReceiptState::Delivered))
        );
    }

    #[test]
    fn the_reference_page_holds_this_table() {
        let page = include_str!("../../../../docs/reference/simulator.md");
        assert!(
            page.contains(&markdown()),
            "docs/reference/simulator.md must hold what `sambac simulate --magic` prints"
        );
    }
}
