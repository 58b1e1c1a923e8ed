//! How our message ids look to a client over SMPP, each form with its way back.

use super::MessageId;
use crate::profile::MessageIdForm;

/// Where the parts of an id lie in a UUID of version 8 (RFC 9562 §5.8), from the top: 47 bits, the version, 12 bits, the
/// variant, 4 bits. What is left is zero.
const VERSION: u128 = 0x8 << 76;
const VARIANT: u128 = 0x2 << 62;

/// The id as a client is given it, in answers and in receipts: 19 digits at most, 16 hexadecimal digits, or a UUID of 36
/// characters.
#[must_use]
pub fn client_message_id(id: MessageId, form: MessageIdForm) -> String {
    match form {
        MessageIdForm::Decimal => id.raw().to_string(),
        MessageIdForm::Hex => format!("{:016x}", id.raw()),
        MessageIdForm::Uuid => {
            let bits = uuid_bits(id.raw().unsigned_abs());
            let part = |from: u32, length: u32| (bits >> from) & ((1 << length) - 1);
            let (time_low, time_mid, version) = (part(96, 32), part(80, 16), part(64, 16));
            format!("{time_low:08x}-{time_mid:04x}-{version:04x}-{:04x}-{:012x}", part(48, 16), part(0, 48))
        }
    }
}

/// The id that a client names, in `query_sm`, `cancel_sm` or `replace_sm`; `None` when it is none of this form. Blanks and NULs
/// around it, and the case of its letters, do not count.
#[must_use]
pub fn parse_client_message_id(text: &str, form: MessageIdForm) -> Option<MessageId> {
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let raw = match form {
        MessageIdForm::Decimal => text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok())??,
        MessageIdForm::Hex => is_hex(text, 16).then(|| i64::from_str_radix(text, 16).ok())??,
        MessageIdForm::Uuid => {
            let digits: String = text.split('-').collect();
            let bits = is_hex(&digits, 32).then(|| u128::from_str_radix(&digits, 16).ok())??;
            let raw = uuid_raw(bits);
            // Any other UUID is somebody else's.
            (uuid_bits(raw) == bits).then(|| i64::try_from(raw).ok())??
        }
    };
    (raw > 0).then(|| MessageId::from_raw(raw))
}

fn is_hex(text: &str, digits: usize) -> bool {
    (1..=digits).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_hexdigit())
}

fn uuid_bits(raw: u64) -> u128 {
    let raw = u128::from(raw);
    ((raw >> 16) << 80) | VERSION | (((raw >> 4) & 0xfff) << 64) | VARIANT | ((raw & 0xf) << 58)
}

fn uuid_raw(bits: u128) -> u64 {
    let raw = ((bits >> 80) << 16) | (((bits >> 64) & 0xfff) << 4) | ((bits >> 58) & 0xf);
    raw as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMS: [MessageIdForm; 3] = [MessageIdForm::Decimal, MessageIdForm::Hex, MessageIdForm::Uuid];

    #[test]
    fn each_form_reads_as_it_should() {
        let id = MessageId::from_raw(0x0123_4567_89ab_cd00);
        assert_eq!(
            FORMS.map(|form| client_message_id(id, form)),
            ["81985529216486656", "0123456789abcd00", "01234567-89ab-8cd0-8000-000000000000"].map(str::to_owned)
        );
    }

    #[test]
    fn what_is_no_id_is_none() {
        for (text, form) in [
            ("", MessageIdForm::Decimal),
            ("0", MessageIdForm::Decimal),
            ("+5", MessageIdForm::Decimal),
            ("99999999999999999999", MessageIdForm::Decimal),
            ("12a", MessageIdForm::Decimal),
            ("ffffffffffffffff", MessageIdForm::Hex),
            ("0123456789abcdef0", MessageIdForm::Hex),
            ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", MessageIdForm::Uuid),
            ("01234567-89ab-8cd0-8000-000000000001", MessageIdForm::Uuid),
        ] {
            assert_eq!(parse_client_message_id(text, form), None, "{text} as {form:?}");
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(raw in 1..=i64::MAX) {
            let id = MessageId::from_raw(raw);
            for form in FORMS {
                let text = client_message_id(id, form);
                prop_assert_eq!(parse_client_message_id(&text, form), Some(id));
                prop_assert_eq!(parse_client_message_id(&format!(" {}\0", text.to_uppercase()), form), Some(id));
                prop_assert!(text.len() <= 36);
            }
        }
    }
}
