//! The states of a message and of each of its segments, and which may follow which.
//!
//! States go forward only. A new attempt (throttled, failed over, sent again after no answer) does not move
//! a segment back: it stays `submitting` or `submit_unknown`, and its attempt counter tells.

use serde::{Deserialize, Serialize};

use crate::receipt::ReceiptState;

/// Where a message or a segment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Accepted for a later time.
    Scheduled,
    /// Durable; the client has its answer.
    Accepted,
    /// In a connector's queue.
    Routed,
    /// Written to the operator, or about to be; no answer yet.
    Submitting,
    /// The operator took it and gave it an id.
    Submitted,
    /// Written, and the answer never came: it may or may not have been taken.
    SubmitUnknown,
    /// Final: the handset has it.
    Delivered,
    /// Final: the operator gave up.
    Undelivered,
    /// Final: its validity ended first.
    Expired,
    /// Final: the operator refused it.
    Rejected,
    /// Final: we could not send it.
    Failed,
    /// Final: withdrawn.
    Canceled,
    /// Final: the operator has taken it, and was not asked to tell more.
    DeliveredToOperator,
}

use MessageState::{
    Accepted, Canceled, Delivered, DeliveredToOperator, Expired, Failed, Rejected, Routed, Scheduled, SubmitUnknown,
    Submitted, Submitting, Undelivered,
};

impl MessageState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Scheduled,
        Accepted,
        Routed,
        Submitting,
        Submitted,
        SubmitUnknown,
        Delivered,
        Undelivered,
        Expired,
        Rejected,
        Failed,
        Canceled,
        DeliveredToOperator,
    ];

    /// The number kept in the database.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The state of a database number.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok().and_then(|index| Self::ALL.get(index).copied())
    }

    /// The name used outside, as in serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheduled => "scheduled",
            Accepted => "accepted",
            Routed => "routed",
            Submitting => "submitting",
            Submitted => "submitted",
            SubmitUnknown => "submit_unknown",
            Delivered => "delivered",
            Undelivered => "undelivered",
            Expired => "expired",
            Rejected => "rejected",
            Failed => "failed",
            Canceled => "canceled",
            DeliveredToOperator => "delivered_to_operator",
        }
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Delivered | Undelivered | Expired | Rejected | Failed | Canceled | DeliveredToOperator)
    }

    /// Whether the client pays for it: it is on the handset, or with the operator as far as anybody was asked to tell.
    pub const fn is_paid(self) -> bool {
        matches!(self, Delivered | DeliveredToOperator)
    }

    /// Whether `next` may follow. False for the state itself, and for everything after a final state.
    ///
    /// Steps may be left out, because only some are written down: a message row goes from `accepted`
    /// straight to its final state. `submitted` after `submit_unknown` is an answer that came late.
    pub const fn can_become(self, next: Self) -> bool {
        match self {
            Scheduled => matches!(next, Accepted | Routed | Expired | Rejected | Failed | Canceled),
            _ if self.is_final() => false,
            _ => next.is_final() || next.progress() > self.progress(),
        }
    }

    /// The state that a receipt moves to; `None` when it says only that the message is on its way, or
    /// nothing at all.
    pub const fn from_receipt(receipt: ReceiptState) -> Option<Self> {
        match receipt {
            ReceiptState::Delivered => Some(Delivered),
            ReceiptState::Undeliverable | ReceiptState::Skipped => Some(Undelivered),
            ReceiptState::Expired => Some(Expired),
            ReceiptState::Rejected => Some(Rejected),
            ReceiptState::Deleted => Some(Canceled),
            ReceiptState::Scheduled | ReceiptState::Enroute | ReceiptState::Accepted | ReceiptState::Unknown => None,
        }
    }

    /// What an ESME is told in a receipt.
    pub const fn receipt_state(self) -> ReceiptState {
        match self {
            Scheduled => ReceiptState::Scheduled,
            Accepted | Routed | Submitting | Submitted => ReceiptState::Enroute,
            SubmitUnknown => ReceiptState::Unknown,
            Delivered => ReceiptState::Delivered,
            Undelivered | Failed => ReceiptState::Undeliverable,
            Expired => ReceiptState::Expired,
            Rejected => ReceiptState::Rejected,
            Canceled => ReceiptState::Deleted,
            // ACCEPTD is not delivery to the handset (Q-C15).
            DeliveredToOperator => ReceiptState::Accepted,
        }
    }

    /// The state of a message whose segments are in `segments`.
    ///
    /// While any segment is open: the open state least far on. When all are final: `delivered` if all
    /// are, else the worst, from `rejected` through `failed`, `undelivered`, `expired`, `canceled` to
    /// `delivered_to_operator`.
    /// A message without segments is `accepted`.
    pub fn combine(segments: &[Self]) -> Self {
        let open = segments.iter().filter(|state| !state.is_final()).min_by_key(|state| state.progress());
        let worst = || segments.iter().max_by_key(|state| state.badness());
        open.or_else(worst).copied().unwrap_or(Accepted)
    }

    /// How far on an open state is; final states come last.
    const fn progress(self) -> u8 {
        match self {
            Scheduled => 0,
            Accepted => 1,
            Routed => 2,
            Submitting => 3,
            SubmitUnknown => 4,
            Submitted => 5,
            Delivered | Undelivered | Expired | Rejected | Failed | Canceled | DeliveredToOperator => 6,
        }
    }

    /// How much a final state says against the message.
    const fn badness(self) -> u8 {
        match self {
            DeliveredToOperator => 1,
            Canceled => 2,
            Expired => 3,
            Undelivered => 4,
            Failed => 5,
            Rejected => 6,
            _ => 0,
        }
    }
}

