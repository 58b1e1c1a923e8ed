//! What a reader of JSON or TOML says of a value that does not fit, in the words of whoever wrote the value.
//!
//! ```
//! use sambac_domain::in_words::in_words;
//! let told = in_words("invalid type: string \"many\", expected u16");
//! assert_eq!(told, "invalid type: string \"many\", expected a whole number from 0 to 65535");
//! ```

/// What introduces the kind of value that was wanted.
const EXPECTED: &str = "expected ";

/// Kinds of values as the reader calls them, and as a person does. The longest of two that begin alike comes first.
const KINDS: [(&str, &str); 24] = [
    ("a nonzero u8", "a whole number from 1 to 255"),
    ("a nonzero u16", "a whole number from 1 to 65535"),
    ("a nonzero u32", "a whole number from 1 to 4294967295"),
    ("u8", "a whole number from 0 to 255"),
    ("u16", "a whole number from 0 to 65535"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number from 0"),
    ("usize", "a whole number from 0"),
    ("i8", "a whole number from -128 to 127"),
    ("i16", "a whole number from -32768 to 32767"),
    ("i32", "a whole number from -2147483648 to 2147483647"),
    ("i64", "a whole number"),
    ("isize", "a whole number"),
    ("f64", "a number"),
    ("a boolean", "true or false"),
    ("a borrowed string", "a text"),
    ("a string", "a text"),
    ("a character", "a single character"),
    ("a sequence", "a list"),
    ("a map", "a table of fields"),
    ("map", "a table of fields"),
    ("struct", "a table of fields"),
    ("internally tagged enum", "a table of fields"),
    ("unit", "nothing"),
];

/// `text` with the kind of value that was wanted in a person's words. A text that names none stays as it is.
#[must_use]
pub fn in_words(text: &str) -> String {
    let Some((before, rest)) = text.rsplit_once(EXPECTED) else { return text.to_owned() };
    let end = rest.find(" at line").or_else(|| rest.find('\n')).unwrap_or(rest.len());
    let (wanted, after) = rest.split_at(end);
    format!("{before}{EXPECTED}{}{after}", kind(wanted))
}

fn kind(wanted: &str) -> String {
    let is_whole_word = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    let found = KINDS.iter().find(|(theirs, _)| wanted.strip_prefix(theirs).is_some_and(is_whole_word));
    found.map_or_else(|| wanted.to_owned(), |(_, ours)| (*ours).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_values_are_told_in_the_words_of_a_person() {
        for (theirs, ours) in [
            ("expected u16", "expected a whole number from 0 to 65535"),
            ("invalid value: integer `-1`, expected u8 at line 1 column 9", "expected a whole number from 0 to 255 at"),
            ("invalid type: integer `1`, expected a string\n", "expected a text\n"),
            ("invalid type: string \"x\", expected struct Connector with 9 elements", "expected a table of fields"),
            ("invalid type: null, expected a boolean", "expected true or false"),
            ("unknown field `colour`, expected one of `a`, `b`", "unknown field `colour`, expected one of `a`, `b`"),
            ("expected unitary", "expected unitary"),
            ("missing field `name`", "missing field `name`"),
        ] {
            assert!(in_words(theirs).contains(ours), "{theirs}: {}", in_words(theirs));
        }
    }

    #[test]
    fn every_type_that_is_read_has_its_words() {
        fn refusal<T: serde::de::DeserializeOwned>() -> String {
            let wrong = serde_json::from_str::<T>("{}").err().or_else(|| serde_json::from_str::<T>("\"x\"").err());
            in_words(&wrong.map(|error| error.to_string()).unwrap_or_default())
        }
        let refusals = [
            refusal::<u8>(),
            refusal::<u16>(),
            refusal::<u32>(),
            refusal::<u64>(),
            refusal::<usize>(),
            refusal::<i16>(),
            refusal::<i32>(),
            refusal::<i64>(),
            refusal::<std::num::NonZeroU16>(),
        ];
        for refusal in refusals {
            assert!(refusal.contains("expected a whole number"), "{refusal}");
        }
        assert!(refusal::<bool>().contains("expected true or false"));
        assert!(refusal::<String>().contains("expected a text"));
        assert!(refusal::<Vec<u8>>().contains("expected a list"));
    }
}
