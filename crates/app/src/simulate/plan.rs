//! Decides what becomes of each `submit_sm`: pure but for its own dice and counters, so a seed replays a run.
//!
//! ```text
//! let plan = planner.plan(&Arrival { source, destination, receipt_asked: true, now_us });
//! plan.answer; plan.receipts[0]
//! ```

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use super::accept::Accept;
use super::chance::Dice;
use super::magic;
use super::refusals::{Fields, Refusals};
use super::scenario::{AnswerProfile, IdForm, Profile, ReceiptFormat, ReceiptProfile, Scenario};
use super::shape::Shape;
use super::state::ReceiptState;

/// What is done with one `submit_sm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) answer: Answer,
    /// Microseconds from arrival to answer.
    pub(crate) answer_after_us: u64,
    pub(crate) receipts: [Option<Planned>; 2],
    /// Whether the handset answers with a message of its own.
    pub(crate) reply: bool,
}

/// The answer to a `submit_sm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// ESME_ROK with a message_id.
    Accept,
    /// ESME_ROK with an empty message_id.
    AcceptWithoutId,
    /// This command_status.
    Refuse(u32),
    /// None, ever.
    Silence,
    /// None: the link is closed.
    Close,
    /// The same, and the message is taken.
    TakeAndClose,
}

/// A receipt to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) state: ReceiptState,
    /// Microseconds after the answer; after the arrival when it comes before the answer.
    pub(crate) after_us: u64,
    pub(crate) before_answer: bool,
}

/// What the decision is made from.
pub(crate) struct Arrival<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) destination: &'a [u8],
    /// Whether registered_delivery asks for a final receipt.
    pub(crate) receipt_asked: bool,
    /// Monotonic microseconds.
    pub(crate) now_us: u64,
    /// What it has besides.
    pub(crate) fields: Fields,
}

/// What the sender of the answer and of the receipts must know beside the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forms {
    pub(crate) id: IdForm,
    pub(crate) receipt: ReceiptFormat,
    pub(crate) shape: Option<Arc<Shape>>,
    /// What is insisted on; the message itself is needed to tell whether it is so.
    pub(crate) accept: Option<Arc<Accept>>,
}

/// Makes the plans of one simulator.
pub(crate) struct Planner {
    scenario: Scenario,
    dice: Dice,
    /// Messages seen by rule; 0 is "no rule".
    seen: Vec<Seen>,
    attempts: Attempts,
    refusals: Refusals,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    messages: u64,
    /// When the next message is due at the permitted rate.
    due_us: u64,
}

impl Plan {
    /// The same message refused: nothing comes of it.
    pub(crate) fn refused(self, status: u32) -> Self {
        Self { answer: Answer::Refuse(status), receipts: [None, None], reply: false, ..self }
    }
}

impl Planner {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let seen = vec![Seen::default(); scenario.rules.len() + 1];
        let refusals = Refusals::new(scenario.status.clone());
        Self { dice: Dice::new(scenario.seed), scenario, seen, attempts: Attempts::default(), refusals }
    }

    /// The plan for one message, and the forms of its ids and receipts.
    pub(crate) fn plan(&mut self, arrival: &Arrival<'_>) -> (Plan, Forms) {
        let (rule, profile) = self.scenario.profile_for(arrival.source, arrival.destination);
        let (shape, accept) = (profile.shape.clone(), profile.accept.clone());
        let forms = Forms { id: profile.answer.message_id, receipt: profile.receipt.format, shape, accept };
        let magic = magic::find(arrival.destination).filter(|_| self.scenario.magic);
        if let Some(row) = magic {
            let attempt = self.attempts.count(arrival.destination, row.first_count);
            return (row.plan(attempt), forms);
        }
        let answer = match self.refusals.status(arrival, &mut self.dice) {
            Some(status) => Answer::Refuse(status),
            None => answer(&profile.answer, &mut self.seen[rule], &mut self.dice, arrival.now_us),
        };
        (planned(profile, answer, &mut self.dice, arrival.receipt_asked), forms)
    }

    /// 128 random bits, for ids in the form of a UUID.
    pub(crate) fn bits(&mut self) -> u128 {
        self.dice.bits()
    }
}

