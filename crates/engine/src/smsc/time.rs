//! Times of SMPP (3.4 §7.1.1): how long is a message valid?

use std::time::Duration;

/// A relative `validity_period` as a duration; `None` when it is empty. An absolute one is taken as the default: clients'
/// clocks and zones are not to be trusted with the life of a one-time code.
///
/// # Errors
/// When it is neither.
pub(super) fn validity(text: &[u8]) -> Result<Option<Duration>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, kind) = text.split_at_checked(15).ok_or(())?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(());
    }
    match kind {
        b"R" => relative(digits).map(Some),
        b"+" | b"-" => Ok(None),
        _ => Err(()),
    }
}

/// `YYMMDDhhmmss` of a relative time: years and months are counted as 365 and 30 days.
fn relative(digits: &[u8]) -> Result<Duration, ()> {
    const UNITS_S: [u64; 6] = [365 * 86_400, 30 * 86_400, 86_400, 3_600, 60, 1];
    let pairs = digits.chunks_exact(2).zip(UNITS_S);
    let seconds = pairs.map(|(pair, unit)| match pair {
        [tens, ones] => u64::from(tens - b'0') * 10 * unit + u64::from(ones - b'0') * unit,
        _ => 0,
    });
    match seconds.sum() {
        0 => Err(()),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_times_are_durations() {
        assert_eq!(validity(b"000000000500000R"), Ok(Some(Duration::from_secs(300))));
        assert_eq!(validity(b"000002013000000R"), Ok(Some(Duration::from_secs(2 * 86_400 + 5_400))));
        assert_eq!(validity(b""), Ok(None));
        assert_eq!(validity(b"261123120000000+"), Ok(None));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [&b"5 minutes"[..], b"000000000000000R", b"00000000050000xR", b"000000000500000X", b"0"] {
            assert_eq!(validity(text), Err(()), "{:?}", String::from_utf8_lossy(text));
        }
    }
}
