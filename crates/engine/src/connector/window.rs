//! How many segments may be unanswered on a bind: small at first, grown while answers are quick, shrunk when they slow down,
//! when the operator throttles and when it says that it is congested.
//!
//! Decisions are made once a *round*, which is as many answers as the window has places. A round of quick answers doubles
//! the window until it was shrunk for the first time, and then adds a sixteenth of the cap: additive increase. A round in
//! which most answers were slow, a throttle or congestion halve it: multiplicative decrease, not again for what had been
//! sent before. A window that is not used up does not grow, as nothing is known of a larger one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_domain::profile::FlowSettings;

/// From here on congestion_state says that the SMSC works at its best: not more, not less (SMPP 5.0, 4.8.4.18).
const OPTIMUM: u8 = 80;
/// From here on it is nearly congested.
const NEAR: u8 = 90;
/// An answer moves the usual time down by a quarter of the difference, up by a part of this: a slow SMSC becomes usual late.
const RISE: u64 = 4_096;

/// What an answer tells about the link.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sign {
    /// From submit to answer.
    pub(super) took: Duration,
    /// It said too fast, or queue full.
    pub(super) throttled: bool,
    /// congestion_state, if it came and is heeded.
    pub(super) congestion: Option<u8>,
}

/// The window of one bind.
#[derive(Debug)]
pub(super) struct Window {
    size: AtomicUsize,
    /// It was full since the round began.
    used_up: AtomicBool,
    /// Only the bind's task writes it; the lock is never contended.
    round: Mutex<Round>,
}

#[derive(Debug, Clone, Copy)]
struct Rules {
    adaptive: bool,
    min: usize,
    cap: usize,
    slow_percent: u64,
    slow_min_us: u64,
}

#[derive(Debug)]
struct Round {
    rules: Rules,
    answers: usize,
    slow: usize,
    /// congestion_state told to hold.
    hold: bool,
    /// It was shrunk before: it grows by steps now.
    shrunk: bool,
    /// Answers to come to what was sent before it was shrunk.
    old: usize,
    /// The usual answer time, in microseconds; 0 = not known yet.
    usual_us: u64,
}

impl Window {
    pub(super) fn new(flow: &FlowSettings, window_max: u16) -> Self {
        let rules = Rules::new(flow, window_max);
        let start = if rules.adaptive { usize::from(flow.window_start) } else { rules.cap };
        let size = AtomicUsize::new(start.clamp(rules.min, rules.cap));
        let round = Round { rules, answers: 0, slow: 0, hold: false, shrunk: false, old: 0, usual_us: 0 };
        Self { size, used_up: AtomicBool::new(false), round: Mutex::new(round) }
    }

    /// From now on by these rules. What it learned stays.
    pub(super) fn configure(&self, flow: &FlowSettings, window_max: u16) {
        let mut round = self.round();
        let rules = Rules::new(flow, window_max);
        let size = if rules.adaptive { self.size() } else { rules.cap };
        self.size.store(size.clamp(rules.min, rules.cap), Ordering::Relaxed);
        round.rules = rules;
    }

    /// Places there are now.
    pub(super) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// Somebody took the last place, or found none.
    pub(super) fn used_up(&self) {
        if !self.used_up.load(Ordering::Relaxed) {
            self.used_up.store(true, Ordering::Relaxed);
        }
    }

    /// Takes in an answer; `open` segments are still unanswered.
    pub(super) fn answered(&self, sign: Sign, open: usize) {
        let mut round = self.round();
        let rules = round.rules;
        if !rules.adaptive {
            return;
        }
        let took_us = u64::try_from(sign.took.as_micros()).unwrap_or(u64::MAX);
        let is_slow = round.is_slow(took_us);
        round.learn(took_us);
        if round.old > 0 {
            round.old -= 1;
            return;
        }
        round.answers += 1;
        round.slow += usize::from(is_slow);
        round.hold |= sign.congestion.is_some_and(|state| state >= OPTIMUM);
        let size = self.size();
        let slow_round = round.answers >= size && round.slow * 2 > round.answers;
        match sign.congestion {
            _ if sign.throttled || slow_round => self.resize(&mut round, size / 2, open),
            Some(100..) => self.resize(&mut round, size / 2, open),
            Some(NEAR..) => self.resize(&mut round, size - (size / 8).max(1), open),
            _ if round.answers >= size => {
                let grown = if round.shrunk { size + (rules.cap / 16).max(1) } else { size * 2 };
                let grows = self.used_up.swap(false, Ordering::Relaxed) && !round.hold;
                self.size.store(if grows { grown.min(rules.cap) } else { size }, Ordering::Relaxed);
                round.begin();
            }
            _ => {}
        }
    }

