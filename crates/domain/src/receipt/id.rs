//! The form of a smsc_message_id that submit_sm_resp and receipt are matched by.

/// Trims NULs and white space (Q-B5), upper-cases ASCII (Q-B3), and drops leading zeros of an id that is
/// all hexadecimal digits (Q-B2): `" 00ab12\0"` gives `AB12`, `"000"` gives `0`. Ids of another form, such
/// as UUIDs, keep their zeros. Whether an id is written in hex or decimal (Q-B1) is left to a connector's
/// profile.
#[must_use]
pub fn normalise_id(raw: &str) -> String {
    let trimmed = raw.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let numeric = !trimmed.is_empty() && trimmed.bytes().all(|octet| octet.is_ascii_hexdigit());
    if !numeric {
        return trimmed.to_ascii_uppercase();
    }
    match trimmed.trim_start_matches('0') {
        "" => "0".to_owned(),
        significant => significant.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_differ_only_in_dress_are_equal() {
        for (raw, expected) in [
            ("0123456789", "123456789"),
            ("  7b1f\0", "7B1F"),
            ("7B1F", "7B1F"),
            ("0000", "0"),
            ("", ""),
            ("\0 ", ""),
            ("0-abc", "0-ABC"),
            ("00f3b2a1-0000-4000-8000-0123456789ab", "00F3B2A1-0000-4000-8000-0123456789AB"),
        ] {
            assert_eq!(normalise_id(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for raw in ["00aF", "x00 ", "\0\0", "٠12", "ß9"] {
            let once = normalise_id(raw);
            assert_eq!(normalise_id(&once), once);
        }
    }
}
