//! Addresses as SMSCs write them in what they send: with NULs, signs and prefixes, national or international.

/// Type of number: national (SMPP 3.4, 5.2.5).
const TON_NATIONAL: u8 = 2;
/// Type of number: alphanumeric.
const TON_ALPHANUMERIC: u8 = 5;
/// Longest short code; longer digits under a national type of number are a subscriber's.
const SHORT_CODE_DIGITS_MAX: usize = 6;

/// Digits from which an address is shown as a number: short codes have up to 8.
const NUMBER_DIGITS_MIN: usize = 9;

/// An address of an incoming PDU in one form: digits with the country code first, a short code's digits, or a name.
///
/// It ends at the first NUL, and control characters are dropped (Q-G4). A plus or `00` before digits is dropped (Q-G2). A
/// national number, by its type or by the zero it begins with, gets `country_code`, unless that is empty (Q-G3).
#[must_use]
pub fn incoming_address(ton: u8, octets: &[u8], country_code: &str) -> String {
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let shown = octets.iter().take(end).map(|octet| char::from(*octet)).filter(|character| !character.is_control());
    let text: String = shown.collect();
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if ton == TON_ALPHANUMERIC || digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return text.to_owned();
    }
    if let Some(international) = digits.strip_prefix("00") {
        return international.to_owned();
    }
    let is_complete = digits.len() < text.len() || digits.len() <= SHORT_CODE_DIGITS_MAX;
    let is_national = ton == TON_NATIONAL || digits.starts_with('0');
    if is_national && !is_complete && !country_code.is_empty() {
        return format!("{country_code}{}", digits.trim_start_matches('0'));
    }
    digits.to_owned()
}

/// Such an address as clients are shown it: a number with its plus, a short code or a name as it is.
#[must_use]
pub fn shown_address(address: &str) -> String {
    let is_number = address.len() >= NUMBER_DIGITS_MIN && address.bytes().all(|octet| octet.is_ascii_digit());
    if is_number { format!("+{address}") } else { address.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_all() {
        for (ton, address, expected) in [
            (1, &b"447700900123"[..], "447700900123"),
            (0, b"+447700900123", "447700900123"),
            (0, b"00447700900123", "447700900123"),
            (2, b"07700900123", "447700900123"),
            (2, b"7700900123", "447700900123"),
            (0, b"07700900123", "447700900123"),
            (2, b"+447700900123", "447700900123"),
            (1, b"447700900123\0\0\0", "447700900123"),
            (1, b"447700900123\0junk", "447700900123"),
            (1, b" 447700900123 \n", "447700900123"),
            (2, b"12345", "12345"),
            (3, b"12345", "12345"),
            (0, b"012345", "012345"),
            (5, b"Bank", "Bank"),
            (5, b"0800", "0800"),
            (0, b"Bank", "Bank"),
            (0, b"", ""),
            (0, b"+", "+"),
        ] {
            assert_eq!(incoming_address(ton, address, "44"), expected, "{ton} {address:?}");
        }
    }

    #[test]
    fn without_a_country_national_numbers_stay() {
        assert_eq!(incoming_address(2, b"07700900123", ""), "07700900123");
        assert_eq!(incoming_address(2, b"7700900123", ""), "7700900123");
    }

    #[test]
    fn numbers_are_shown_with_a_plus() {
        assert_eq!(["447700900123", "12345", "Bank", ""].map(shown_address), ["+447700900123", "12345", "Bank", ""]);
    }
}
