//! Whether a text is what a template with typed variables could have made.

use std::collections::BTreeMap;

use super::text::Piece;
use super::{TemplateText, VariableType};

impl TemplateText {
    /// Whether some values of these types make this text. A place without a type matches nothing.
    ///
    /// Each pair of a piece and a position is tried once: the time is bounded by pieces × characters × the longest value.
    #[must_use]
    pub fn matches(&self, types: &BTreeMap<String, VariableType>, text: &str) -> bool {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        // Positions, as indices into `ends`, at which what follows may begin.
        let mut open = vec![0];
        for piece in self.pieces() {
            open = match piece {
                Piece::Plain(plain) => after_plain(plain, text, &ends, &open),
                Piece::Place(name) => {
                    let Some(kind) = types.get(name) else { return false };
                    after_value(*kind, text, &ends, &open)
                }
            };
            if open.is_empty() {
                return false;
            }
        }
        open.last().is_some_and(|at| *at + 1 == ends.len())
    }
}

fn after_plain(plain: &str, text: &str, ends: &[usize], open: &[usize]) -> Vec<usize> {
    let length = plain.chars().count();
    let begins =
        |at: &&usize| ends.get(**at).and_then(|from| text.get(*from..)).is_some_and(|rest| rest.starts_with(plain));
    open.iter().filter(begins).map(|at| at + length).collect()
}

fn after_value(kind: VariableType, text: &str, ends: &[usize], open: &[usize]) -> Vec<usize> {
    let mut reached = vec![false; ends.len()];
    for &from in open {
        let last = (from + kind.chars_max()).min(ends.len().saturating_sub(1));
        for to in from + 1..=last {
            let value = ends.get(from).zip(ends.get(to)).and_then(|(from, to)| text.get(*from..*to));
            if let Some(reached) = reached.get_mut(to)
                && !*reached
            {
                *reached = value.is_some_and(|value| kind.accepts(value));
            }
        }
    }
    (0..ends.len()).filter(|at| reached.get(*at) == Some(&true)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn types() -> BTreeMap<String, VariableType> {
        let pairs = [("code", "digits(6)"), ("name", "word(10)"), ("sum", "amount")];
        pairs.map(|(name, kind)| (name.to_owned(), kind.parse().unwrap())).into()
    }

    fn template(text: &str) -> TemplateText {
        text.parse().unwrap()
    }

    #[test]
    fn a_text_is_one_of_the_templates_or_not() {
        let text = template("Dear {name}, pay {sum} with {code}.");
        for good in ["Dear Anna, pay 5 with 1.", "Dear Łukasz, pay 1 234,50 EUR with 123456."] {
            assert!(text.matches(&types(), good), "{good}");
        }
        for bad in [
            "",
            "Dear Anna, pay 5 with 1",
            "Dear Anna, pay 5 with 1. Or call us",
            "dear Anna, pay 5 with 1.",
            "Dear Anna Maria, pay 5 with 1.",
            "Dear , pay 5 with 1.",
            "Dear Anna, pay nothing with 1.",
            "Dear Anna, pay 5 with 1234567.",
            "Dear {name}, pay {sum} with {code}.",
        ] {
            assert!(!text.matches(&types(), bad), "{bad}");
        }
        assert!(!template("{unknown}").matches(&types(), "1"));
        assert!(template("a.*b").matches(&types(), "a.*b") && !template("a.*b").matches(&types(), "axxb"));
    }

    #[test]
    fn a_text_that_fits_in_many_ways_is_soon_decided() {
        let text = template(&"{name}-".repeat(30));
        let begun = std::time::Instant::now();
        assert!(!text.matches(&types(), &"a-".repeat(600)));
        assert!(begun.elapsed() < std::time::Duration::from_secs(2));
    }

    proptest! {
        #[test]
        fn what_a_template_makes_matches_it(code in "[0-9]{1,6}", name in "[a-z]{1,10}", plain in "[ a-z]{1,10}") {
            let text = template(&format!("{plain}{{code}} {{name}}{plain}"));
            let values = BTreeMap::from([("code".to_owned(), code), ("name".to_owned(), name)]);
            prop_assert!(text.matches(&types(), &text.fill(&values).unwrap()));
        }

        #[test]
        fn any_text_is_decided(text in ".{0,200}") {
            let _ = template("{name} {sum}{code}").matches(&types(), &text);
        }
    }
}
