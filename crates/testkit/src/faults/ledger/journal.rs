//! What clients asked for and what they were answered: the one side of the comparison.

use anyhow::{Context as _, Result};
use sambac_domain::parse_micros;
use serde_json::{Value, json};

use crate::scenario::raw_id;

/// An order of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Take at once.
    Debit {
        /// How much.
        micros: i64,
    },
    /// Set aside.
    Hold {
        /// How much.
        micros: i64,
        /// Until when.
        expires_in_s: u32,
    },
    /// Take what is set aside.
    Capture {
        /// Of which hold.
        hold: i64,
        /// How much; all of it when not given.
        micros: Option<i64>,
        /// Whether the rest stays set aside.
        keep_open: bool,
    },
    /// Give back what is set aside.
    Void {
        /// Which.
        hold: i64,
    },
    /// Give back what was taken.
    Refund {
        /// Of which hold.
        hold: i64,
        /// How much; all of it when not given.
        micros: Option<i64>,
    },
}

/// How far a hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Something is set aside.
    Open,
    /// Taken.
    Captured,
    /// Given back.
    Voided,
    /// Given back because its time was over.
    Expired,
}

/// A final answer: of those that ask to come again none is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Carried out.
    Done(Done),
    /// Refused, with this code.
    Refused(Box<str>),
}

/// What an order came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The hold that it made or was about.
    pub hold: i64,
    /// How much it moved, in micros.
    pub moved: i64,
    /// Of the hold, then.
    pub amount: i64,
    /// Of the hold, then.
    pub captured: i64,
    /// Of the hold, then.
    pub refunded: i64,
    /// Of the hold, then.
    pub state: State,
}

/// An order and its answer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose money: a place in the list of accounts.
    pub account: usize,
    /// What was asked.
    pub order: Order,
    /// What was answered.
    pub answer: Option<Answer>,
}

/// All of one client, in the order in which it asked: an order's key is made of the client's number and its place.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The client.
    pub client: usize,
    /// The orders.
    pub entries: Vec<Entry>,
    /// Messages that were sent, by the same rule: what was answered to each.
    pub messages: Vec<Option<i64>>,
    /// Answers that differ from an earlier one to the same key.
    pub contradictions: Vec<String>,
    /// Times that no answer came.
    pub unanswered: u64,
    /// Times that the answer was to come again.
    pub turned_away: u64,
    /// Times that an order was asked again although it had its answer.
    pub asked_again: u64,
}

impl Journal {
    /// The key of an order.
    pub fn key(&self, place: usize) -> String {
        format!("c{}-{place}", self.client)
    }

    /// The key of a message.
    pub fn message_key(&self, place: usize) -> String {
        format!("m{}-{place}", self.client)
    }

    /// The place that a key stands for, with its client: `None` for a key that no client makes.
    pub fn place_of(key: &str) -> Option<(usize, usize)> {
        let (client, place) = key.strip_prefix('c')?.split_once('-')?;
        Some((client.parse().ok()?, place.parse().ok()?))
    }

    /// Keeps the answer to an order; another one than before is a contradiction.
    pub fn answered(&mut self, place: usize, answer: Answer) {
        let key = self.key(place);
        let Some(entry) = self.entries.get_mut(place) else { return };
        match &entry.answer {
            None => entry.answer = Some(answer),
            Some(before) if *before == answer => {}
            Some(before) => self.contradictions.push(format!("{key}: first {before:?}, then {answer:?}")),
        }
    }
}

impl Order {
    /// The body of the request, without its key.
    pub(super) fn to_json(self, account: &str) -> Value {
        let amount = |micros: i64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let hold = |raw: i64| sambac_domain::HoldId::from_raw(raw).to_string();
        let mut body = match self {
            Self::Debit { micros } => json!({ "action": "debit", "amount": amount(micros) }),
            Self::Hold { micros, expires_in_s } => {
                json!({ "action": "hold", "amount": amount(micros), "expires_in_s": expires_in_s })
            }
            Self::Capture { hold: of, micros, keep_open } => {
                json!({ "action": "capture", "charge": hold(of), "amount": micros.map(amount), "keep_open": keep_open })
            }
            Self::Void { hold: of } => json!({ "action": "void", "charge": hold(of) }),
            Self::Refund { hold: of, micros } => {
                json!({ "action": "refund", "charge": hold(of), "amount": micros.map(amount) })
            }
        };
        body["account"] = json!(account);
        body
    }
}

impl Answer {
    /// Reads a charge, or the problem that there is instead.
    pub(super) fn read(status: u16, charge: &Value, problem: &Value) -> Result<Self> {
        if status != 200 {
            return Ok(Self::Refused(problem["code"].as_str().context("no code")?.into()));
        }
        let amount =
            |key: &str| -> Result<i64> { Ok(parse_micros(charge[key].as_str().with_context(|| key.to_owned())?)?) };
        let state = match charge["state"].as_str().context("no state")? {
            "open" => State::Open,
            "captured" => State::Captured,
            "voided" => State::Voided,
            _ => State::Expired,
        };
        let hold = raw_id(charge["charge"].as_str().context("no charge")?)?;
        let (moved, refunded) = (amount("moved")?, amount("refunded")?);
        let done = Done { hold, moved, amount: amount("amount")?, captured: amount("captured")?, refunded, state };
        Ok(Self::Done(done))
    }
}
