//! No faster than agreed, and no faster than the operator lets us: a pace per segment with a burst, a share of it kept for
//! OTPs, and the rest that a throttling operator asks for.
//!
//! The share of OTPs ([`FlowSettings::otp_reserved_percent`]) is kept free for a minute after each OTP, so that a connector
//! without any uses all of its throughput. An OTP also goes before everything else that waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng as _;
use sambac_domain::profile::FlowSettings;
use sambac_domain::throughput::Throughput as Limit;
use sambac_domain::time::Timestamp;
use tokio::time::Instant;

use super::learned::{Learned, Tally};

/// A burst that nobody has set makes up for so much idle time.
const BURST_MS: u64 = 50;
/// How long after an OTP its share is kept.
const OTP_KEPT: Duration = Duration::from_secs(60);

/// Hands out moments at which a segment may be sent.
#[derive(Debug)]
pub(super) struct Throughput {
    state: Mutex<State>,
    answers: Mutex<Answers>,
}

/// What is configured.
#[derive(Debug, Clone, Copy)]
struct Rules {
    limit: Limit,
    otp_percent: u8,
    learns: bool,
}

/// A segment may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Share of throughput and window that only OTPs may use now, in percent.
    pub(super) otp_percent: u8,
}

/// How fast it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Speed {
    /// The rate learned from the operator's throttling, in segments a second.
    pub(super) learned_per_s: Option<u64>,
    /// What is left of the rest.
    pub(super) paused: Duration,
}

#[derive(Debug)]
struct State {
    rules: Rules,
    /// When the next segment may go, and when the next that is no OTP may.
    next: Instant,
    next_other: Instant,
    /// The next one had to wait: the pace is what limits.
    waited: bool,
    otp_at: Option<Instant>,
    paused_until: Option<Instant>,
    learned: Option<Learned>,
}

/// What the answers told.
#[derive(Debug)]
struct Answers {
    tally: Tally,
    /// When the last throttle came that began a rest.
    throttled_at: Timestamp,
    /// Rests since something was taken.
    rests: u32,
    rest_min: Duration,
    rest_max: Duration,
}

impl Throughput {
    /// `limit` holds when the profile has none of its own.
    pub(super) fn new(limit: Limit, flow: &FlowSettings, now: Instant) -> Self {
        let rules = Rules::new(limit, flow);
        let (next, next_other) = (now, now);
        let state = State { rules, next, next_other, waited: false, otp_at: None, paused_until: None, learned: None };
        let (rest_min, rest_max) = rests(flow);
        let answers = Answers { tally: Tally::default(), throttled_at: Timestamp::EPOCH, rests: 0, rest_min, rest_max };
        Self { state: Mutex::new(state), answers: Mutex::new(answers) }
    }

    /// From now on so fast at most. What was learned stays, unless it was learned for another limit.
    pub(super) fn configure(&self, limit: Limit, flow: &FlowSettings) {
        let mut answers = self.answers();
        (answers.rest_min, answers.rest_max) = rests(flow);
        drop(answers);
        let mut state = self.state();
        let rules = Rules::new(limit, flow);
        if rules.limit != state.rules.limit || !rules.learns {
            state.learned = None;
        }
        state.rules = rules;
    }

    /// Takes the next place for an OTP or for something else.
    ///
    /// # Errors
    /// When to ask again.
    pub(super) fn take(&self, otp: bool, now: Instant) -> Result<Turn, Instant> {
        let mut state = self.state();
        if let Some(until) = state.paused_until {
            if now < until {
                return Err(until);
            }
            state.paused_until = None;
        }
        if otp {
            state.otp_at = Some(now);
        }
        let kept = state.otp_at.is_some_and(|at| now.saturating_duration_since(at) < OTP_KEPT);
        let turn = Turn { otp_percent: if kept { state.rules.otp_percent } else { 0 } };
        let Some(interval) = state.interval() else { return Ok(turn) };
        let due = if otp { state.next } else { state.next.max(state.next_other) };
        if now < due {
            state.waited = true;
            return Err(due);
        }
        state.grow(now);
        let earliest = now.checked_sub(state.rules.burst(interval)).unwrap_or(now);
        state.next = state.next.max(earliest) + interval;
        if !otp {
            let interval = interval * 100 / u32::from(100 - turn.otp_percent.min(90));
            state.next_other = state.next_other.max(earliest) + interval;
        }
        Ok(turn)
    }

