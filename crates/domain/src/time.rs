//! A moment, as UTC microseconds since 1970. The domain has no clock: moments are passed in.
//!
//! ```
//! use sambac_domain::Timestamp;
//! assert_eq!(Timestamp(1_700_000_000_123_000).rfc3339(), "2023-11-14T22:13:20.123Z");
//! ```

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Serde: the bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// Later than everything; as a deadline: never.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `millis` milliseconds after 1970, saturating.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The moment `seconds` seconds after 1970, saturating.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970, rounded towards the past.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970, rounded towards the past.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment plus `duration`; `None` past the end of time.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self)
    }

    /// This moment plus `duration`; the end of time at most.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// This moment minus `duration`; the start of time at least.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Time passed since `earlier`; zero when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 text in UTC with `Z`: three decimals of the second, six when there are odd microseconds.
    pub fn rfc3339(self) -> String {
        self.to_string()
    }

    /// Reads RFC 3339: `2027-01-01T00:00:00Z`, with up to six decimals of the second, or an offset such as `+01:00` for the
    /// `Z`. `None` for anything else, days that no calendar has and years before 1970 or after 9999 included.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't'])?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let zone_at = rest.find(['Z', 'z', '+', '-'])?;
        let (time, zone) = rest.split_at(zone_at);
        let (time, fraction) = time.split_once('.').map_or((time, None), |(time, fraction)| (time, Some(fraction)));
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let fits = (1970..=9999).contains(&year) && hour <= 23 && minute <= 59 && second <= 59;
        let days = fits.then(|| days_from_civil(year, month, day)).flatten()?;
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset_s(zone)?;
        Some(Self(seconds * 1_000_000 + fraction.map_or(Some(0), micros_of)?))
    }

    /// Whole days of UTC since 1970.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(MICROS_PER_DAY)
    }

    /// Midnight of a day of UTC, counted since 1970.
    pub const fn of_day(day: i64) -> Self {
        Self(day.saturating_mul(MICROS_PER_DAY))
    }

    /// Whole months of UTC since the year 0.
    pub fn month(self) -> i64 {
        let (year, month, _) = self.civil_date();
        year * 12 + i64::from(month) - 1
    }

    /// The first moment of its month.
    #[must_use]
    pub fn start_of_month(self) -> Self {
        let (_, _, day) = self.civil_date();
        Self::of_day(self.day() - i64::from(day) + 1)
    }

    /// Year, month (1–12) and day (1–31) in the proleptic Gregorian calendar.
    pub fn civil_date(self) -> (i64, u8, u8) {
        civil_from_days(self.day())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil_date();
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let seconds = micros / 1_000_000;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match micros % 1_000_000 {
            fraction if fraction % 1_000 == 0 => write!(f, ".{:03}Z", fraction / 1_000),
            fraction => write!(f, ".{fraction:06}Z"),
        }
    }
}

/// Days since 1970-01-01 to (year, month, day). The year is counted from March, so that the leap day
/// is its last day and every month's first day has one formula; 400 years have 146,097 days.
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let from_march_0000 = days + 719_468;
    let era = from_march_0000.div_euclid(146_097);
    let day_of_era = from_march_0000.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, small(month), small(day))
}

/// The inverse of [`civil_from_days`]; `None` when the calendar has no such day.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let year_from_march = year - i64::from(month <= 2);
    let era = year_from_march.div_euclid(400);
    let year_of_era = year_from_march.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    (civil_from_days(days) == (year, small(month), small(day))).then_some(days)
}

/// Three numbers of these lengths with `sign` between them.
fn numbers(text: &str, sign: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(sign);
    let mut found = [0; 3];
    for (number, length) in found.iter_mut().zip(lengths) {
        *number = number_of(parts.next().filter(|part| part.len() == length)?)?;
    }
    parts.next().is_none().then_some(found)
}

fn number_of(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn micros_of(fraction: &str) -> Option<i64> {
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 6)?;
    Some(number_of(fraction)? * 10_i64.pow(6 - digits))
}

/// `Z`, `+01:00`, `-05:30` in seconds.
fn offset_s(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |text: &str, most: i64| number_of(text).filter(|number| text.len() == 2 && *number <= most);
    Some(sign * (two(hours, 23)? * 3_600 + two(minutes, 59)? * 60))
}

fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc3339_is_read() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2023-11-14T22:13:20.123Z", 1_700_000_000_123_000),
            ("2024-02-29T12:00:00.000001z", 1_709_208_000_000_001),
            ("2027-01-01T01:00:00+01:00", 1_798_761_600_000_000),
            ("2026-12-31T18:30:00-05:30", 1_798_761_600_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), Some(Timestamp(micros)), "{text}");
        }
        for text in [
            "",
            "2027-01-01",
            "2027-01-01T00:00:00",
            "2027-01-01 00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-00-01T00:00:00Z",
            "2027-01-32T00:00:00Z",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:60:00Z",
            "2027-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z",
            "2027-1-01T00:00:00Z",
            "2027-01-01T00:00:00.0000001Z",
            "2027-01-01T00:00:00.Z",
            "2027-01-01T00:00:00+1:00",
            "2027-01-01T00:00:00+24:00",
            "2027-01-01T00:00:00Zz",
            "+027-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn rfc3339_of_known_moments() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (1_704_067_199_999_000, "2023-12-31T23:59:59.999Z"),
            (1_709_164_800_000_001, "2024-02-29T00:00:00.000001Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_000_000, "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(Timestamp(micros).rfc3339(), text);
        }
    }

    #[test]
    fn sums_stop_at_the_ends() {
        let second = Duration::from_secs(1);
        assert_eq!(Timestamp(5).checked_add(second), Some(Timestamp(1_000_005)));
        assert_eq!(Timestamp::MAX.checked_add(Duration::from_micros(1)), None);
        assert_eq!(Timestamp(0).checked_add(Duration::MAX), None);
        assert_eq!(Timestamp(0).saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp(i64::MIN).saturating_sub(second), Timestamp(i64::MIN));
        assert_eq!(Timestamp(9).since(Timestamp(2)), Duration::from_micros(7));
        assert_eq!(Timestamp(2).since(Timestamp(9)), Duration::ZERO);
        assert_eq!((Timestamp(-1).as_millis(), Timestamp(1_999).as_millis()), (-1, 1));
    }

    #[test]
    fn the_end_of_time_has_a_text() {
        assert_eq!(Timestamp::MAX.rfc3339(), "294247-01-10T04:00:54.775807Z");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        // Four centuries: the calendar's whole period.
        let mut last = Timestamp(0).civil_date();
        for day in 1..=146_097 {
            let next = Timestamp(day * MICROS_PER_DAY).civil_date();
            let (year, month, of_month) = last;
            let follows = [(year, month, of_month + 1), (year, month + 1, 1), (year + 1, 1, 1)];
            assert!(follows.contains(&next), "{next:?} after {last:?}");
            last = next;
        }
        assert_eq!(last, (2370, 1, 1));
    }

    proptest! {
        #[test]
        fn rfc3339_goes_round(micros in 0_i64..253_402_300_800_000_000) {
            prop_assert_eq!(Timestamp::parse_rfc3339(&Timestamp(micros).rfc3339()), Some(Timestamp(micros)));
        }

        #[test]
        fn texts_sort_like_moments(a in 0..253_402_300_800_000_i64, b in 0..253_402_300_800_000_i64) {
            let (a, b) = (Timestamp::from_millis(a), Timestamp::from_millis(b));
            prop_assert_eq!(a.cmp(&b), a.rfc3339().cmp(&b.rfc3339()));
        }
    }
}
