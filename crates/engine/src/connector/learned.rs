//! The rate that an operator really allows, learned from its throttling.
//!
//! Once a second at most, throttles cut the rate by the share of answers that they were: what remains is what the operator
//! takes. Without throttles it rises by 1 % a second, after five seconds of that faster and faster: small swings around a limit
//! that stays, quick on its heels when it rises. Single throttles teach nothing, and cut little where few answers are, as an operator may throttle
//! for other reasons than the rate; for the same reason nothing cuts the rate to less than a sixteenth of the first guess. While less is sent than may be, the
//! rate rises by that 1 %, too: what was learned in a bad hour is not believed for a day.

use std::time::Duration;

use sambac_domain::throughput::{PER_S_MAX, Throughput};
use sambac_domain::time::Timestamp;
use tokio::time::Instant;

/// Rise in a second, in thousandths; as much more for each second after the fifth, up to the most.
const RISE: u64 = 10;
const RISE_STEADY_S: u64 = 5;
const RISE_MAX: u64 = 200;
/// From one cut to the next: until then the answers are those of the rate before.
const CUT_PAUSE: Duration = Duration::from_secs(1);
/// A share is taken as if so many more had been fine: one throttle of one answer is not all that the operator takes.
const FEW: u64 = 4;
/// While it does not limit, it rises for so long at most from one segment to the next.
const IDLE_MAX: Duration = Duration::from_secs(900);
/// A cut goes a little below what the operator takes, in thousandths: each rest after a throttle costs more than that.
const CUT_MARGIN: u64 = 30;
/// So many throttles in two seconds, and such a share in thousandths, tell of a limit.
const THROTTLES_MIN: u64 = 3;
const SHARE_MIN: u64 = 50;
/// The least part of the first guess.
const LEAST_PART: u64 = 16;

/// Slots of the tally, and how long each is.
const SLOTS: usize = 20;
const TWO_SECONDS: i64 = 20;
const ONE_SECOND: i64 = 10;
const SLOT_US: i64 = 100_000;

/// A learned rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learned {
    /// In thousandths of a segment a second.
    per_1000_s: u64,
    /// Nothing cuts it to less.
    least: u64,
    cut_at: Instant,
    grown_at: Instant,
    /// How long it has limited without a throttle.
    quiet: Duration,
}

/// What the last seconds' answers told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed {
    /// Taken since the first of them, in thousandths of a segment a second.
    taken_per_1000_s: u64,
    /// Throttles in two seconds.
    throttles: u64,
    /// Share of the last second that was throttled, in thousandths.
    share: u64,
}

/// Counts answers by tenths of a second, for two seconds.
#[derive(Debug, Default)]
pub(super) struct Tally {
    slots: [Slot; SLOTS],
}

#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    /// Which tenth of a second.
    no: i64,
    accepted: u64,
    throttled: u64,
}

impl Learned {
    /// What a throttle leaves of `present`, or teaches when nothing was learned yet: nothing, perhaps. `agreed` is the rate
    /// that was configured.
    pub(super) fn after_throttle(
        present: Option<Self>,
        agreed: Throughput,
        observed: Observed,
        now: Instant,
    ) -> Option<Self> {
        let tells = observed.throttles >= THROTTLES_MIN && observed.share >= SHARE_MIN;
        let Some(present) = present else {
            let guess = match agreed.interval_ns() {
                0 => observed.taken_per_1000_s,
                interval_ns => 1_000_000_000_000 / interval_ns * (1_000 - observed.share) / 1_000,
            };
            let (per_1000_s, least) = (guess.max(1_000), (guess / LEAST_PART).max(1_000));
            return tells.then_some(Self { per_1000_s, least, cut_at: now, grown_at: now, quiet: Duration::ZERO });
        };
        let mut left = Self { quiet: Duration::ZERO, ..present };
        if now.saturating_duration_since(left.cut_at) >= CUT_PAUSE {
            left.per_1000_s =
                (left.per_1000_s / 1_000 * 1_000_u64.saturating_sub(observed.share + CUT_MARGIN)).max(left.least);
            left.cut_at = now;
        }
        Some(left)
    }

    /// A segment goes at `now`; `waited` says that it had to wait for the pace.
    pub(super) fn grow(&mut self, waited: bool, now: Instant) {
        let since = now.saturating_duration_since(self.grown_at);
        self.grown_at = now;
        let (rise, since) = if waited {
            let since = since.min(Duration::from_secs(1));
            self.quiet += since;
            ((RISE + self.quiet.as_secs().saturating_sub(RISE_STEADY_S) * RISE).min(RISE_MAX), since)
        } else {
            (RISE, since.min(IDLE_MAX))
        };
        let risen = u128::from(self.per_1000_s) * u128::from(rise) * since.as_micros() / 1_000_000_000;
        self.per_1000_s = self.per_1000_s.saturating_add(u64::try_from(risen).unwrap_or(u64::MAX));
    }

    /// From one segment to the next.
    pub(super) fn interval(self) -> Duration {
        Duration::from_nanos(1_000_000_000_000 / self.per_1000_s.max(1))
    }

    /// In segments a second.
    pub(super) fn per_s(self) -> u64 {
        (self.per_1000_s + 500) / 1_000
    }

    /// It no longer limits anything.
    pub(super) fn is_boundless(self) -> bool {
        self.per_s() >= u64::from(PER_S_MAX)
    }
}

impl Tally {
    pub(super) fn accepted(&mut self, at: Timestamp) {
        self.slot(at).accepted += 1;
    }

    pub(super) fn throttled(&mut self, at: Timestamp) {
        self.slot(at).throttled += 1;
    }

    pub(super) fn observe(&self, at: Timestamp) -> Observed {
        let now = at.0.div_euclid(SLOT_US);
        let recent = |slots: i64| self.slots.iter().filter(move |slot| slot.no > now - slots && slot.no <= now);
        let first = recent(TWO_SECONDS).filter(|slot| slot.accepted > 0).map(|slot| slot.no).min().unwrap_or(now);
        let span_us = u64::try_from((now - first).max(1) * SLOT_US).unwrap_or(1);
        let taken: u64 = recent(TWO_SECONDS).map(|slot| slot.accepted).sum();
        let (fine, throttled) = recent(ONE_SECOND)
            .fold((0, 0), |(fine, throttled), slot| (fine + slot.accepted, throttled + slot.throttled));
        Observed {
            taken_per_1000_s: taken * 1_000_000_000 / span_us,
            throttles: recent(TWO_SECONDS).map(|slot| slot.throttled).sum(),
            share: throttled * 1_000 / (fine + throttled + FEW),
        }
    }

    fn slot(&mut self, at: Timestamp) -> &mut Slot {
        let no = at.0.div_euclid(SLOT_US);
        let place = usize::try_from(no.rem_euclid(TWO_SECONDS)).unwrap_or(0);
        let slot = &mut self.slots[place];
        if slot.no != no {
            *slot = Slot { no, ..Slot::default() };
        }
        slot
    }
}
