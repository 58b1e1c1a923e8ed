//! International bank account numbers in a text (ISO 13616).

use std::ops::Range;

use super::is_invisible;

/// Characters of an account number, by country. From the registry of SWIFT.
const LENGTHS: [(&[u8; 2], usize); 89] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Where account numbers are, in octets, in order. They may be written in groups, and in small letters.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let octets = text.as_bytes();
    let mut at = 0;
    while let Some(octet) = octets.get(at) {
        let begins = octet.is_ascii_alphabetic() && !is_part_of_word(text, at);
        match begins.then(|| end_of(text, at)).flatten() {
            Some(end) => {
                found.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn is_part_of_word(text: &str, at: usize) -> bool {
    text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
}

/// The end of the account number that begins at this octet, if there is one.
fn end_of(text: &str, start: usize) -> Option<usize> {
    let mut characters = Vec::with_capacity(34);
    let mut length = None;
    let mut after_separator = true;
    for (at, c) in text.get(start..)?.char_indices().filter(|(_, c)| !is_invisible(*c)) {
        if length == Some(characters.len()) {
            let ends = is_separator(c) || !c.is_alphanumeric();
            return (ends && is_valid(&characters)).then_some(start + at);
        }
        if is_separator(c) {
            if after_separator {
                return None;
            }
            after_separator = true;
            continue;
        }
        characters.push(value_of(c)?);
        after_separator = false;
        if characters.len() == 4 {
            length = Some(length_of(&characters)?);
        }
    }
    (length == Some(characters.len()) && is_valid(&characters)).then_some(text.len())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '\u{2010}'..='\u{2015}')
}

/// 0 to 9 for digits, 10 to 35 for letters.
fn value_of(c: char) -> Option<u8> {
    c.to_digit(36).filter(|_| c.is_ascii()).and_then(|value| u8::try_from(value).ok())
}

/// Of the country that the first two letters name, when two digits follow them.
fn length_of(characters: &[u8]) -> Option<usize> {
    let &[first, second, 0..=9, 0..=9] = characters else { return None };
    let country = [first.checked_sub(10)? + b'A', second.checked_sub(10)? + b'A'];
    LENGTHS.iter().find(|(known, _)| **known == country).map(|(_, length)| *length)
}

/// With the first four characters moved to the end, the number leaves 1 when divided by 97 (ISO 7064).
fn is_valid(characters: &[u8]) -> bool {
    let (head, rest) = characters.split_at_checked(4).unwrap_or_default();
    let rest = rest.iter().chain(head).fold(0_u32, |sum, value| {
        let shift = if *value < 10 { 10 } else { 100 };
        (sum * shift + u32::from(*value)) % 97
    });
    rest == 1
}
