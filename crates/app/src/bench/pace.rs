//! When the next message is due.

/// How a load is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The next one as soon as the window has room, and fewer than this many are without a receipt: what the platform
    /// cannot deliver is not offered.
    Closed { unfinished_max: u64 },
    /// So many a second, whatever the platform does. Latency counts from when a message was due, not from when it could be
    /// sent, so that a platform that stalls is not flattered.
    Open { per_s: u64 },
}

impl Pace {
    /// When message `index` is due, in microseconds from the load's start; `None`: whenever there is room.
    pub(crate) fn due_us(self, index: u64) -> Option<u64> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { per_s } => Some(index.saturating_mul(1_000_000) / per_s.max(1)),
        }
    }

    /// Whether message `index` may go now, with so many unfinished.
    pub(crate) fn allows(self, index: u64, now_us: u64, unfinished: u64) -> bool {
        match self {
            Self::Closed { unfinished_max } => unfinished < unfinished_max,
            Self::Open { .. } => self.due_us(index).is_none_or(|due_us| due_us <= now_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_load_is_evenly_spaced() {
        let pace = Pace::Open { per_s: 1_000 };
        assert_eq!(pace.due_us(1_500), Some(1_500_000));
        assert!(pace.allows(2, 2_000, u64::MAX) && !pace.allows(3, 2_999, 0));
    }

    #[test]
    fn a_closed_load_waits_for_what_is_unfinished() {
        let pace = Pace::Closed { unfinished_max: 10 };
        assert!(pace.allows(5, 0, 9) && !pace.allows(5, u64::MAX, 10));
        assert_eq!(pace.due_us(5), None);
    }
}
