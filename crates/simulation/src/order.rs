//! What clients want sent, and what they were answered.

use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::time::Timestamp;

use crate::dice::Dice;
use crate::times::Times;

/// By which way a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The engine's own function, as the REST API calls it, with an idempotency key.
    Api,
    /// A `submit_sm`, which has none.
    Smpp,
}

/// What a client knows of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Not asked yet, or asked and not answered.
    Nothing,
    /// It was taken: its number, and until when it is worth sending.
    Accepted { id: String, expires_at: Option<Timestamp>, at: Timestamp },
    /// It was refused for good.
    Refused { code: String },
    /// The client asks no more.
    GivenUp,
}

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) account: usize,
    pub(crate) way: Way,
    pub(crate) class: TrafficClass,
    pub(crate) text: String,
    pub(crate) to: String,
    pub(crate) validity: Duration,
    pub(crate) known: Known,
    /// An attempt ended without an answer: it may have been taken.
    pub(crate) in_doubt: bool,
    /// The states that its client's ESME was told.
    pub(crate) told: Vec<String>,
}

/// Seventeen of them fill a segment of several: each begins with one.
fn word(no: usize) -> String {
    format!("#{no:07} ")
}

/// Characters of a segment that is one of several.
const SEGMENT: usize = 153;
/// Characters of one that is alone.
const ALONE: usize = 160;

impl Order {
    /// How many segments it takes.
    pub(crate) fn segments(&self) -> usize {
        if self.text.len() <= ALONE { 1 } else { self.text.len().div_ceil(SEGMENT) }
    }

    /// What a segment says, counted from 1.
    pub(crate) fn segment(&self, part: u8) -> String {
        if self.segments() == 1 {
            return self.text.clone();
        }
        let from = usize::from(part).saturating_sub(1) * SEGMENT;
        self.text.chars().skip(from).take(SEGMENT).collect()
    }
}

/// All of them; a message is called by its place.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) all: Vec<Order>,
    dice: Vec<Dice>,
    times: Times,
}

impl Orders {
    pub(crate) fn new(seed: u64, accounts: usize, times: Times) -> Self {
        let dice = (0..accounts).map(|no| Dice::named(seed, &format!("client {no}"))).collect();
        Self { all: Vec::new(), dice, times }
    }

    /// The dice of a client.
    pub(crate) fn dice(&mut self, account: usize) -> &mut Dice {
        &mut self.dice[account]
    }

    /// One more message of a client. Its text names it in each segment; those over SMPP have numbers of their own.
    pub(crate) fn add(&mut self, account: usize, way: Way) -> usize {
        let no = self.all.len();
        let dice = &mut self.dice[account];
        let class = match dice.between(0, 9) {
            0..=4 => TrafficClass::Otp,
            5..=7 => TrafficClass::Transactional,
            _ => TrafficClass::Marketing,
        };
        let words = if dice.per_mille(150) { dice.between(18, 60) } else { dice.between(1, 8) };
        let text = word(no).repeat(usize::try_from(words).unwrap_or(1));
        let to = match way {
            Way::Api => format!("99900{:07}", dice.between(0, 400)),
            Way::Smpp => format!("99901{no:07}"),
        };
        let validity = match class {
            TrafficClass::Otp => dice.of(self.times.otp),
            _ => dice.of(self.times.others),
        };
        // The engine keeps whole seconds of it over SMPP.
        let validity = Duration::from_secs(validity.as_secs());
        // The class of what comes over SMPP is the account's.
        let class = if way == Way::Smpp { TrafficClass::Otp } else { class };
        let known = Known::Nothing;
        let order = Order { account, way, class, text, to, validity, known, in_doubt: false, told: Vec::new() };
        self.all.push(order);
        no
    }
}
