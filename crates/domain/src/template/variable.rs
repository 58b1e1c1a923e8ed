//! What may stand in a place of an approved text: a value has a type, and what is not of it is refused.
//!
//! Types are narrow on purpose. Whoever may only fill in digits, an amount or a word cannot turn a bank's text into another one.

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

/// The type of a variable. Text and serde form: `digits(6)`, `amount`, `date`, `word(20)`, `url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableType {
    /// From 1 to so many digits.
    Digits(u8),
    /// A number with separators, with or without a currency of three capitals: `1,234.50 EUR`, `-5`.
    Amount,
    /// A day in figures, with hyphens, points or slashes: `2026-12-01`, `1.12.26`.
    Date,
    /// From 1 to so many letters, digits, hyphens and apostrophes: no space, no point, and so no link.
    Word(u8),
    /// An https link of up to 120 characters.
    Url,
}

/// The text is no type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a type is digits(n) with n up to 20, amount, date, word(n) with n up to 40, or url")]
pub struct VariableTypeError;

const AMOUNT_CHARS_MAX: usize = 24;
/// Digits behind the decimal mark.
const FRACTION_DIGITS_MAX: usize = 6;
const DATE_CHARS_MAX: usize = 10;
const URL_CHARS_MAX: usize = 120;

impl VariableType {
    /// Whether a value is of this type.
    #[must_use]
    pub fn accepts(self, value: &str) -> bool {
        if value.is_empty() || value.chars().count() > self.chars_max() {
            return false;
        }
        match self {
            Self::Digits(_) => value.bytes().all(|octet| octet.is_ascii_digit()),
            Self::Amount => is_amount(value),
            Self::Date => is_date(value),
            Self::Word(_) => value.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '\'' | '’')),
            Self::Url => is_url(value),
        }
    }

    /// The longest value, in characters.
    #[must_use]
    pub fn chars_max(self) -> usize {
        match self {
            Self::Digits(most) | Self::Word(most) => most.into(),
            Self::Amount => AMOUNT_CHARS_MAX,
            Self::Date => DATE_CHARS_MAX,
            Self::Url => URL_CHARS_MAX,
        }
    }

    /// A value as long as one can be, in the letters of the default alphabet.
    #[must_use]
    pub fn longest(self) -> String {
        match self {
            Self::Digits(most) => "0".repeat(most.into()),
            Self::Amount => format!("{} EUR", "0".repeat(AMOUNT_CHARS_MAX - 4)),
            Self::Date => "2026-12-31".to_owned(),
            Self::Word(most) => "x".repeat(most.into()),
            Self::Url => format!("https://x.{}", "x".repeat(URL_CHARS_MAX - 10)),
        }
    }
}

impl fmt::Display for VariableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(most) => write!(f, "digits({most})"),
            Self::Amount => f.write_str("amount"),
            Self::Date => f.write_str("date"),
            Self::Word(most) => write!(f, "word({most})"),
            Self::Url => f.write_str("url"),
        }
    }
}

impl FromStr for VariableType {
    type Err = VariableTypeError;

    fn from_str(text: &str) -> Result<Self, VariableTypeError> {
        let bounded = |name: &str, most: u8| {
            let bound = text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
            let is_plain = bound.bytes().all(|octet| octet.is_ascii_digit()) && !bound.starts_with('0');
            bound.parse().ok().filter(|bound| is_plain && (1..=most).contains(bound))
        };
        match text {
            "amount" => Ok(Self::Amount),
            "date" => Ok(Self::Date),
            "url" => Ok(Self::Url),
            _ => bounded("digits", 20)
                .map(Self::Digits)
                .or_else(|| bounded("word", 40).map(Self::Word))
                .ok_or(VariableTypeError),
        }
    }
}

serde_as_text!(VariableType);

fn is_amount(text: &str) -> bool {
    let is_currency = |word: &str| word.len() == 3 && word.bytes().all(|octet| octet.is_ascii_uppercase());
    let number = match text.split_once(' ') {
        Some((first, rest)) if is_currency(first) => rest,
        _ => match text.rsplit_once(' ') {
            Some((rest, last)) if is_currency(last) => rest,
            _ => text,
        },
    };
    let number = number.strip_prefix(['+', '-']).unwrap_or(number);
    let Some((whole, fraction)) = number.rsplit_once(['.', ',']) else { return is_grouped(number) };
    let mark = number.chars().rev().find(|letter| matches!(letter, '.' | ','));
    let is_fraction = (1..=FRACTION_DIGITS_MAX).contains(&fraction.len()) && is_digits(fraction);
    is_grouped(number) || (is_fraction && is_grouped(whole) && !whole.contains(|letter| Some(letter) == mark))
}