    fn resize(&self, round: &mut Round, size: usize, open: usize) {
        self.size.store(size.clamp(round.rules.min, round.rules.cap), Ordering::Relaxed);
        round.begin();
        round.shrunk = true;
        round.old = open;
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rules {
    fn new(flow: &FlowSettings, window_max: u16) -> Self {
        let cap = usize::from(window_max.max(1));
        Self {
            adaptive: flow.adaptive_window,
            min: usize::from(flow.window_min).min(cap),
            cap,
            slow_percent: u64::from(flow.slow_answer_percent),
            slow_min_us: flow.slow_answer_min_ms.saturating_mul(1_000),
        }
    }
}

impl Round {
    fn begin(&mut self) {
        (self.answers, self.slow, self.hold) = (0, 0, false);
    }

    fn is_slow(&self, took_us: u64) -> bool {
        let slow_us = (self.usual_us.saturating_mul(self.rules.slow_percent) / 100).max(self.rules.slow_min_us);
        self.usual_us > 0 && took_us > slow_us
    }

    fn learn(&mut self, took_us: u64) {
        self.usual_us = match self.usual_us {
            0 => took_us.max(1),
            usual if took_us < usual => usual - (usual - took_us) / 4,
            usual => usual + (took_us - usual) / RISE,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Sign = Sign { took: Duration::from_millis(10), throttled: false, congestion: None };
    const SLOW: Sign = Sign { took: Duration::from_secs(5), ..QUICK };
    const THROTTLED: Sign = Sign { throttled: true, ..QUICK };

    fn window(cap: u16) -> Window {
        Window::new(&FlowSettings::default(), cap)
    }

    /// A round of answers to a window that is used up.
    fn round(window: &Window, sign: Sign) -> usize {
        window.used_up();
        (0..window.size()).for_each(|_| window.answered(sign, 0));
        window.size()
    }

    fn with_congestion(state: u8) -> Sign {
        Sign { congestion: Some(state), ..QUICK }
    }

    #[test]
    fn a_healthy_link_has_its_whole_window_after_a_few_rounds() {
        let window = window(500);
        let sizes: Vec<_> = (0..7).map(|_| round(&window, QUICK)).collect();
        assert_eq!(sizes, [20, 40, 80, 160, 320, 500, 500]);
    }

    #[test]
    fn a_window_that_is_not_used_up_does_not_grow() {
        let window = window(500);
        (0..1_000).for_each(|_| window.answered(QUICK, 0));
        assert_eq!(window.size(), 10);
    }

    #[test]
    fn slow_answers_shrink_it_and_quick_ones_bring_it_back_step_by_step() {
        let window = window(160);
        while round(&window, QUICK) < 160 {}
        assert_eq!((round(&window, SLOW), round(&window, SLOW)), (80, 40));
        assert_eq!((round(&window, QUICK), round(&window, QUICK)), (50, 60));
        let some_slow = |no: usize| if no.is_multiple_of(3) { SLOW } else { QUICK };
        window.used_up();
        (0..60).for_each(|no| window.answered(some_slow(no), 0));
        assert_eq!(window.size(), 70, "single slow answers are usual");
    }

    #[test]
    fn a_throttle_halves_it_once_for_all_that_was_sent_before() {
        let window = window(160);
        while round(&window, QUICK) < 160 {}
        window.answered(THROTTLED, 100);
        (0..100).for_each(|_| window.answered(THROTTLED, 0));
        assert_eq!(window.size(), 80);
        window.answered(THROTTLED, 0);
        assert_eq!(window.size(), 40);
        (0..20).for_each(|_| window.answered(THROTTLED, 0));
        assert_eq!(window.size(), 1, "never less than window_min");
    }

    #[test]
    fn congestion_state_grows_holds_and_shrinks_it() {
        let window = window(160);
        assert_eq!(round(&window, with_congestion(30)), 20);
        assert_eq!(round(&window, with_congestion(79)), 40);
        assert_eq!(round(&window, with_congestion(85)), 40, "optimum");
        window.answered(with_congestion(95), 0);
        assert_eq!(window.size(), 35, "near");
        window.answered(with_congestion(100), 0);
        assert_eq!(window.size(), 17, "congested");
    }

    #[test]
    fn a_slow_smsc_becomes_the_usual_one() {
        let window = window(16);
        while round(&window, QUICK) < 16 {}
        let last = (0..2_000).map(|_| round(&window, SLOW)).last();
        assert_eq!(last, Some(16));
    }

    #[test]
    fn a_fixed_window_stays() {
        let flow = FlowSettings { adaptive_window: false, ..FlowSettings::default() };
        let window = Window::new(&flow, 50);
        (0..100).for_each(|_| window.answered(THROTTLED, 0));
        assert_eq!(window.size(), 50);
    }
}
