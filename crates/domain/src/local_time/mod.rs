//! Clock times of a place as moments: `2026-12-01T09:00` in Berlin, or wherever a number's country is.
//!
//! Where the clocks were put forward the clock time is missing, and the moment is as much later as they were; where they were put
//! back it comes twice, and the first is meant. A country with several zones is no place, unless all of them show the same time
//! then.
//!
//! ```
//! use sambac_domain::local_time::LocalTime;
//! let nine: LocalTime = "2026-12-01T09:00".parse().unwrap();
//! assert_eq!(nine.in_zone("Europe/Berlin").unwrap().to_string(), "2026-12-01T08:00:00.000Z");
//! assert_eq!(nine.in_country("DE".parse().unwrap()), nine.in_zone("Europe/Berlin"));
//! ```

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::number::Country;
use crate::time::Timestamp;

/// `country,zone zone …`, from the tz database.
const ZONES: &str = include_str!("../../data/time_zones.csv");

static ZONES_OF: LazyLock<HashMap<Country, Vec<&'static str>>> = LazyLock::new(|| {
    let row = |row: &'static str| {
        let (country, zones) = row.split_once(',')?;
        Some((country.parse().ok()?, zones.split(' ').collect()))
    };
    ZONES.lines().filter_map(row).collect()
});

/// A moment with its offset from UTC, with any decimals of the second; those beyond the sixth are cut off.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let has_form = text.is_ascii() && text.get(10..11) == Some("T");
    let moment = has_form.then(|| text.parse::<jiff::Timestamp>().ok()).flatten()?;
    Some(Timestamp(moment.as_microsecond()))
}

/// What a clock and a calendar show somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime(DateTime);

/// Why a clock time is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// It is not written like one.
    #[error("a local time is written like 2026-12-01T09:00, without an offset")]
    Malformed,
    /// The zone has no such name.
    #[error("there is no time zone {0:?}; zones are named like Europe/Berlin")]
    UnknownZone(String),
    /// Nobody knows where the number is at home.
    #[error("the number's country is not known, and so is its time; name a zone")]
    NoCountry,
    /// The country's clocks differ.
    #[error("{country} has several times: name one of its zones, such as {first} or {other}")]
    Ambiguous {
        /// The country.
        country: Country,
        /// One of its zones.
        first: &'static str,
        /// Another one, where it is another time.
        other: &'static str,
    },
    /// Too far away to count.
    #[error("the moment is out of range")]
    OutOfRange,
}

impl FromStr for LocalTime {
    type Err = LocalTimeError;

    fn from_str(text: &str) -> Result<Self, LocalTimeError> {
        let has_form = text.len() >= "2026-12-01T09:00".len() && text.is_ascii() && text.get(10..11) == Some("T");
        let has_offset = text.get(11..).is_some_and(|time| time.contains(['Z', 'z', '+', '-', '[']));
        if !has_form || has_offset {
            return Err(LocalTimeError::Malformed);
        }
        text.parse().map(Self).map_err(|_| LocalTimeError::Malformed)
    }
}

impl LocalTime {
    /// The moment at which the clocks of this zone show it.
    ///
    /// # Errors
    /// [`LocalTimeError`].
    pub fn in_zone(self, zone: &str) -> Result<Timestamp, LocalTimeError> {
        let found = TimeZone::get(zone).map_err(|_| LocalTimeError::UnknownZone(zone.to_owned()))?;
        let moment = found.to_timestamp(self.0).map_err(|_| LocalTimeError::OutOfRange)?;
        Ok(Timestamp(moment.as_microsecond()))
    }

