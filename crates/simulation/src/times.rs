//! How long things take in a run: as in life, or brisk, so that a run ends within minutes of its last message.

use std::time::Duration;

use crate::dice::Dice;

/// The least and the most, in milliseconds.
type Span = (u64, u64);

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

/// How long what takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// For how long a one-time code is worth sending.
    pub(crate) otp: Span,
    /// The same of anything else.
    pub(crate) others: Span,
    /// How long the platform waits for a receipt after that.
    pub(crate) grace: Duration,
    /// When a late receipt comes.
    pub(crate) late: Span,
    /// When one comes that most have given up.
    pub(crate) too_late: Span,
    /// How long the longest pause between two looks of an observer is.
    pub(crate) look: Duration,
}

impl Times {
    /// Those of a run.
    pub(crate) fn of(is_brisk: bool) -> Self {
        if is_brisk {
            return Self {
                otp: (30 * SECOND, 150 * SECOND),
                others: (90 * SECOND, 6 * MINUTE),
                grace: Duration::from_secs(120),
                late: (45 * SECOND, 3 * MINUTE),
                too_late: (5 * MINUTE, 9 * MINUTE),
                look: Duration::from_secs(10),
            };
        }
        Self {
            otp: (MINUTE, 10 * MINUTE),
            others: (5 * MINUTE, 20 * MINUTE),
            grace: Duration::from_secs(900),
            late: (MINUTE, 15 * MINUTE),
            too_late: (18 * MINUTE, 40 * MINUTE),
            look: Duration::from_secs(60),
        }
    }

    /// When all has ended that is not put off by more than minutes, counted from the last message.
    pub(crate) fn settled(&self) -> Duration {
        let life = Duration::from_millis(self.others.1) + self.grace;
        life.max(Duration::from_millis(self.too_late.1)) + SLACK
    }
}

/// What failed last is tried again within it.
const SLACK: Duration = Duration::from_secs(600);

impl Dice {
    /// A time of this span.
    pub(crate) fn of(&mut self, (least, most): Span) -> Duration {
        self.millis(least, most)
    }
}