    /// The operator took a segment: the next rest begins short again.
    pub(super) fn accepted(&self, now: Timestamp) {
        let mut answers = self.answers();
        answers.tally.accepted(now);
        answers.rests = 0;
    }

    /// The operator said that a segment sent at `sent_at` came too fast: nothing goes for a while, longer with each throttle
    /// that follows. What had been sent before the last rest adds nothing to it.
    pub(super) fn throttled(&self, sent_at: Timestamp, at: Timestamp, now: Instant) {
        let mut answers = self.answers();
        answers.tally.throttled(at);
        let Some(rest) = answers.rest(sent_at, at) else { return };
        let observed = answers.tally.observe(at);
        drop(answers);
        let mut state = self.state();
        state.pause(rest, now);
        if state.rules.learns {
            state.learned = Learned::after_throttle(state.learned, state.rules.limit, observed, now);
        }
    }

    /// Nothing goes for `pause`.
    pub(super) fn pause(&self, pause: Duration, now: Instant) {
        self.state().pause(pause, now);
    }

    /// Nothing goes for the usual rest, which grows until something is taken; nothing is learned from it.
    pub(super) fn rest(&self, sent_at: Timestamp, at: Timestamp, now: Instant) {
        let rest = self.answers().rest(sent_at, at);
        if let Some(rest) = rest {
            self.pause(rest, now);
        }
    }

    /// Segments that pass in `span`: as many may be prepared ahead without delaying a more urgent one.
    pub(super) fn within(&self, span: Duration) -> usize {
        let interval = self.state().interval();
        let count = interval.map_or(usize::MAX as u128, |interval| span.as_nanos() / interval.as_nanos().max(1));
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// How fast it is now.
    pub(super) fn speed(&self, now: Instant) -> Speed {
        let state = self.state();
        Speed {
            learned_per_s: state.learned.map(Learned::per_s),
            paused: state.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rules {
    fn new(limit: Limit, flow: &FlowSettings) -> Self {
        let limit = if flow.throughput.is_unlimited() { limit } else { flow.throughput };
        Self { limit, otp_percent: flow.otp_reserved_percent, learns: flow.learn_throughput }
    }

    /// How far the pace may lag behind before what was not sent is forgotten.
    fn burst(self, interval: Duration) -> Duration {
        let wanted = self.limit.burst().map(|burst| interval.saturating_mul(burst.saturating_sub(1)));
        wanted.unwrap_or(Duration::from_millis(BURST_MS))
    }
}

impl State {
    fn interval(&self) -> Option<Duration> {
        let limit = self.rules.limit;
        let agreed = (!limit.is_unlimited()).then(|| Duration::from_nanos(limit.interval_ns()));
        self.learned.map(Learned::interval).or(agreed)
    }

    /// A learned rate rises while it is what limits, until the agreed one is reached.
    fn grow(&mut self, now: Instant) {
        let waited = std::mem::take(&mut self.waited);
        let Some(learned) = self.learned.as_mut() else { return };
        learned.grow(waited, now);
        let agreed = Duration::from_nanos(self.rules.limit.interval_ns());
        if learned.interval() <= agreed || learned.is_boundless() {
            self.learned = None;
        }
    }

    fn pause(&mut self, pause: Duration, now: Instant) {
        let until = now + pause;
        self.paused_until = Some(self.paused_until.map_or(until, |present| present.max(until)));
    }
}

impl Answers {
    /// The rest that a throttle begins: between the shortest and one that doubles each time, so that several connectors to
    /// one SMSC do not come back at once. `None` when what was throttled had been sent before the last rest.
    fn rest(&mut self, sent_at: Timestamp, at: Timestamp) -> Option<Duration> {
        if sent_at <= self.throttled_at {
            return None;
        }
        self.throttled_at = at;
        self.rests = self.rests.saturating_add(1);
        let longest = self.rest_min.saturating_mul(2_u32.saturating_pow(self.rests)).min(self.rest_max);
        Some(rand::rng().random_range(self.rest_min..=longest.max(self.rest_min)))
    }
}

fn rests(flow: &FlowSettings) -> (Duration, Duration) {
    let (min, max) = (flow.throttle_pause_min_ms, flow.throttle_pause_max_ms);
    (Duration::from_millis(min), Duration::from_millis(max.max(min)))
}

#[cfg(test)]
mod tests;
