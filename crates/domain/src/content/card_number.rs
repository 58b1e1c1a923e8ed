//! Payment card numbers in a text (ISO/IEC 7812-1, annex B for the last digit).

use std::ops::Range;

use super::is_invisible;

/// Fewer digits are no card number, and more are none.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// A number in international form has this many digits at most (E.164): what begins with + and is no longer is a phone number.
const PHONE_DIGITS_MAX: usize = 15;
/// Separators between two groups of one number.
const SEPARATORS_MAX: usize = 3;

/// Digits without anything between them.
struct Group {
    /// Of the first digit in [`Run::digits`].
    first: usize,
    /// After the last.
    end: usize,
    /// Octets of the text.
    octets: Range<usize>,
}

/// Groups with nothing but separators between them.
#[derive(Default)]
struct Run {
    digits: Vec<u8>,
    groups: Vec<Group>,
    after_plus: bool,
}

/// Where card numbers are, in octets, in order, none over another. A number may be written in groups; it begins and ends with one.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.chars().filter(|c| digit(*c).is_some()).count() < *DIGITS.start() {
        return found;
    }
    let mut run = Run::default();
    let mut separators = SEPARATORS_MAX + 1;
    let mut before = ' ';
    for (at, c) in text.char_indices().filter(|(_, c)| !is_invisible(*c)) {
        if let Some(digit) = digit(c) {
            if separators > SEPARATORS_MAX {
                run.cards(&mut found);
                run = Run { after_plus: before == '+', ..Run::default() };
            }
            run.push(digit, at..at + c.len_utf8(), separators > 0);
            separators = 0;
        } else if is_separator(c) {
            separators += 1;
        } else {
            separators = SEPARATORS_MAX + 1;
        }
        before = c;
    }
    run.cards(&mut found);
    found
}

impl Run {
    fn push(&mut self, digit: u8, octets: Range<usize>, begins_group: bool) {
        let first = self.digits.len();
        self.digits.push(digit);
        match self.groups.last_mut().filter(|_| !begins_group) {
            Some(group) => (group.end, group.octets.end) = (first + 1, octets.end),
            None => self.groups.push(Group { first, end: first + 1, octets }),
        }
    }

    /// The longest number from each group on wins.
    fn cards(&self, found: &mut Vec<Range<usize>>) {
        let mut next = 0;
        while let Some(start) = self.groups.get(next) {
            let ends = self.groups.iter().enumerate().skip(next).rev();
            let card =
                ends.filter(|(_, end)| self.is_card(start, end, next == 0)).map(|(no, end)| (no, end.octets.end));
            match card.into_iter().next() {
                Some((last, end)) => {
                    found.push(start.octets.start..end);
                    next = last + 1;
                }
                None => next += 1,
            }
        }
    }

    fn is_card(&self, start: &Group, end: &Group, is_first: bool) -> bool {
        let Some(digits) = self.digits.get(start.first..end.end) else { return false };
        let is_phone = is_first && self.after_plus && digits.len() <= PHONE_DIGITS_MAX;
        DIGITS.contains(&digits.len()) && !is_phone && is_issued(digits) && is_luhn(digits)
    }
}

/// Decimal digits of the scripts that phones write numbers in: ASCII, Arabic-Indic, Persian, Devanagari, Bengali, full width.
fn digit(c: char) -> Option<u8> {
    const ZEROS: [u32; 6] = [0x30, 0x0660, 0x06F0, 0x0966, 0x09E6, 0xFF10];
    let code = u32::from(c);
    ZEROS
        .iter()
        .find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10))
        .and_then(|digit| u8::try_from(digit).ok())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '_' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Whether issuers of payment cards have the range: first digit 3 to 6, and what begins otherwise by its own list.
fn is_issued(digits: &[u8]) -> bool {
    let first_four = digits.iter().take(4).fold(0_u16, |sum, digit| sum * 10 + u16::from(*digit));
    match first_four {
        3000..=6999 | 2221..=2720 | 2200..=2204 => true,
        8100..=8299 | 8600 | 9792 | 9860 => digits.len() >= 16,
        _ => false,
    }
}

/// Every second digit from the right is doubled; the sum of all digits ends with 0.
fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| weighed(place, *digit)).sum();
    sum.is_multiple_of(10)
}

fn weighed(place: usize, digit: u8) -> u32 {
    let digit = u32::from(digit);
    match (place % 2, digit) {
        (0, _) => digit,
        (_, 0..=4) => digit * 2,
        _ => digit * 2 - 9,
    }
}
