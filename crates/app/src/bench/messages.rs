//! What became of each message of a load, by its number. The number is in the destination, so that it comes back with the
//! receipt, and nothing has to be looked up by the platform's ids.
//!
//! Nothing is allocated per message: all room is made before the load.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Destinations are in +9991, which is nobody's: twelve digits, the last eight of them the message's number, its last digit first. So messages
/// that follow each other have different prefixes, and routes by prefix share them out evenly.
const PREFIX: &[u8; 4] = b"9991";
/// Digits of a destination.
pub(crate) const DESTINATION_DIGITS: usize = 12;

/// The messages of one load.
pub(crate) struct Messages {
    origin: Instant,
    first: u64,
    offered_us: Vec<AtomicU64>,
    receipts: Vec<AtomicU8>,
    taken: AtomicU64,
    counts: Counts,
}

/// Sums over the messages.
#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    delivered: AtomicU64,
    undelivered: AtomicU64,
    repeated_receipts: AtomicU64,
    last_receipt_us: AtomicU64,
}

/// The sums at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Offered to the platform.
    pub(crate) sent: u64,
    /// Answered with success.
    pub(crate) accepted: u64,
    /// Answered with an error.
    pub(crate) refused: u64,
    /// Never answered: the time was over, or the link.
    pub(crate) unanswered: u64,
    /// Messages with a receipt that says delivered.
    pub(crate) delivered: u64,
    /// Messages with another receipt.
    pub(crate) undelivered: u64,
    /// Receipts after the first of a message.
    pub(crate) repeated_receipts: u64,
    /// When the last receipt came, on the load's clock.
    pub(crate) last_receipt_us: u64,
}

impl Messages {
    /// Room for `count` messages, the first of which has the number `first`. Times count from `origin`.
    pub(crate) fn new(origin: Instant, first: u64, count: u64) -> Self {
        Self {
            origin,
            first,
            offered_us: (0..count).map(|_| AtomicU64::new(0)).collect(),
            receipts: (0..count).map(|_| AtomicU8::new(0)).collect(),
            taken: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// Now, on the load's clock.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// How many there can be.
    pub(crate) fn room(&self) -> u64 {
        self.offered_us.len() as u64
    }

    /// How many were taken to be sent.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    /// Takes the next message if `may` allows its place in the order (from 0); `None` also when all were taken.
    pub(crate) fn take(&self, may: impl Fn(u64) -> bool) -> Option<u64> {
        let room = self.room();
        self.taken.fetch_update(Relaxed, Relaxed, |next| (next < room && may(next)).then_some(next + 1)).ok()
    }

    /// Message `index` is to be sent at this time: what follows is measured from here.
    pub(crate) fn offer(&self, index: u64, at_us: u64) {
        if let Some(offered) = self.offered_us.get(index as usize) {
            // Zero means never.
            offered.store(at_us.max(1), Relaxed);
        }
    }

    /// The time since `index` was offered.
    pub(crate) fn since_offer_us(&self, index: u64, now_us: u64) -> u64 {
        let offered = self.offered_us.get(index as usize).map_or(now_us, |offered| offered.load(Relaxed));
        now_us.saturating_sub(offered)
    }

    pub(crate) fn accepted(&self) {
        self.counts.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.counts.refused.fetch_add(1, Relaxed);
    }

    pub(crate) fn unanswered(&self) {
        self.counts.unanswered.fetch_add(1, Relaxed);
    }

    /// A receipt for `index` came. Returns the time since the offer when it is the message's first.
    pub(crate) fn receipt(&self, index: u64, delivered: bool, now_us: u64) -> Option<u64> {
        let seen = self.receipts.get(index as usize)?.fetch_add(1, Relaxed);
        if seen > 0 {
            self.counts.repeated_receipts.fetch_add(1, Relaxed);
            return None;
        }
        let count = if delivered { &self.counts.delivered } else { &self.counts.undelivered };
        count.fetch_add(1, Relaxed);
        self.counts.last_receipt_us.fetch_max(now_us, Relaxed);
        Some(self.since_offer_us(index, now_us))
    }

    /// Messages on their way: taken, without a receipt or a refusal.
    pub(crate) fn unfinished(&self) -> u64 {
        let counts = &self.counts;
        let finished = [&counts.delivered, &counts.undelivered, &counts.refused, &counts.unanswered];
        self.taken().saturating_sub(finished.iter().map(|count| count.load(Relaxed)).sum())
    }

    /// The sums now.
    pub(crate) fn progress(&self) -> Progress {
        let counts = &self.counts;
        let load = |count: &AtomicU64| count.load(Relaxed);
        Progress {
            sent: self.taken(),
            accepted: load(&counts.accepted),
            refused: load(&counts.refused),
            unanswered: load(&counts.unanswered),
            delivered: load(&counts.delivered),
            undelivered: load(&counts.undelivered),
            repeated_receipts: load(&counts.repeated_receipts),
            last_receipt_us: load(&counts.last_receipt_us),
        }
    }

    /// Writes the destination of `index`.
    pub(crate) fn write_destination(&self, index: u64, digits: &mut [u8; DESTINATION_DIGITS]) {
        digits[..PREFIX.len()].copy_from_slice(PREFIX);
        let mut number = self.first + index;
        for digit in &mut digits[PREFIX.len()..] {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }

    /// Which message has this destination.
    pub(crate) fn index_of(&self, destination: &[u8]) -> Option<u64> {
        let digits = destination.strip_prefix(PREFIX)?;
        let number = digits.iter().rev().try_fold(0_u64, |sum, digit| {
            digit.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
        })?;
        number.checked_sub(self.first).filter(|index| (*index as usize) < self.offered_us.len())
    }
}

impl Progress {
    /// Messages with a receipt.
    pub(crate) fn finished(&self) -> u64 {
        self.delivered + self.undelivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Messages {
        Messages::new(Instant::now(), 10_000_000, 3)
    }

    #[test]
    fn a_destination_leads_back_to_its_message() {
        let messages = messages();
        let mut digits = [0; DESTINATION_DIGITS];
        for index in 0..3 {
            messages.write_destination(index, &mut digits);
            assert_eq!(messages.index_of(&digits), Some(index));
        }
        assert_eq!(&digits, b"999120000001");
        for foreign in [&b"999130000001"[..], b"999100000000", b"447700900123", b"99910000000x", b""] {
            assert_eq!(messages.index_of(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn each_message_is_taken_once_and_counted_once() {
        let messages = messages();
        assert_eq!(messages.take(|_| false), None);
        let taken: Vec<_> = std::iter::from_fn(|| messages.take(|_| true)).collect();
        assert_eq!(taken, [0, 1, 2]);
        taken.iter().for_each(|index| messages.offer(*index, 10));
        messages.accepted();
        messages.accepted();
        messages.refused();
        assert_eq!(messages.receipt(0, true, 25), Some(15));
        assert_eq!(messages.receipt(0, true, 26), None);
        assert_eq!(messages.receipt(1, false, 30), Some(20));
        assert_eq!(messages.receipt(7, true, 30), None);
        let progress = messages.progress();
        assert_eq!((progress.delivered, progress.undelivered, progress.repeated_receipts), (1, 1, 1));
        assert_eq!((progress.last_receipt_us, messages.unfinished()), (30, 0));
    }
}
