//! Digits that a number begins with, compared as integers: no text is made to look one up.

/// The leading digits of an E.164 number, such as 4477: their value and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Prefix {
    pub(crate) value: u64,
    pub(crate) digits: u32,
}

/// E.164 numbers have at most this many digits.
pub(crate) const DIGITS_MAX: u32 = 15;

impl Prefix {
    /// Reads 1 to 15 digits, with or without a plus before them; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let digits = u32::try_from(text.len()).ok().filter(|digits| (1..=DIGITS_MAX).contains(digits))?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        is_number.then(|| text.parse().ok()).flatten().map(|value| Self { value, digits })
    }

    /// Whether `number` begins with these digits.
    pub(crate) fn begins(self, number: u64) -> bool {
        let length = digits_of(number);
        length >= self.digits && number / 10_u64.pow(length - self.digits) == self.value
    }

    /// Everything that `number` begins with, the longest first: the number itself, then without its last
    /// digit, down to the first digit.
    pub(crate) fn all_of(number: u64) -> impl Iterator<Item = Self> {
        let mut rest = number;
        (1..=digits_of(number)).rev().map(move |digits| {
            let prefix = Self { value: rest, digits };
            rest /= 10;
            prefix
        })
    }
}

/// How many decimal digits `number` has; zero has none.
pub(crate) fn digits_of(number: u64) -> u32 {
    number.checked_ilog10().map_or(0, |log| log + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_digits_are_a_prefix() {
        assert_eq!(Prefix::parse("4477"), Some(Prefix { value: 4_477, digits: 4 }));
        assert_eq!(Prefix::parse("+4477"), Prefix::parse("4477"));
        for text in ["", "+", "0", "044", "44 7", "++44", "4a", "1234567890123456", "٤٤"] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_text(number in 1_u64..1_000_000_000_000_000, prefix in 1_u64..10_000) {
            let parsed = Prefix::parse(&prefix.to_string()).unwrap();
            prop_assert_eq!(parsed.begins(number), number.to_string().starts_with(&prefix.to_string()));
        }

        #[test]
        fn a_number_begins_with_all_its_prefixes(number in 1_u64..1_000_000_000_000_000) {
            let all: Vec<_> = Prefix::all_of(number).collect();
            prop_assert!(all.iter().all(|prefix| prefix.begins(number)));
            prop_assert!(all.iter().rev().map(|prefix| prefix.digits).eq(1..=digits_of(number)));
        }
    }
}
