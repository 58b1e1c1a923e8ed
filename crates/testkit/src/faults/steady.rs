//! A client that sends at a steady pace, and how long its answers and receipts take.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::MissedTickBehavior;

use super::clients::Clients;
use super::{Report, Setting};
use crate::scenario::wait::until;
use crate::scenario::{Esme, Heard};

/// The last receipt comes within this, whatever happens beside it.
const LAST: Duration = Duration::from_secs(60);

/// What was sent, and when, by number.
#[derive(Debug)]
pub(super) struct Steady {
    sent: HashMap<u64, (u64, Instant)>,
}

/// Within which time 99 of a hundred came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    pub(super) answer: Duration,
    pub(super) receipt: Duration,
}

/// How much more than before it may be: so much of it, or so long, whichever is more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leeway {
    pub(super) percent: u32,
    pub(super) least: Duration,
}

impl Clients {
    /// Sends a message to each of these numbers, so many in a second; returns when all are answered.
    pub(super) async fn send_steadily(&self, esme: &Esme, numbers: Range<u64>, per_s: u32) -> Result<Steady> {
        let mut interval = tokio::time::interval(Duration::from_secs(1) / per_s.max(1));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut began, mut by_token) = (HashMap::new(), HashMap::new());
        for number in numbers {
            interval.tick().await;
            began.insert(number, Instant::now());
            ensure!(self.send_to(esme, number, b"", &mut by_token).await, "the session is over");
        }
        self.answered(esme, &by_token).await?;
        let sent = by_token.into_iter().filter_map(|(token, number)| Some((number, (token, *began.get(&number)?))));
        Ok(Steady { sent: sent.collect() })
    }
}

impl Steady {
    /// Waits until all of it was told of.
    pub(super) async fn p99(&self, esme: &Esme) -> Result<Latency> {
        until("every receipt of a steady client", LAST, async || Ok(esme.look(|heard| self.of(heard)))).await
    }

    /// Unless something is missing.
    fn of(&self, heard: &Heard) -> Option<Latency> {
        let mut receipts = HashMap::new();
        for (receipt, at) in heard.receipts.iter().zip(&heard.receipts_at) {
            let number: u64 = receipt.source.trim_start_matches('+').parse().unwrap_or_default();
            if let Some((_, began)) = self.sent.get(&number) {
                receipts.entry(number).or_insert_with(|| at.duration_since(*began));
            }
        }
        let answered = self
            .sent
            .values()
            .filter_map(|(token, began)| heard.answered_at.get(token).map(|at| at.duration_since(*began)));
        let (answers, receipts): (Vec<_>, Vec<_>) = (answered.collect(), receipts.into_values().collect());
        let is_all = answers.len() == self.sent.len() && receipts.len() == self.sent.len();
        is_all.then(|| Latency { answer: p99(answers), receipt: p99(receipts) })
    }
}

/// Within which time 99 of a hundred are.
pub(super) fn p99(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    let place = (all.len() * 99).div_ceil(100).saturating_sub(1);
    all.get(place).copied().unwrap_or_default()
}

impl Latency {
    /// Takes it down, without a bar.
    pub(super) fn measured(&self, report: &mut Report, what: &str) {
        for (to, latency) in [("answer", self.answer), ("receipt", self.receipt)] {
            report.measured(format!("p99 to the {to} {what}, us"), micros(latency));
        }
    }
}

/// As reports have it.
pub(super) fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

impl Leeway {
    /// What is allowed where it was `before`.
    fn of(self, before: Duration) -> Duration {
        (before * (100 + self.percent) / 100).max(before + self.least)
    }

    /// Sets what a client saw before and during a fault against each other.
    pub(super) fn judge(
        self,
        setting: &Setting,
        report: &mut Report,
        what: &str,
        pair: (Latency, Latency),
    ) -> Result<()> {
        let (before, during) = pair;
        self.judge_one(setting, report, &format!("to the answer {what}"), (before.answer, during.answer))?;
        self.judge_one(setting, report, &format!("to the receipt {what}"), (before.receipt, during.receipt))
    }

    /// The same of one latency. Beside other tests it says more of these: only the long form's counts.
    pub(super) fn judge_one(
        self,
        setting: &Setting,
        report: &mut Report,
        what: &str,
        (before, during): (Duration, Duration),
    ) -> Result<()> {
        let holds = during <= self.of(before) || !setting.long;
        report.expect("another one notices", holds, format!("p99 {what}: {during:?} instead of {before:?}"));
        report.measured(format!("p99 {what}, us"), micros(during));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_nine_of_a_hundred_are_within_it() {
        let millis = |count: u64| p99((1..=count).map(Duration::from_millis).collect()).as_millis();
        assert_eq!([0, 1, 100, 200, 250].map(millis), [0, 1, 99, 198, 248]);
    }

    #[test]
    fn the_greater_of_both_is_allowed() {
        let leeway = Leeway { percent: 10, least: Duration::from_millis(5) };
        let allowed = |before| leeway.of(Duration::from_millis(before)).as_millis();
        assert_eq!([2, 50, 200].map(allowed), [7, 55, 220]);
    }

    #[test]
    fn latencies_that_grow_are_found_in_the_long_form() {
        let latency = |ms| Latency { answer: Duration::from_millis(ms), receipt: Duration::from_millis(2 * ms) };
        let leeway = Leeway { percent: 10, least: Duration::from_millis(5) };
        let found = |long, during| {
            let setting = Setting { binary: "a".into(), release: "b".into(), seed: 1, long };
            let mut report = Report::default();
            leeway.judge(&setting, &mut report, "beside it", (latency(50), latency(during))).expect("short times");
            report.findings.values().sum::<usize>()
        };
        assert_eq!([(true, 55), (true, 56), (false, 99)].map(|(long, during)| found(long, during)), [0, 2, 0]);
    }
}
