//! Dates of receipt texts, in the many lengths that SMSCs write (Q-C5).

use serde::{Deserialize, Serialize};

/// A date as written, with no time zone: SMSCs use UTC or local time and do not say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReceiptDate {
    /// 2000–2099, or as written with four digits.
    pub year: u16,
    /// 1–12.
    pub month: u8,
    /// 1–31, valid for the month.
    pub day: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–60; 0 when not written.
    pub second: u8,
}

impl ReceiptDate {
    /// Reads 10 digits (YYMMDDhhmm), 12 (with seconds, or with a four-digit year), 14 (both), 15 or 16
    /// (SMPP absolute time), and ISO forms such as `2024-01-02T03:04:05.6Z`, whose zone is ignored.
    /// `None` for zeros and whatever is no date.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (digits, count) = collect_digits(text);
        let pairs = |from: usize| -> [u8; 6] {
            std::array::from_fn(|index| {
                let at = from + index * 2;
                if at + 1 < count { digits[at] * 10 + digits[at + 1] } else { 0 }
            })
        };
        let short = || Self::build(2000, pairs(0));
        let long = || Self::build(u16::from(pairs(0)[0]) * 100, pairs(2));
        match count {
            10 | 15 | 16 => short(),
            12 => short().or_else(long),
            14 => long(),
            _ => None,
        }
    }

    /// Microseconds since 1970, reading the date as UTC.
    #[must_use]
    pub fn micros_as_utc(self) -> i64 {
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        (days_from_civil(self.year, self.month, self.day) * 86_400 + seconds) * 1_000_000
    }

    fn build(century: u16, [year, month, day, hour, minute, second]: [u8; 6]) -> Option<Self> {
        let year = century + u16::from(year);
        let valid = (1970..=2999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 60;
        valid.then_some(Self { year, month, day, hour, minute, second })
    }
}

/// Digits up to the fraction or zone of a time, skipping what separates them. 17 tells "too many".
fn collect_digits(text: &[u8]) -> ([u8; 17], usize) {
    let mut digits = [0; 17];
    let mut count = 0;
    for octet in text.iter().copied() {
        match octet {
            b'0'..=b'9' if count < digits.len() => {
                digits[count] = octet - b'0';
                count += 1;
            }
            b'-' | b'/' | b':' | b' ' | b'T' | b't' if count < 14 => {}
            _ => break,
        }
    }
    (digits, count)
}

fn days_in_month(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. The year is counted from March so that the leap day comes last.
fn days_from_civil(year: u16, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<ReceiptDate> {
        Some(ReceiptDate { year, month, day, hour, minute, second })
    }

    #[test]
    fn every_length() {
        for (text, expected) in [
            ("2401020304", date(2024, 1, 2, 3, 4, 0)),
            ("240102030405", date(2024, 1, 2, 3, 4, 5)),
            ("202401020304", date(2024, 1, 2, 3, 4, 0)),
            ("20240102030405", date(2024, 1, 2, 3, 4, 5)),
            ("240102030405000+", date(2024, 1, 2, 3, 4, 5)),
            ("2024-01-02T03:04:05Z", date(2024, 1, 2, 3, 4, 5)),
            ("2024-01-02 03:04:05.678+02:00", date(2024, 1, 2, 3, 4, 5)),
            ("2024/01/02 03:04", date(2024, 1, 2, 3, 4, 0)),
            ("2402290000", date(2024, 2, 29, 0, 0, 0)),
            ("2302290000", None),
            ("0000000000", None),
            ("2413010000", None),
            ("240102", None),
            ("12345678901234567", None),
            ("", None),
            ("never", None),
        ] {
            assert_eq!(ReceiptDate::parse(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn micros_agree_with_the_calendar() {
        let micros = |text: &[u8]| ReceiptDate::parse(text).unwrap().micros_as_utc();
        assert_eq!(micros(b"19700101000000"), 0);
        assert_eq!(micros(b"2311142213"), 1_699_999_980_000_000);
        for text in ["2402290000", "9912312359", "0003010000"] {
            let timestamp = crate::Timestamp(micros(text.as_bytes()));
            let (year, month, day) = timestamp.civil_date();
            assert_eq!(format!("{:02}{month:02}{day:02}", year % 100), text[..6]);
        }
    }
}