impl std::fmt::Display for MessageState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A row for each state, a column for each next one, both in the order of the codes.
    const ALLOWED: [(&str, &str); 13] = [
        ("scheduled", ".xx.....xxxx."),
        ("accepted", "..xxxxxxxxxxx"),
        ("routed", "...xxxxxxxxxx"),
        ("submitting", "....xxxxxxxxx"),
        ("submitted", "......xxxxxxx"),
        ("submit_unknown", "....x.xxxxxxx"),
        ("delivered", "............."),
        ("undelivered", "............."),
        ("expired", "............."),
        ("rejected", "............."),
        ("failed", "............."),
        ("canceled", "............."),
        ("delivered_to_operator", "............."),
    ];

    #[test]
    fn the_whole_table() {
        for (state, (name, row)) in MessageState::ALL.into_iter().zip(ALLOWED) {
            let next = MessageState::ALL.map(|next| if state.can_become(next) { 'x' } else { '.' });
            assert_eq!((state.as_str(), next.iter().collect::<String>().as_str()), (name, row));
        }
    }

    #[test]
    fn states_go_forward_only() {
        // Nothing can be reached again once left: follow every way from every state.
        for start in MessageState::ALL {
            let mut reached: Vec<_> = MessageState::ALL.into_iter().filter(|next| start.can_become(*next)).collect();
            for index in 0.. {
                let Some(&state) = reached.get(index) else { break };
                let new = MessageState::ALL.into_iter().filter(|next| state.can_become(*next));
                let new: Vec<_> = new.filter(|next| !reached.contains(next)).collect();
                reached.extend(new);
            }
            assert!(!reached.contains(&start), "{start} can come back");
            assert_eq!(reached.is_empty(), start.is_final());
        }
    }

    #[test]
    fn codes_and_names_go_round() {
        for (index, state) in (0_i16..).zip(MessageState::ALL) {
            assert_eq!((state.code(), MessageState::from_code(index)), (index, Some(state)));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
        assert_eq!((MessageState::from_code(13), MessageState::from_code(-1)), (None, None));
    }

    #[test]
    fn receipts_move_to_the_state_they_tell() {
        for number in 0..10 {
            let receipt = ReceiptState::from_message_state(number).unwrap();
            let state = MessageState::from_receipt(receipt);
            assert_eq!(state.is_some_and(MessageState::is_final), receipt.is_final(), "{receipt:?}");
        }
        assert_eq!(MessageState::from_receipt(ReceiptState::Deleted), Some(Canceled));
        assert_eq!(MessageState::from_receipt(ReceiptState::Skipped), Some(Undelivered));
    }

    #[test]
    fn esmes_are_told_final_states_as_final() {
        // Whom the operator tells nothing is told ACCEPTD, which of an operator says too little to be the end.
        for state in MessageState::ALL.into_iter().filter(|state| *state != DeliveredToOperator) {
            let told = state.receipt_state();
            assert_eq!(told.is_final(), state.is_final(), "{state}");
            let back = MessageState::from_receipt(told);
            assert!(state == Failed || !state.is_final() || back == Some(state), "{state} as {told:?}");
        }
    }

    #[test]
    fn segments_combine() {
        for (segments, combined) in [
            (&[][..], Accepted),
            (&[Delivered, Delivered], Delivered),
            (&[Delivered, Expired], Expired),
            (&[Delivered, DeliveredToOperator], DeliveredToOperator),
            (&[DeliveredToOperator, Canceled], Canceled),
            (&[Canceled, Undelivered, Expired], Undelivered),
            (&[Failed, Rejected, Delivered], Rejected),
            (&[Rejected, Submitted], Submitted),
            (&[Submitted, SubmitUnknown, Delivered], SubmitUnknown),
            (&[Submitted, Routed], Routed),
        ] {
            assert_eq!(MessageState::combine(segments), combined, "{segments:?}");
        }
    }

    proptest! {
        #[test]
        fn a_message_is_final_when_all_its_segments_are(
            segments in prop::collection::vec(prop::sample::select(MessageState::ALL.to_vec()), 1..12),
        ) {
            let combined = MessageState::combine(&segments);
            prop_assert_eq!(combined.is_final(), segments.iter().all(|state| state.is_final()));
            prop_assert_eq!(combined == Delivered, segments.iter().all(|state| *state == Delivered));
            prop_assert!(segments.contains(&combined));
            let reversed: Vec<_> = segments.iter().rev().copied().collect();
            prop_assert_eq!(MessageState::combine(&reversed), combined);
        }
    }
}
