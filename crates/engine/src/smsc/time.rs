//! Times of SMPP (3.4 §7.1.1): how long is a message valid?

use std::time::Duration;

use sambac_domain::time::Timestamp;

/// What `validity_period` or `schedule_delivery_time` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Nothing.
    None,
    /// So long from now.
    For(Duration),
    /// It has passed, so long ago.
    Passed(Duration),
    /// It is not a time of SMPP.
    Malformed,
}

/// Reads a relative (`…000R`) or absolute (`YYMMDDhhmmsstnn±`) time.
pub(super) fn span(text: &[u8], now: Timestamp) -> Span {
    if text.is_empty() {
        return Span::None;
    }
    let Some((digits, kind)) = text.split_at_checked(15) else { return Span::Malformed };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Span::Malformed;
    }
    let seconds = match kind {
        b"R" => Some(relative_s(digits)).filter(|seconds| *seconds > 0),
        b"+" => absolute_s(digits, 1).map(|end| end - now.as_secs()),
        b"-" => absolute_s(digits, -1).map(|end| end - now.as_secs()),
        _ => None,
    };
    match seconds.map(u64::try_from) {
        None => Span::Malformed,
        Some(Err(_) | Ok(0)) => Span::Passed(Duration::from_secs(seconds.unwrap_or_default().unsigned_abs())),
        Some(Ok(seconds)) => Span::For(Duration::from_secs(seconds)),
    }
}

/// The moment that a `final_date` tells; `None` when it is empty, no time, or still to come.
pub(crate) fn passed_at(text: &[u8], now: Timestamp) -> Option<Timestamp> {
    match span(text, now) {
        Span::Passed(ago) => Some(now.saturating_sub(ago)),
        _ => None,
    }
}

/// `YYMMDDhhmmss` of a relative time: years and months are counted as 365 and 30 days.
fn relative_s(digits: &[u8]) -> i64 {
    const UNITS_S: [i64; 6] = [365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1];
    digits.chunks_exact(2).zip(UNITS_S).map(|(pair, unit)| number(pair) * unit).sum()
}

/// Seconds since 1970 of an absolute time; `nn` counts the quarter hours that it is ahead of UTC (`+`) or behind (`-`).
fn absolute_s(digits: &[u8], sign: i64) -> Option<i64> {
    let mut pairs = digits.chunks(2).map(number);
    let (year, month, day) = (2_000 + pairs.next()?, pairs.next()?, pairs.next()?);
    let (hour, minute, second) = (pairs.next()?, pairs.next()?, pairs.next()?);
    let quarters = number(digits.get(13..15)?);
    // The day after the month's last one is the first of the next.
    let days = days_since_1970(year, month, day);
    let is_of_month = day <= 28 || days < days_since_1970(year + month / 12, month % 12 + 1, 1);
    let valid = (1..=12).contains(&month) && day >= 1 && is_of_month && hour < 24 && minute < 60 && second < 60;
    let local = days * 86_400 + hour * 3_600 + minute * 60 + second;
    (valid && quarters <= 48).then_some(local - sign * quarters * 900)
}

/// Days of a date of the Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn number(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit.saturating_sub(b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 06:00:00 UTC.
    const NOW: Timestamp = Timestamp(1_795_413_600_000_000);

    fn of(text: &[u8]) -> Span {
        span(text, NOW)
    }

    fn seconds(seconds: u64) -> Span {
        Span::For(Duration::from_secs(seconds))
    }

    #[test]
    fn relative_times_count_from_now() {
        assert_eq!(of(b"000000000500000R"), seconds(300));
        assert_eq!(of(b"000002013000000R"), seconds(2 * 86_400 + 5_400));
        assert_eq!(of(b"000007000000000R"), seconds(7 * 86_400));
        assert_eq!(of(b""), Span::None);
    }

    #[test]
    fn absolute_times_count_to_their_moment_in_any_zone() {
        assert_eq!(of(b"261123060200000+"), seconds(120));
        assert_eq!(of(b"261123070200004+"), seconds(120), "an hour ahead of UTC");
        assert_eq!(of(b"261123010200020-"), seconds(120), "five hours behind");
        assert!(matches!(of(b"991231235959000+"), Span::For(wait) if wait > Duration::from_secs(86_400 * 365)));
        assert_eq!(of(b"261123060000000+"), Span::Passed(Duration::ZERO));
        assert_eq!(of(b"261123055500000+"), Span::Passed(Duration::from_secs(300)));
        assert!(matches!(of(b"200229000000000+"), Span::Passed(_)), "2020 had that day");
        assert!(matches!(of(b"261231000000000+"), Span::For(_)));
    }

    #[test]
    fn anything_else_is_refused() {
        let malformed = [
            &b"5 minutes"[..],
            b"000000000000000R",
            b"00000000050000xR",
            b"000000000500000X",
            b"261323060200000+",
            b"261123250200000+",
            b"270229000000000+",
            b"270431000000000+",
            b"261123060200049+",
            b"0",
        ];
        for text in malformed {
            assert_eq!(of(text), Span::Malformed, "{:?}", String::from_utf8_lossy(text));
        }
    }
}
