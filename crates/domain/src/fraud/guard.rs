//! The guard: asked before a code is sent, told what became of it.

use super::range::{Range, RangeKey};
use super::recent::Recent;
use super::settings::{GuardSettings, RateKeyKind, Rule};
use super::velocity::Velocity;
use crate::number::{Country, Msisdn};
use crate::time::Timestamp;

/// Ranges, numbers and keys that are remembered, each: some tens of megabytes in all.
const RANGES_MAX: usize = 200_000;
const NUMBERS_MAX: usize = 500_000;
/// Numbers that have verified a code.
const KNOWN_MAX: usize = 2_000_000;
/// A number counts against its ranges once in this time, however many codes it is sent.
const COUNTS_ONCE_US: i64 = 30 * 60 * 1_000_000;

/// A key that the caller gives: a digest of it, of its own kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RateKey {
    /// What it stands for.
    pub kind: RateKeyKind,
    /// A keyed digest: the key itself is nobody's to keep.
    pub digest: u64,
}

/// A code that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Now.
    pub at: Timestamp,
    /// Where it would go.
    pub to: Msisdn,
    /// The number's country, when it is known.
    pub country: Option<Country>,
    /// By whom.
    pub keys: &'a [RateKey],
    /// What sending it costs the account, in micros.
    pub cost_micros: i64,
}

/// Why a code is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The rule.
    pub rule: Rule,
    /// What it saw, for people; no whole number is in it.
    pub detail: String,
    /// When it may be asked again, where that is known.
    pub again_at: Option<Timestamp>,
}

/// What the guard says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent, and counts.
    Send,
    /// It is not sent.
    Stop(Stop),
}

/// What is remembered of a number.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// When it counted against its ranges last.
    counted_at: Option<Timestamp>,
    country: Option<Country>,
    cost_micros: i64,
}

/// One account's guard.
pub struct Guard {
    settings: GuardSettings,
    known: Recent<u64, ()>,
    asked: Recent<u64, Asked>,
    ranges: Recent<RangeKey, Range>,
    numbers: Velocity<u64>,
    keys: Velocity<RateKey>,
    /// What unverified codes have cost, fading like a range; the unit is a micro.
    at_risk: AtRisk,
}

#[derive(Default)]
struct AtRisk {
    micros: i64,
    at: Timestamp,
}

impl Guard {
    /// A guard that has seen nothing.
    #[must_use]
    pub fn new(settings: GuardSettings) -> Self {
        Self {
            settings,
            known: Recent::new(KNOWN_MAX),
            asked: Recent::new(NUMBERS_MAX),
            ranges: Recent::new(RANGES_MAX),
            numbers: Velocity::new(NUMBERS_MAX),
            keys: Velocity::new(NUMBERS_MAX),
            at_risk: AtRisk::default(),
        }
    }

    /// Other settings from now on; what was seen stays.
    pub fn set(&mut self, settings: GuardSettings) {
        self.settings = settings;
    }

    /// Whether a code may be sent. What is sent counts from now on, until it is verified.
    pub fn ask(&mut self, ask: &Ask<'_>) -> Verdict {
        match self.stop(ask) {
            Some(stop) => Verdict::Stop(stop),
            None => {
                self.count(ask);
                Verdict::Send
            }
        }
    }

    /// The number has verified a code: it is known from now on, and makes good what its ranges were charged with.
    pub fn verified(&mut self, to: Msisdn, now: Timestamp) {
        let number = to.as_u64();
        self.known.touch(number, || ());
        if let Some(asked) = self.take_counted(number) {
            self.at_risk.add(-asked.cost_micros, now);
            for (key, _) in RangeKey::of(to, asked.country) {
                self.ranges.touch(key, || Range::new(now)).verified(now);
            }
        }
    }

    /// The code did not arrive, and says nothing about who asked for it.
    pub fn undelivered(&mut self, to: Msisdn, now: Timestamp) {
        if let Some(asked) = self.take_counted(to.as_u64()) {
            self.at_risk.add(-asked.cost_micros, now);
            for (key, _) in RangeKey::of(to, asked.country) {
                self.ranges.touch(key, || Range::new(now)).undelivered(now);
            }
        }
    }

    /// The number verified a code long ago: it is read back at start.
    pub fn remember(&mut self, to: Msisdn) {
        self.known.touch(to.as_u64(), || ());
    }

