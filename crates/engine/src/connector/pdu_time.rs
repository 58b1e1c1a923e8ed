//! Times as SMPP writes them (3.4 §7.1.1).

use sambac_domain::time::Timestamp;

/// Sixteen characters, without NUL.
pub(super) type PduTime = [u8; 16];

/// What is left until `end`: `YYMMDDhhmmss000R`. `None` when nothing is, or more than a month.
pub(super) fn relative(end: Timestamp, now: Timestamp) -> Option<PduTime> {
    let left_s = end.0.checked_sub(now.0)? / 1_000_000;
    let days = left_s / 86_400;
    if left_s <= 0 || days > 30 {
        return None;
    }
    Some(written([0, 0, days, left_s / 3_600 % 24, left_s / 60 % 60, left_s % 60], 0, b'R'))
}

/// The moment itself, `YYMMDDhhmmss0nnp`, in a time zone so many quarters of an hour ahead of UTC.
pub(super) fn absolute(moment: Timestamp, offset_quarters: i8) -> PduTime {
    let offset_quarters = i64::from(offset_quarters).clamp(-48, 48);
    let local = Timestamp(moment.0.saturating_add(offset_quarters * 900_000_000));
    let (year, month, day) = local.civil_date();
    let seconds = local.as_secs().rem_euclid(86_400);
    let date = [year.rem_euclid(100), i64::from(month), i64::from(day)];
    let [year, month, day] = date;
    let sign = if offset_quarters < 0 { b'-' } else { b'+' };
    let parts = [year, month, day, seconds / 3_600, seconds / 60 % 60, seconds % 60];
    written(parts, offset_quarters.abs(), sign)
}

fn written(parts: [i64; 6], quarters: i64, kind: u8) -> PduTime {
    let mut text = *b"0000000000000000";
    let digits = |part: i64| {
        let part = u8::try_from(part.rem_euclid(100)).unwrap_or_default();
        [b'0' + part / 10, b'0' + part % 10]
    };
    for (pair, part) in text.chunks_exact_mut(2).zip(parts) {
        pair.copy_from_slice(&digits(part));
    }
    let [tens, ones] = digits(quarters);
    let [.., high, low, last] = &mut text;
    (*high, *low, *last) = (tens, ones, kind);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 06:00:00 UTC.
    const MOMENT: Timestamp = Timestamp(1_795_413_600_000_000);

    #[test]
    fn relative_is_what_is_left() {
        let left = |seconds: i64| relative(Timestamp(seconds * 1_000_000), Timestamp(0));
        assert_eq!(left(300).as_ref(), Some(b"000000000500000R"));
        assert_eq!(left(3 * 86_400 + 3_661).as_ref(), Some(b"000003010101000R"));
        assert_eq!(left(0), None);
        assert_eq!(left(40 * 86_400), None);
    }

    #[test]
    fn absolute_is_the_moment_in_any_zone() {
        assert_eq!(&absolute(MOMENT, 0), b"261123060000000+");
        assert_eq!(&absolute(MOMENT, 23), b"261123114500023+", "Nepal");
        assert_eq!(&absolute(MOMENT, -28), b"261122230000028-");
    }
}