/// Counted faults come first, then the rate limit, then chance.
fn answer(profile: &AnswerProfile, seen: &mut Seen, dice: &mut Dice, now_us: u64) -> Answer {
    let number = seen.messages;
    seen.messages += 1;
    let throttled = Answer::Refuse(0x58);
    if number < u64::from(profile.throttle_first) {
        return throttled;
    }
    let refused_first = u64::from(profile.throttle_first) + u64::from(profile.temporary_first);
    if number < refused_first {
        return Answer::Refuse(profile.temporary_status);
    }
    if number < refused_first + u64::from(profile.close_first) {
        return if dice.below(2) == 0 { Answer::Close } else { Answer::TakeAndClose };
    }
    if profile.close_every > 0 && seen.messages.is_multiple_of(u64::from(profile.close_every)) {
        return Answer::Close;
    }
    if above_rate(profile.throughput_per_s_max, seen, now_us) || dice.happens(profile.throttle) {
        return throttled;
    }
    let faults = [
        (profile.temporary, Answer::Refuse(profile.temporary_status)),
        (profile.reject, Answer::Refuse(profile.reject_status)),
        (profile.drop_answer, Answer::Silence),
        (profile.close, Answer::Close),
        (profile.close_taken, Answer::TakeAndClose),
    ];
    faults.into_iter().find(|(chance, _)| dice.happens(*chance)).map_or(Answer::Accept, |(_, answer)| answer)
}

/// Each message moves the due time on by its share of a second; a tenth of a second may be used up ahead.
fn above_rate(throughput_per_s_max: u32, seen: &mut Seen, now_us: u64) -> bool {
    const BURST_US: u64 = 100_000;
    if throughput_per_s_max == 0 {
        return false;
    }
    let due_us = seen.due_us.max(now_us);
    if due_us - now_us > BURST_US {
        return true;
    }
    seen.due_us = due_us + 1_000_000 / u64::from(throughput_per_s_max);
    false
}

/// Delays and receipts for an answer. A message taken without one gets its receipt like any other.
fn planned(profile: &Profile, answer: Answer, dice: &mut Dice, receipt_asked: bool) -> Plan {
    use Answer::{Accept, AcceptWithoutId, Silence, TakeAndClose};
    let taken = matches!(answer, Accept | AcceptWithoutId | Silence | TakeAndClose);
    let answer_after_us = dice.delay_us(profile.answer.delay);
    let wanted = taken && (receipt_asked || !profile.receipt.only_when_asked);
    let receipts = if wanted { receipts(&profile.receipt, dice) } else { [None, None] };
    Plan { answer, answer_after_us, receipts, reply: false }
}

fn receipts(profile: &ReceiptProfile, dice: &mut Dice) -> [Option<Planned>; 2] {
    if !dice.happens(profile.given) {
        return [None, None];
    }
    let receipt = Planned {
        state: state(&profile.states, dice),
        after_us: dice.delay_us(profile.delay),
        before_answer: dice.happens(profile.before_answer),
    };
    [Some(receipt), dice.happens(profile.duplicate).then_some(receipt)]
}

fn state(shares: &[(ReceiptState, u32)], dice: &mut Dice) -> ReceiptState {
    if let [(only, _)] = shares {
        return *only;
    }
    let sum = shares.iter().fold(0_u32, |sum, (_, share)| sum.saturating_add(*share));
    let mut left = dice.below(sum);
    for (state, share) in shares {
        if left < *share {
            return *state;
        }
        left -= share;
    }
    ReceiptState::Delivered
}

/// Attempts at magic destinations. Bounded: when it is full it starts anew.
#[derive(Default)]
struct Attempts(HashMap<u64, u32>);

impl Attempts {
    const MAX: usize = 65_536;

