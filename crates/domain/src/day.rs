//! A day of UTC, as billing counts them.
//!
//! ```
//! use sambac_domain::{Day, Timestamp};
//! let day = Day::of(Timestamp(1_700_000_000_123_000));
//! assert_eq!(day.to_string(), "2023-11-14");
//! assert_eq!("2023-11-14".parse(), Ok(day));
//! ```

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;
use crate::id::IdSource;
use crate::time::Timestamp;

/// Days since 1970-01-01. Text and serde form: `2027-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// The text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as 2027-01-31")]
pub struct DayError;

impl Day {
    /// The day of UTC that this moment is of.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.day())
    }

    /// The day on which an id was made.
    #[must_use]
    pub const fn of_id(id: i64) -> Self {
        Self::of(IdSource::made_at(id))
    }

    /// The ids that are made on it are above the first of these and not above the second.
    #[must_use]
    pub fn ids(self) -> (i64, i64) {
        (IdSource::first_at(self.start()), IdSource::first_at(self.plus(1).start()))
    }

    /// The day this many days after 1970-01-01.
    #[must_use]
    pub const fn from_number(days: i64) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first moment.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::of_day(self.0)
    }

    /// The day this many days later, or earlier when it is below zero.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// How many days later than `earlier` it is.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.start().civil_date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let at = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).ok_or(DayError)?;
        Some(Self::of(at)).filter(|day| day.to_string() == text).ok_or(DayError)
    }
}

serde_as_text!(Day);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_counted_and_nothing_else_is_one() {
        let day: Day = "2028-02-28".parse().unwrap();
        assert_eq!((day.plus(1).to_string(), day.plus(2).since(day)), ("2028-02-29".to_owned(), 2));
        assert_eq!(Day::of(Timestamp(day.plus(1).start().0 - 1)), day);
        for text in ["", "2027-02-29", "2027-1-1", "2027-01-01T00:00:00Z", "+2027-01-01", "20270101"] {
            assert_eq!(text.parse::<Day>(), Err(DayError), "{text}");
        }
    }
}
