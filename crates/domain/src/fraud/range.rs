//! What is known of a range of numbers: how many codes to it were not verified, and how many were, both fading.

use std::fmt;

use super::settings::Rule;
use crate::number::{Country, Msisdn};
use crate::time::Timestamp;

/// One code, in the unit that fading can divide.
const ONE: i64 = 1_000;
/// What a verification makes good beside its own code: a range may have two codes that fail for each that does not.
const MAKES_GOOD: i64 = 2 * ONE;
/// Evidence halves in eight of these.
const STEP_US: i64 = 225 * 1_000_000;
/// The eighth root of a half, of 256.
const FADES_TO: i64 = 235;
/// One code of so many is let through a stopped range, so that it shows when its people are back.
const PROBE: u32 = 64;

/// Numbers that are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum RangeKey {
    /// Those with the same first digits, and how many digits are open.
    Digits(u64, u8),
    /// Those of a country, or of none that is known.
    Country(Option<Country>),
}

/// Open digits of the ranges that a number is in, from the narrowest, and how many times the bound each may have.
const WIDTHS: [(u8, i64); 4] = [(3, 1), (4, 2), (5, 3), (6, 5)];
/// Of a country.
const COUNTRY_TIMES: i64 = 8;

impl RangeKey {
    /// All ranges of a number, and how many times the bound of the narrowest each may have.
    pub(super) fn of(to: Msisdn, country: Option<Country>) -> impl Iterator<Item = (Self, i64)> {
        let digits = WIDTHS.into_iter().map(move |(open, times)| {
            let first = to.as_u64().checked_div(10_u64.pow(u32::from(open))).unwrap_or_default();
            (Self::Digits(first, open), times)
        });
        digits.chain([(Self::Country(country), COUNTRY_TIMES)])
    }

    /// Which rule stops it.
    pub(super) fn rule(self) -> Rule {
        match self {
            Self::Digits(..) => Rule::Range,
            Self::Country(_) => Rule::Conversion,
        }
    }
}

impl fmt::Display for RangeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(first, open) => write!(f, "+{first}{}", ".".repeat(usize::from(*open))),
            Self::Country(Some(country)) => country.fmt(f),
            Self::Country(None) => f.write_str("unknown countries"),
        }
    }
}

/// Evidence against a range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    unverified: i64,
    verified: i64,
    at: Timestamp,
    is_stopped: bool,
    asked_while_stopped: u32,
}

impl Range {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { unverified: 0, verified: 0, at: now, is_stopped: false, asked_while_stopped: 0 }
    }

    /// Whether one more code would be too many. A stopped range is stopped until half of the evidence has faded; while codes are asked
    /// for, none fades.
    pub(super) fn is_over(&mut self, bound: i64, now: Timestamp) -> bool {
        self.fade(now);
        // Codes of the last minutes are on their way: the more are verified there, the more may be.
        let bound = bound.saturating_mul(ONE).saturating_add(self.verified);
        self.is_stopped = if self.is_stopped { self.unverified > bound / 2 } else { self.unverified >= bound };
        self.is_stopped
    }

    /// A code is asked for while it is stopped; whether this one is let through.
    pub(super) fn probes(&mut self) -> bool {
        self.asked_while_stopped = self.asked_while_stopped.wrapping_add(1);
        self.asked_while_stopped.is_multiple_of(PROBE)
    }

    /// What was asked for while it is stopped keeps the evidence as it is.
    pub(super) fn keep(&mut self, bound: i64) {
        self.unverified = self.unverified.max(bound.saturating_mul(ONE));
    }

    /// A code goes out.
    pub(super) fn sent(&mut self, now: Timestamp) {
        self.fade(now);
        self.unverified = self.unverified.saturating_add(ONE);
    }

    /// A code that went out was verified.
    pub(super) fn verified(&mut self, now: Timestamp) {
        self.fade(now);
        self.unverified = self.unverified.saturating_sub(ONE + MAKES_GOOD).max(0);
        self.verified = self.verified.saturating_add(ONE);
    }

    /// A code that went out did not arrive: it says nothing.
    pub(super) fn undelivered(&mut self, now: Timestamp) {
        self.fade(now);
        self.unverified = self.unverified.saturating_sub(ONE).max(0);
    }

    /// Codes that are counted now, for people.
    pub(super) fn counts(&self) -> (i64, i64) {
        (self.unverified / ONE, self.verified / ONE)
    }

    fn fade(&mut self, now: Timestamp) {
        let steps = now.0.saturating_sub(self.at.0) / STEP_US;
        if steps <= 0 {
            return;
        }
        self.at = Timestamp(self.at.0.saturating_add(steps.saturating_mul(STEP_US)));
        for _ in 0..steps.min(64) {
            self.unverified = self.unverified * FADES_TO / 256;
            self.verified = self.verified * FADES_TO / 256;
        }
        if steps > 64 {
            (self.unverified, self.verified) = (0, 0);
        }
    }
}