    /// How many attempts came before this one. After `first_count` of them the count begins again.
    fn count(&mut self, destination: &[u8], first_count: u32) -> u32 {
        if first_count == 0 {
            return 0;
        }
        let key = BuildHasherDefault::<DefaultHasher>::default().hash_one(destination);
        if self.0.len() >= Self::MAX && !self.0.contains_key(&key) {
            self.0.clear();
        }
        let attempt = self.0.get(&key).copied().unwrap_or(0);
        if attempt < first_count {
            self.0.insert(key, attempt + 1);
        } else {
            self.0.remove(&key);
        }
        attempt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planner(text: &str) -> Planner {
        Planner::new(Scenario::parse("s.toml", text).expect("well formed"))
    }

    fn arrival(destination: &'static [u8], now_us: u64) -> Arrival<'static> {
        Arrival { source: b"Bank", destination, receipt_asked: true, now_us, fields: Fields::default() }
    }

    fn answers(planner: &mut Planner, destination: &'static [u8], count: usize) -> Vec<Answer> {
        (0..count).map(|_| planner.plan(&arrival(destination, 0)).0.answer).collect()
    }

    #[test]
    fn a_healthy_operator_accepts_and_sends_one_receipt() {
        let (plan, _) = planner("").plan(&arrival(b"447700900123", 0));
        let receipt = Planned { state: ReceiptState::Delivered, after_us: 0, before_answer: false };
        assert_eq!(
            plan,
            Plan { answer: Answer::Accept, answer_after_us: 0, receipts: [Some(receipt), None], reply: false }
        );
    }

    #[test]
    fn counted_faults_come_in_their_order() {
        let mut planner = planner("[answer]\nthrottle_first = 2\ntemporary_first = 1\nclose_every = 5");
        let got = answers(&mut planner, b"447700900123", 6);
        let (throttled, temporary) = (Answer::Refuse(0x58), Answer::Refuse(0x08));
        assert_eq!(got, [throttled, throttled, temporary, Answer::Accept, Answer::Close, Answer::Accept]);
        let mut all = self::planner("[answer]\nclose_taken = 1.0");
        assert_eq!(answers(&mut all, b"447700900123", 1), [Answer::TakeAndClose]);
    }

    #[test]
    fn what_is_taken_before_the_link_is_closed_gets_its_receipt() {
        let mut planner = planner("seed = 1\n[answer]\nclose_first = 40");
        let plans: Vec<_> = (0..41).map(|_| planner.plan(&arrival(b"447700900123", 0)).0).collect();
        let taken = plans[..40].iter().filter(|plan| plan.answer == Answer::TakeAndClose).count();
        assert!((10..=30).contains(&taken), "{taken} of 40");
        let closed = |plan: &Plan| [Answer::Close, Answer::TakeAndClose].contains(&plan.answer);
        assert!(plans[..40].iter().all(closed) && !closed(&plans[40]));
        assert!(plans.iter().all(|plan| plan.receipts[0].is_some() == (plan.answer != Answer::Close)));
    }

    #[test]
    fn the_same_seed_replays_the_same_run() {
        let text =
            "seed = 9\n[answer]\nthrottle = 0.3\ndelay_ms = [0, 9]\n[receipt]\nstates = { delivered = 1, expired = 1 }";
        let run = || {
            let mut planner = planner(text);
            (0..200).map(|_| planner.plan(&arrival(b"447700900123", 0)).0).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        assert!(run().iter().any(|plan| plan.answer == Answer::Refuse(0x58)));
        assert!(run().iter().any(|plan| plan.receipts[0].is_some_and(|r| r.state == ReceiptState::Expired)));
    }

    #[test]
    fn the_permitted_rate_is_kept_over_a_second() {
        let mut planner = planner("[answer]\nthroughput_per_s_max = 100");
        let accepted = (0..1_000_u64)
            .filter(|n| planner.plan(&arrival(b"447700900123", n * 1_000)).0.answer == Answer::Accept)
            .count();
        assert!((100..=115).contains(&accepted), "{accepted}: 100 and the burst");
    }

    #[test]
    fn a_receipt_nobody_asked_for_is_not_sent_unless_told_to() {
        let unasked = || Arrival { receipt_asked: false, ..arrival(b"447700900123", 0) };
        assert_eq!(planner("").plan(&unasked()).0.receipts, [None, None]);
        let (plan, _) = planner("[receipt]\nonly_when_asked = false").plan(&unasked());
        assert!(plan.receipts[0].is_some());
    }

    #[test]
    fn magic_attempts_are_counted_by_destination_and_begin_again() {
        let mut planner = planner("");
        let throttled = Answer::Refuse(0x58);
        let once = [throttled, throttled, throttled, Answer::Accept];
        assert_eq!(answers(&mut planner, b"999000000030", 8), [once, once].concat());
        assert_eq!(answers(&mut planner, b"999000001030", 1), [throttled]);
    }

    #[test]
    fn magic_can_be_switched_off() {
        assert_eq!(answers(&mut planner("magic = false"), b"999000000040", 1), [Answer::Accept]);
    }

    #[test]
    fn attempts_stay_bounded() {
        let mut attempts = Attempts::default();
        for number in 0..100_000_u32 {
            attempts.count(number.to_string().as_bytes(), 1);
        }
        assert!(attempts.0.len() <= Attempts::MAX);
    }
}