/// Whether these are digits, alone or in groups: all with the same mark between them, the last one of three digits and those in
/// the middle of two (lakh, crore) or three.
fn is_grouped(number: &str) -> bool {
    let Some(mark) = number.chars().find(|letter| !letter.is_ascii_digit()) else { return is_digits(number) };
    let mut groups = number.split(mark);
    let (first, last) = (groups.next().unwrap_or_default(), groups.next_back().unwrap_or_default());
    matches!(mark, '.' | ',' | ' ' | '\'')
        && (1..=3).contains(&first.len())
        && is_digits(first)
        && groups.all(|group| (2..=3).contains(&group.len()) && is_digits(group))
        && last.len() == 3
        && is_digits(last)
}

/// A day that there is, in one of the orders that people write it in.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let marks: Vec<char> = text.chars().filter(|letter| matches!(letter, '-' | '.' | '/')).collect();
    let [first, middle, last] = parts[..] else { return false };
    if marks.first() != marks.last() || !parts.iter().all(|part| is_digits(part)) {
        return false;
    }
    let is =
        |part: &str, most: u32| part.len() <= 2 && part.parse().is_ok_and(|number: u32| (1..=most).contains(&number));
    let is_year = |part: &str| matches!(part.len(), 2 | 4);
    let is_day_and_month = |one: &str, other: &str| (is(one, 31) && is(other, 12)) || (is(one, 12) && is(other, 31));
    let year_first = first.len() == 4 && is(middle, 12) && is(last, 31);
    year_first || (is_year(last) && is_day_and_month(first, middle))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit())
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let label = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'.';
    let fits = |octet: u8| {
        octet.is_ascii_graphic() && !matches!(octet, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    host.contains('.') && host.bytes().all(label) && !host.starts_with(['.', '-']) && rest.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> VariableType {
        text.parse().unwrap()
    }

    #[test]
    fn a_value_is_of_its_type_or_not() {
        for (name, good, bad) in [
            ("digits(6)", &["1", "123456"][..], &["", "1234567", "12a", "１２", "-1", " 1"][..]),
            (
                "amount",
                &["5", "-5", "1,234.50", "1 234,50 EUR", "EUR 12.00", "1'000", "12,34,567.00", "1.234.567", "0.000001"],
                &[
                    "",
                    "EUR",
                    "5 eur",
                    "1..2",
                    ".5",
                    "5.",
                    "1,,2",
                    "5 EURO",
                    "12 % off",
                    "1234567890123456789012345",
                    "1.2.3.4",
                    "1,23,4.5",
                    "1 2 3",
                    "1,234.567,8",
                    "--5",
                    "0.0000001",
                    "800 555 01",
                ],
            ),
            (
                "date",
                &["2026-12-01", "1.12.26", "12/1/2026"],
                &[
                    "2026",
                    "2026-12",
                    "2026-12.01",
                    "today",
                    "1.12.2026 now",
                    "0.0.0",
                    "9999-99-99",
                    "31.13.2026",
                    "32/1/2026",
                    "1.1.1.1",
                    "2026-1-100",
                    "1-2-3",
                ],
            ),
            (
                "word(8)",
                &["Anna", "O'Neill", "Łukasz-1"],
                &["", "two words", "evil.com", "a@b", "123456789", "a\nb", "{x}"],
            ),
            (
                "url",
                &["https://bank.com", "https://bank.com/a?b=c#d"],
                &[
                    "http://bank.com",
                    "bank.com",
                    "https://",
                    "https://bank",
                    "https://a.com/ b",
                    "https://user@bank.com",
                    "https://.com",
                ],
            ),
        ] {
            good.iter().for_each(|value| assert!(kind(name).accepts(value), "{name}: {value:?}"));
            bad.iter().for_each(|value| assert!(!kind(name).accepts(value), "{name}: {value:?}"));
        }
    }

    #[test]
    fn types_are_written_as_they_are_read_and_their_longest_value_is_one() {
        for name in ["digits(1)", "digits(20)", "amount", "date", "word(40)", "url"] {
            assert_eq!(kind(name).to_string(), name);
            let longest = kind(name).longest();
            assert!(kind(name).accepts(&longest) && longest.len() == kind(name).chars_max(), "{name}: {longest}");
        }
        for text in [
            "",
            "digits",
            "digits()",
            "digits(0)",
            "digits(21)",
            "digits(06)",
            "digits(+6)",
            "word(41)",
            "text",
            "Amount",
        ] {
            assert_eq!(text.parse::<VariableType>(), Err(VariableTypeError), "{text}");
        }
    }
}