    fn stop(&mut self, ask: &Ask<'_>) -> Option<Stop> {
        let number = ask.to.as_u64();
        let is_safe = self.is_safe(ask.to);
        if !is_safe && let Some(stop) = self.country(ask.country) {
            return Some(stop);
        }
        // What is stopped by these was not sent, and counts against no number, nor who asks.
        let is_known = is_safe || self.known.peek(&number).is_some();
        if !is_known && let Some(stop) = self.ranges(ask).or_else(|| self.cost(ask)) {
            return Some(stop);
        }
        if let Err(again_at) = self.numbers.take(number, self.settings.per_number, ask.at) {
            let detail = format!("a number gets {} codes", self.settings.per_number);
            return Some(Stop { rule: Rule::Number, detail, again_at: Some(again_at) });
        }
        if is_safe {
            return None;
        }
        for key in ask.keys {
            let limit = self.settings.of_key(key.kind);
            if let Err(again_at) = self.keys.take(*key, limit, ask.at) {
                let detail = format!("one {} gets {limit} codes", key.kind.as_str());
                return Some(Stop { rule: Rule::RateKey, detail, again_at: Some(again_at) });
            }
        }
        None
    }

    fn country(&self, country: Option<Country>) -> Option<Stop> {
        let allowed = self.settings.countries.as_ref()?;
        if country.is_some_and(|country| allowed.contains(&country)) {
            return None;
        }
        let name = country.map_or("an unknown country".to_owned(), |country| country.to_string());
        Some(Stop { rule: Rule::Country, detail: format!("codes do not go to {name}"), again_at: None })
    }

    fn is_safe(&self, to: Msisdn) -> bool {
        let digits = to.digits();
        self.settings.safe.iter().any(|first| digits.as_bytes().starts_with(first.trim_start_matches('+').as_bytes()))
    }

    fn ranges(&mut self, ask: &Ask<'_>) -> Option<Stop> {
        let bound = i64::from(self.settings.unverified_max);
        if self.has_counted(ask) {
            return None;
        }
        for (key, times) in RangeKey::of(ask.to, ask.country) {
            let bound = bound.saturating_mul(times);
            let range = self.ranges.touch(key, || Range::new(ask.at));
            if !range.is_over(bound, ask.at) {
                continue;
            }
            if range.probes() {
                return None;
            }
            range.keep(bound);
            let (unverified, verified) = range.counts();
            let detail = format!("of codes to {key}, {unverified} were not verified and {verified} were");
            return Some(Stop { rule: key.rule(), detail, again_at: None });
        }
        None
    }

    fn cost(&mut self, ask: &Ask<'_>) -> Option<Stop> {
        let most = self.settings.cost_at_risk?.0;
        let at_risk = self.at_risk.now(ask.at).saturating_add(ask.cost_micros);
        let detail = || "codes that nobody has verified yet have cost as much as they may".to_owned();
        (at_risk > most).then(|| Stop { rule: Rule::CostAtRisk, detail: detail(), again_at: None })
    }

    /// A number that asks again is the same person, or the same pump: its first code counts.
    fn has_counted(&self, ask: &Ask<'_>) -> bool {
        let counted_at = self.asked.peek(&ask.to.as_u64()).and_then(|asked| asked.counted_at);
        counted_at.is_some_and(|at| ask.at.0.saturating_sub(at.0) < COUNTS_ONCE_US)
    }

    fn count(&mut self, ask: &Ask<'_>) {
        let number = ask.to.as_u64();
        let is_new = self.known.peek(&number).is_none() && !self.is_safe(ask.to);
        if !is_new {
            return;
        }
        self.at_risk.add(ask.cost_micros, ask.at);
        let counts = !self.has_counted(ask);
        let asked = self.asked.touch(number, Asked::default);
        asked.cost_micros = asked.cost_micros.saturating_add(ask.cost_micros);
        if counts {
            (asked.counted_at, asked.country) = (Some(ask.at), ask.country);
            for (key, _) in RangeKey::of(ask.to, ask.country) {
                self.ranges.touch(key, || Range::new(ask.at)).sent(ask.at);
            }
        }
    }

    /// What is remembered of the number, when it counts against its ranges; it does no more.
    fn take_counted(&mut self, number: u64) -> Option<Asked> {
        self.asked.peek(&number)?.counted_at?;
        Some(std::mem::take(self.asked.touch(number, Asked::default)))
    }
}

impl AtRisk {
    const HALF_US: i64 = 30 * 60 * 1_000_000;

    fn now(&mut self, now: Timestamp) -> i64 {
        let halves = now.0.saturating_sub(self.at.0) / Self::HALF_US;
        if halves > 0 {
            self.micros = self.micros.checked_shr(u32::try_from(halves).unwrap_or(u32::MAX)).unwrap_or_default();
            self.at = Timestamp(self.at.0.saturating_add(halves.saturating_mul(Self::HALF_US)));
        }
        self.micros
    }

    fn add(&mut self, micros: i64, now: Timestamp) {
        self.micros = self.now(now).saturating_add(micros).max(0);
    }
}
