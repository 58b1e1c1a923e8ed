//! What a receipt says of a message: `message_state` numbers and the words of receipt texts.

use serde::{Deserialize, Serialize};

/// A state by the SMPP table of `message_state` (3.4, 5.2.28; 5.0, 4.7.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptState {
    /// 0: waits for its delivery time.
    Scheduled,
    /// 1: on its way; also what vendors call buffered, queued or sent.
    Enroute,
    /// 2: on the handset.
    Delivered,
    /// 3: its validity ran out.
    Expired,
    /// 4: removed at the SMSC.
    Deleted,
    /// 5: failed for good.
    Undeliverable,
    /// 6: taken by somebody who is not the handset: another operator, or customer service.
    Accepted,
    /// 7: the SMSC does not know, or says something that we do not know.
    Unknown,
    /// 8: refused.
    Rejected,
    /// 9: passed over on purpose (SMPP 5.0).
    Skipped,
}

use ReceiptState::{
    Accepted, Deleted, Delivered, Enroute, Expired, Rejected, Scheduled, Skipped, Undeliverable, Unknown,
};

const BY_NUMBER: [ReceiptState; 10] =
    [Scheduled, Enroute, Delivered, Expired, Deleted, Undeliverable, Accepted, Unknown, Rejected, Skipped];

/// Words seen in `stat:`, upper case (Q-C4, Q-C15). Numbers are left out: vendors disagree on them.
const BY_WORD: [(&str, ReceiptState); 44] = [
    ("DELIVRD", Delivered),
    ("DELIVERED", Delivered),
    ("DELIVERD", Delivered),
    ("DELIVERED_TO_HANDSET", Delivered),
    ("UNDELIV", Undeliverable),
    ("UNDELIVERABLE", Undeliverable),
    ("UNDELIVERED", Undeliverable),
    ("UNDELIVRD", Undeliverable),
    ("FAILED", Undeliverable),
    ("FAIL", Undeliverable),
    ("ERROR", Undeliverable),
    ("EXPIRED", Expired),
    ("EXPIRD", Expired),
    ("REJECTD", Rejected),
    ("REJECTED", Rejected),
    ("REJECT", Rejected),
    ("BLIST", Rejected),
    ("BLACKLIST", Rejected),
    ("BLACKLISTED", Rejected),
    ("NOROUTE", Rejected),
    ("ACCEPTD", Accepted),
    ("ACCEPTED", Accepted),
    ("ACKED", Accepted),
    ("DELIVERED_TO_OPERATOR", Accepted),
    ("DELIVERED_TO_SMSC", Accepted),
    ("ENROUTE", Enroute),
    ("BUFFRED", Enroute),
    ("BUFFERD", Enroute),
    ("BUFFERED", Enroute),
    ("QUEUED", Enroute),
    ("STAGED", Enroute),
    ("PENDING", Enroute),
    ("SENT", Enroute),
    ("SUBMITD", Enroute),
    ("SUBMITTED", Enroute),
    ("RETRY", Enroute),
    ("DELETED", Deleted),
    ("CANCELED", Deleted),
    ("CANCELLED", Deleted),
    ("SCHEDLD", Scheduled),
    ("SCHEDULED", Scheduled),
    ("SKIPPED", Skipped),
    ("UNKNOWN", Unknown),
    ("UNKNOWNSTATE", Unknown),
];

impl ReceiptState {
    /// The state of a `message_state` value, `None` for numbers outside the table.
    #[must_use]
    pub fn from_message_state(number: u8) -> Option<Self> {
        BY_NUMBER.get(usize::from(number)).copied()
    }

    /// The state of a word in `stat:`, in any case; `None` for words that nobody told us of.
    #[must_use]
    pub fn from_stat(word: &[u8]) -> Option<Self> {
        BY_WORD.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word)).map(|(_, state)| *state)
    }

    /// The `message_state` value.
    #[must_use]
    pub fn message_state(self) -> u8 {
        self as u8
    }

    /// The seven letters of a receipt text (SMPP 3.4, appendix B).
    #[must_use]
    pub fn as_stat(self) -> &'static str {
        match self {
            Scheduled => "SCHEDLD",
            Enroute => "ENROUTE",
            Delivered => "DELIVRD",
            Expired => "EXPIRED",
            Deleted => "DELETED",
            Undeliverable => "UNDELIV",
            Accepted => "ACCEPTD",
            Unknown => "UNKNOWN",
            Rejected => "REJECTD",
            Skipped => "SKIPPED",
        }
    }

    /// Whether no other state should follow. Accepted and Unknown are not final: operators send
    /// DELIVRD after either (Q-B10), and what stays unknown is settled by the message's validity (Q-C17).
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Delivered | Expired | Deleted | Undeliverable | Rejected | Skipped => true,
            Scheduled | Enroute | Accepted | Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_own_words_go_round() {
        for number in 0..10 {
            let state = ReceiptState::from_message_state(number).unwrap();
            assert_eq!(state.message_state(), number);
            assert_eq!(state.as_stat().len(), 7);
            assert_eq!(ReceiptState::from_stat(state.as_stat().as_bytes()), Some(state));
        }
        assert_eq!(ReceiptState::from_message_state(10), None);
    }

    #[test]
    fn words_of_vendors() {
        assert_eq!(ReceiptState::from_stat(b"delivrd"), Some(Delivered));
        assert_eq!(ReceiptState::from_stat(b"BUFFRED"), Some(Enroute));
        assert_eq!(ReceiptState::from_stat(b"Failed"), Some(Undeliverable));
        assert_eq!(ReceiptState::from_stat(b"0"), None);
        assert_eq!(ReceiptState::from_stat(b""), None);
    }

    #[test]
    fn only_ends_are_final() {
        let finals = BY_NUMBER.into_iter().filter(|state| state.is_final()).count();
        assert_eq!(finals, 6);
        assert!(!Accepted.is_final() && !Unknown.is_final());
    }
}
