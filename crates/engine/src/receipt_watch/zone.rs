//! The time zone of an operator's dates (Q-C5): how far its done dates are from when its receipts come.
//!
//! Receipts come moments after the date that they name, mostly; zones are whole quarters of an hour. So the difference, rounded
//! to quarters, is the zone for most receipts, and the median of many is it for certain: late ones are fewer.

use std::collections::VecDeque;

use sambac_domain::receipt::ReceiptDate;
use sambac_domain::time::Timestamp;

const QUARTER_MICROS: i64 = 15 * 60 * 1_000_000;
/// Zones lie between UTC-12:00 and UTC+14:00.
const QUARTERS: std::ops::RangeInclusive<i64> = -48..=56;
/// So many of the last differences count.
const KEPT: usize = 64;
/// Before so many it is too early to tell.
const OBSERVED_MIN: usize = 5;
/// A date further than this from when the receipt came is a wrong clock, or no date.
const BELIEVED_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;

#[derive(Default)]
pub(super) struct Zone(VecDeque<i64>);

impl Zone {
    pub(super) fn observe(&mut self, done_as_utc: Timestamp, received_at: Timestamp) {
        let difference = done_as_utc.0.saturating_sub(received_at.0);
        let quarters = difference.saturating_add(QUARTER_MICROS / 2).div_euclid(QUARTER_MICROS);
        if !QUARTERS.contains(&quarters) {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(quarters);
    }

    /// Minutes from UTC, once enough receipts told.
    pub(super) fn offset_minutes(&self) -> Option<i16> {
        if self.0.len() < OBSERVED_MIN {
            return None;
        }
        let mut quarters: Vec<_> = self.0.iter().copied().collect();
        quarters.sort_unstable();
        i16::try_from(quarters.get(quarters.len() / 2)? * 15).ok()
    }
}

/// The date in UTC; `None` when it is too far from when its receipt came to be true.
pub(super) fn to_utc(done: ReceiptDate, offset_minutes: i16, received_at: Timestamp) -> Option<Timestamp> {
    let at = done.micros_as_utc().checked_sub(i64::from(offset_minutes) * 60_000_000)?;
    let distance = received_at.0.checked_sub(at)?;
    (-QUARTER_MICROS..=BELIEVED_MICROS).contains(&distance).then_some(Timestamp(at))
}

/// The date, while its zone is not known: only if it is UTC by the look of it.
pub(super) fn if_utc(done: ReceiptDate, received_at: Timestamp) -> Option<Timestamp> {
    let at = done.micros_as_utc();
    (received_at.0.checked_sub(at)?.abs() <= QUARTER_MICROS).then_some(Timestamp(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;
    const NOON: Timestamp = Timestamp(1_700_049_600_000_000);

    fn offset(minutes: &[i64]) -> Option<i16> {
        let mut zone = Zone::default();
        for minutes in minutes {
            zone.observe(Timestamp(NOON.0 + minutes * MINUTE), NOON);
        }
        zone.offset_minutes()
    }

    #[test]
    fn the_zone_is_learned_from_most_receipts() {
        assert_eq!(offset(&[-1, -1, 0, -1]), None, "too few");
        assert_eq!(offset(&[-1, -1, 0, -1, 0]), Some(0));
        assert_eq!(offset(&[119, 119, 120, 60, 119, -500, 118]), Some(120), "late ones do not count");
        assert_eq!(offset(&[329, 329, 330, 329, 326]), Some(330), "half an hour");
        assert_eq!(offset(&[344; 5]), Some(345), "a quarter");
        assert_eq!(offset(&[-241; 5]), Some(-240));
        assert_eq!(offset(&[20_000, -20_000, 900, 900, 900, 900]), None, "no zones");
    }

    #[test]
    fn a_new_zone_is_noticed() {
        let mut zone = Zone::default();
        (0..200).for_each(|_| zone.observe(Timestamp(NOON.0 + 59 * MINUTE), NOON));
        (0..KEPT).for_each(|_| zone.observe(Timestamp(NOON.0 + 119 * MINUTE), NOON));
        assert_eq!(zone.offset_minutes(), Some(120), "summer time began");
        assert_eq!(zone.0.len(), KEPT);
    }

    #[test]
    fn dates_that_cannot_be_true_are_not_believed() {
        let date = |text: &[u8]| ReceiptDate::parse(text).expect("a date");
        assert_eq!(to_utc(date(b"2311151359"), 120, NOON), Some(Timestamp(NOON.0 - MINUTE)));
        assert_eq!(to_utc(date(b"2311151359"), 0, NOON), None, "in two hours");
        assert_eq!(to_utc(date(b"2301010000"), 0, NOON), None, "months ago");
        assert_eq!(if_utc(date(b"2311151159"), NOON), Some(Timestamp(NOON.0 - MINUTE)));
        assert_eq!(if_utc(date(b"2311150759"), NOON), None, "it may be of another zone");
    }
}
