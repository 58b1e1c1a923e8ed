//! What can be asked of the ledger from outside, and what is answered.

use serde::{Deserialize, Serialize};

use super::hold::{Hold, HoldState};
use crate::id::{AccountId, HoldId};
use crate::money::Currency;
use crate::time::Timestamp;

/// A request that is carried out once, however often it comes: the key is its account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Whose money it is about.
    pub account: AccountId,
    /// What makes a repetition of this one known.
    pub key: String,
    /// Digest of the whole request: the same key with another request is refused.
    pub fingerprint: String,
    /// What is to be done.
    pub order: Order,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Take an amount at once.
    Debit {
        /// How much.
        micros: i64,
    },
    /// Set an amount aside.
    Hold {
        /// How much.
        micros: i64,
        /// When it goes back by itself.
        expires_at: Timestamp,
    },
    /// Take what was set aside.
    Capture {
        /// Of which hold.
        hold: HoldId,
        /// How much; all that is left when not given.
        micros: Option<i64>,
        /// Whether the rest goes back.
        last: bool,
    },
    /// Give back what is left of a hold.
    Void {
        /// Of which.
        hold: HoldId,
    },
    /// Give back what was taken.
    Refund {
        /// By which hold or debit.
        hold: HoldId,
        /// How much; all of it when not given.
        micros: Option<i64>,
    },
}

/// An order's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// [`Order::Debit`].
    Debit,
    /// [`Order::Hold`].
    Hold,
    /// [`Order::Capture`].
    Capture,
    /// [`Order::Void`].
    Void,
    /// [`Order::Refund`].
    Refund,
    /// The time of a hold was over.
    Expire,
}

/// What was done: how the hold was right after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What was asked for.
    pub verb: Verb,
    /// The hold; a debit is one that was captured at once.
    pub hold: HoldId,
    /// How much this moved, in micros; of a capture, what was taken.
    pub moved_micros: i64,
    /// Of the hold, in micros.
    pub amount_micros: i64,
    /// Taken of it.
    pub captured_micros: i64,
    /// Given back of that.
    pub refunded_micros: i64,
    /// Of all of them.
    pub currency: Currency,
    /// How far the hold was.
    pub state: HoldWord,
    /// When the hold ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When this was done.
    pub at: Timestamp,
}

/// A hold's state in a stored answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "HoldState")]
enum HoldStateForm {
    Open,
    Captured,
    Voided,
    Expired,
}

/// [`HoldState`], as it is written in stored answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HoldWord(#[serde(with = "HoldStateForm")] pub HoldState);

/// Why nothing was done. A refusal is kept like an answer: asked again, it is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The account has no wallet.
    NoWallet,
    /// There is too little in it.
    Insufficient,
    /// A sum would not fit.
    TooLarge,
    /// The amount is not above zero.
    Nothing,
    /// The account has no such hold.
    UnknownHold,
    /// The hold has ended.
    Ended(HoldWord),
    /// The time of the hold is over.
    Overdue,
    /// More than this many micros, which are left.
    AboveLeft(i64),
    /// Another one of the linked group was refused, counted from zero.
    Linked(usize),
    /// The key was used for another request. Not kept: the first answer is.
    KeyUsed,
}

/// What is answered.
pub type Answer = Result<Done, Refusal>;

impl Verb {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Debit, Self::Hold, Self::Capture, Self::Void, Self::Refund, Self::Expire];

    /// The stored word, as in serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Expire => "expire",
        }
    }

    /// The verb of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }
}

impl Order {
    /// Its kind.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Debit { .. } => Verb::Debit,
            Self::Hold { .. } => Verb::Hold,
            Self::Capture { .. } => Verb::Capture,
            Self::Void { .. } => Verb::Void,
            Self::Refund { .. } => Verb::Refund,
        }
    }

    /// The hold that it is about, when there is one already.
    pub const fn hold(&self) -> Option<HoldId> {
        match self {
            Self::Debit { .. } | Self::Hold { .. } => None,
            Self::Capture { hold, .. } | Self::Void { hold } | Self::Refund { hold, .. } => Some(*hold),
        }
    }
}

impl Done {
    pub(super) fn new(
        verb: Verb,
        id: HoldId,
        hold: &Hold,
        moved_micros: i64,
        currency: Currency,
        at: Timestamp,
    ) -> Self {
        Self {
            verb,
            hold: id,
            moved_micros,
            amount_micros: hold.amount_micros,
            captured_micros: hold.captured_micros,
            refunded_micros: hold.refunded_micros,
            currency,
            state: HoldWord(hold.state),
            expires_at: hold.expires_at,
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_stored_as_its_word() {
        assert_eq!(Verb::ALL.map(Verb::as_str), ["debit", "hold", "capture", "void", "refund", "expire"]);
        assert_eq!(Verb::ALL.map(|verb| Verb::from_word(verb.as_str())), Verb::ALL.map(Some));
        assert_eq!(Verb::from_word("take"), None);
    }

    #[test]
    fn an_answer_goes_round_through_its_stored_form() {
        let hold = Hold::open(100, Timestamp(9));
        let done = Done::new(Verb::Hold, HoldId::from_raw(256), &hold, 100, "EUR".parse().unwrap(), Timestamp(7));
        for answer in [Ok(done), Err(Refusal::Insufficient), Err(Refusal::Ended(HoldWord(HoldState::Voided)))] {
            let text = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer, "{text}");
        }
    }
}