    /// The moment at which the clocks of this country show it.
    ///
    /// # Errors
    /// [`LocalTimeError`]; when the country has several times then, with two zones that differ.
    pub fn in_country(self, country: Country) -> Result<Timestamp, LocalTimeError> {
        let mut zones = ZONES_OF.get(&country).into_iter().flatten();
        let first = zones.next().ok_or(LocalTimeError::NoCountry)?;
        let moment = self.in_zone(first)?;
        for other in zones {
            if self.in_zone(other)? != moment {
                return Err(LocalTimeError::Ambiguous { country, first, other });
            }
        }
        Ok(moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> LocalTime {
        text.parse().unwrap()
    }

    fn country(text: &str) -> Country {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_has_an_offset_and_any_decimals() {
        for (text, told) in [
            ("2026-12-01T09:00:00Z", Some("2026-12-01T09:00:00.000Z")),
            ("2026-12-01T09:00:00.123456789+01:00", Some("2026-12-01T08:00:00.123456Z")),
            ("2026-12-01T09:00:00", None),
            ("2026-12-01 09:00:00Z", None),
            ("tomorrow", None),
        ] {
            assert_eq!(moment(text).map(|moment| moment.to_string()).as_deref(), told, "{text}");
        }
    }

    #[test]
    fn a_clock_time_is_a_moment_of_its_zone_in_summer_and_winter() {
        for (text, zone, moment) in [
            ("2026-12-01T09:00", "Europe/London", "2026-12-01T09:00:00.000Z"),
            ("2026-07-01T09:00", "Europe/London", "2026-07-01T08:00:00.000Z"),
            ("2026-12-01T09:00:30", "Asia/Kolkata", "2026-12-01T03:30:30.000Z"),
            ("2026-12-01T09:00", "America/New_York", "2026-12-01T14:00:00.000Z"),
            ("2026-12-01T09:00", "UTC", "2026-12-01T09:00:00.000Z"),
        ] {
            assert_eq!(local(text).in_zone(zone).unwrap().to_string(), moment, "{text} {zone}");
        }
    }

    #[test]
    fn a_missing_hour_moves_on_and_of_a_doubled_one_the_first_is_meant() {
        // Clocks went forward from 01:00 to 02:00 on 2026-03-29, and back from 02:00 to 01:00 on 2026-10-25.
        for (text, moment) in [
            ("2026-03-29T00:59", "2026-03-29T00:59:00.000Z"),
            ("2026-03-29T01:30", "2026-03-29T01:30:00.000Z"),
            ("2026-03-29T02:30", "2026-03-29T01:30:00.000Z"),
            ("2026-10-25T01:30", "2026-10-25T00:30:00.000Z"),
            ("2026-10-25T02:30", "2026-10-25T02:30:00.000Z"),
        ] {
            assert_eq!(local(text).in_zone("Europe/London").unwrap().to_string(), moment, "{text}");
        }
    }

    #[test]
    fn a_country_of_several_times_is_no_place_unless_they_agree() {
        let nine = local("2026-12-01T09:00");
        assert_eq!(nine.in_country(country("GB")), nine.in_zone("Europe/London"));
        // Büsingen is in Germany, has a zone of its own, and the same time.
        assert_eq!(nine.in_country(country("DE")), nine.in_zone("Europe/Berlin"));
        for several in ["US", "ES", "RU", "AU", "CA", "BR", "MX"] {
            let refused = nine.in_country(country(several));
            assert!(matches!(refused, Err(LocalTimeError::Ambiguous { .. })), "{several}: {refused:?}");
        }
        let told = nine.in_country(country("ES")).unwrap_err().to_string();
        assert!(told.contains("Europe/Madrid") && told.contains("Atlantic/Canary"), "{told}");
        assert_eq!(nine.in_country(country("ZZ")), Err(LocalTimeError::NoCountry));
    }

    #[test]
    fn what_is_no_clock_time_or_no_zone_is_refused() {
        for text in [
            "",
            "9:00",
            "2026-12-01",
            "2026-12-01 09:00",
            "2026-12-01T09:00Z",
            "2026-12-01T09:00+01:00",
            "2026-13-01T09:00",
            "2026-12-01T25:00",
            "2026-12-01T09:00[Europe/Berlin]",
            "２026-12-01T09:00",
        ] {
            assert_eq!(text.parse::<LocalTime>(), Err(LocalTimeError::Malformed), "{text}");
        }
        let zone = "Europe/Atlantis";
        assert_eq!(local("2026-12-01T09:00").in_zone(zone), Err(LocalTimeError::UnknownZone(zone.to_owned())));
    }

    #[test]
    fn every_zone_of_every_country_is_known() {
        assert!(ZONES_OF.len() > 240, "{}", ZONES_OF.len());
        for (country, zones) in ZONES_OF.iter() {
            for zone in zones {
                assert!(TimeZone::get(zone).is_ok(), "{country}: {zone}");
            }
        }
    }
}
