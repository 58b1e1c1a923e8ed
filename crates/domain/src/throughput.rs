//! A throughput as people write it: `"100/s"`, `"6000/min"`, `"100/s burst 20"`.
//!
//! ```
//! use sambac_domain::throughput::Throughput;
//!
//! let throughput: Throughput = "6000/min burst 20".parse().unwrap();
//! assert_eq!((throughput.interval_ns(), throughput.burst_or(0)), (10_000_000, 20));
//! assert_eq!(throughput.to_string(), "6000/min burst 20");
//! assert!("".parse::<Throughput>().unwrap().is_unlimited());
//! ```

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

/// The most segments a second that can be written.
pub const PER_S_MAX: u32 = 1_000_000;

const NS_PER_S: u64 = 1_000_000_000;

/// So many segments in each period, and so many at once after a quiet time; unlimited by default, written as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Throughput {
    /// 0 = no limit.
    count: u32,
    period: Period,
    /// 0 = not said.
    burst: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Period {
    #[default]
    Second,
    Minute,
    Hour,
}

/// What was written is no throughput.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no throughput: write 100/s, 6000/min or 100/s burst 20")]
pub struct ThroughputError(String);

impl Throughput {
    /// No limit at all.
    pub const UNLIMITED: Self = Self { count: 0, period: Period::Second, burst: 0 };

    /// `count` segments a second; 0 = no limit.
    #[must_use]
    pub const fn per_s(count: u32) -> Self {
        Self { count, period: Period::Second, burst: 0 }
    }

    /// The same with a burst; 0 = not said.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// Whether there is no limit.
    #[must_use]
    pub const fn is_unlimited(self) -> bool {
        self.count == 0
    }

    /// Whether there is no limit; as serde asks.
    #[must_use]
    pub const fn is_unlimited_ref(&self) -> bool {
        self.is_unlimited()
    }

    /// How many pass in [`Throughput::period_s`]; 0 when there is no limit.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Seconds in which [`Throughput::count`] pass.
    #[must_use]
    pub const fn period_s(self) -> u64 {
        self.period.ns() / NS_PER_S
    }

    /// Nanoseconds from one segment to the next; 0 when there is no limit.
    #[must_use]
    pub const fn interval_ns(self) -> u64 {
        match self.count {
            0 => 0,
            count => self.period.ns() / count as u64,
        }
    }

    /// Segments that may go at once after a quiet time, when it was written.
    #[must_use]
    pub const fn burst(self) -> Option<u32> {
        if self.burst > 0 { Some(self.burst) } else { None }
    }

    /// Segments that may go at once after a quiet time: what was written, or else what passes in `span_ms`. At least one.
    #[must_use]
    pub const fn burst_or(self, span_ms: u64) -> u32 {
        if self.burst > 0 {
            return self.burst;
        }
        let passing = self.count as u64 * span_ms * 1_000_000 / self.period.ns();
        if passing == 0 {
            1
        } else if passing > PER_S_MAX as u64 {
            PER_S_MAX
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "bounded above by PER_S_MAX")]
            let passing = passing as u32;
            passing
        }
    }
}

impl Period {
    const fn ns(self) -> u64 {
        match self {
            Self::Second => NS_PER_S,
            Self::Minute => 60 * NS_PER_S,
            Self::Hour => 3_600 * NS_PER_S,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Second, Self::Minute, Self::Hour].into_iter().find(|period| period.word() == word)
    }
}

impl FromStr for Throughput {
    type Err = ThroughputError;

    fn from_str(text: &str) -> Result<Self, ThroughputError> {
        if text.trim().is_empty() {
            return Ok(Self::UNLIMITED);
        }
        parse(text).ok_or_else(|| ThroughputError(text.chars().take(40).collect()))
    }
}

fn parse(text: &str) -> Option<Throughput> {
    let (rate, burst) = text.split_once("burst").map_or((text, None), |(rate, burst)| (rate, Some(burst)));
    let (count, period) = rate.split_once('/')?;
    let burst = burst.map_or(Some(0), |burst| burst.trim().parse().ok().filter(|burst| *burst > 0))?;
    let throughput = Throughput { count: count.trim().parse().ok()?, period: Period::parse(period.trim())?, burst };
    let fastest = NS_PER_S / u64::from(PER_S_MAX);
    // "0/s" would read as "nothing may pass" and means "no limit" elsewhere: neither is guessed.
    (throughput.count > 0 && throughput.interval_ns() >= fastest && burst <= PER_S_MAX).then_some(throughput)
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { count: 0, .. } => Ok(()),
            Self { count, period, burst: 0 } => write!(f, "{count}/{}", period.word()),
            Self { count, period, burst } => write!(f, "{count}/{} burst {burst}", period.word()),
        }
    }
}

serde_as_text!(Throughput);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_written_again() {
        for (text, interval_ns, burst, shown) in [
            ("100/s", 10_000_000, 5, "100/s"),
            ("100/s burst 20", 10_000_000, 20, "100/s burst 20"),
            (" 6000 / min  burst 3 ", 10_000_000, 3, "6000/min burst 3"),
            ("3600/h", 1_000_000_000, 1, "3600/h"),
            ("3/s", 333_333_333, 1, "3/s"),
            ("1000000/s", 1_000, 50_000, "1000000/s"),
            ("", 0, 1, ""),
        ] {
            let throughput: Throughput = text.parse().expect(text);
            assert_eq!((throughput.interval_ns(), throughput.burst_or(50)), (interval_ns, burst), "{text}");
            assert_eq!(throughput.to_string(), shown);
            assert_eq!(throughput.is_unlimited(), text.is_empty());
            let json = serde_json::to_string(&throughput).unwrap();
            assert_eq!(serde_json::from_str::<Throughput>(&json).unwrap(), throughput);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["100", "0/s", "-1/s", "1.5/s", "100/day", "100/s burst", "100/s burst 0", "2000000/s", "a/s", "/s"]
        {
            let error = text.parse::<Throughput>().expect_err(text);
            assert!(error.to_string().contains("write 100/s"), "{error}");
        }
    }
}
