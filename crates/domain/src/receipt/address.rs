//! Whether an address of a receipt is the handset's: it may be swapped or not, international, national, or cut (Q-C13, Q-G3).

use crate::number::Msisdn;

/// So many digits at the end of two numbers are no accident.
const COMMON_DIGITS_MIN: usize = 7;

/// Whether `address`, as a receipt gives it, can be `number`: equal, or the one ends with the other.
#[must_use]
pub fn names_number(address: &[u8], number: Msisdn) -> bool {
    let digits = significant(address);
    let own = number.digits();
    let own = own.as_bytes();
    let shorter = digits.len().min(own.len());
    own == digits || shorter >= COMMON_DIGITS_MIN && (own.ends_with(digits) || digits.ends_with(own))
}

/// Whether an address names any handset at all: empty ones, words and short codes do not.
#[must_use]
pub fn is_a_number(address: &[u8]) -> bool {
    significant(address).len() >= COMMON_DIGITS_MIN
}

/// What is left of an address without what comes after a NUL (Q-G4), blanks, `+` and leading zeros; nothing, when it is no number.
fn significant(address: &[u8]) -> &[u8] {
    let end = address.iter().position(|octet| *octet == 0).unwrap_or(address.len());
    let address = address.get(..end).unwrap_or_default().trim_ascii();
    let digits = address.strip_prefix(b"+").unwrap_or(address);
    if !digits.iter().all(u8::is_ascii_digit) {
        return &[];
    }
    let zeros = digits.iter().take_while(|octet| **octet == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_recognised_in_every_dress() {
        let number = Msisdn::from_u64(447_700_900_123).unwrap();
        for address in ["447700900123", "+447700900123", "00447700900123", "07700900123", "7700900123\0\0", "700900123"]
        {
            assert!(names_number(address.as_bytes(), number) && is_a_number(address.as_bytes()), "{address}");
        }
        for address in ["447700900124", "900123", "Bank", "", "0", "D447700900123"] {
            assert!(!names_number(address.as_bytes(), number), "{address}");
        }
        assert!(!is_a_number(b"72255") && !is_a_number(b"Bank 44770090") && !is_a_number(b"00000000"));
    }
}
