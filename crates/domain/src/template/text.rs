//! Reading and filling a text with places.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The longest name of a place.
pub const NAME_CHARS_MAX: usize = 32;

/// A text with places, read once and filled often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateText {
    pieces: Vec<Piece>,
}

/// What a text is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(String),
    Place(String),
}

/// Why a text cannot be read or filled. Places are counted in characters, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// A brace opens and none closes.
    #[error("the brace at character {0} is not closed; write {{{{ for a brace that stays")]
    Open(usize),
    /// A brace closes and none opened.
    #[error("the brace at character {0} closes nothing; write }}}} for a brace that stays")]
    Stray(usize),
    /// What stands in the braces is no name.
    #[error(
        "what stands in braces at character {0} is no name of 1 to 32 small letters, digits and underscores; write {{{{ for a brace that stays"
    )]
    Name(usize),
    /// With its values it is longer than any message.
    #[error("with its values the text is longer than any message")]
    TooLong,
    /// There is no value for a place.
    #[error("there is no value for {{{0}}}")]
    Missing(String),
}

/// Octets of a text with its values: 255 segments of 153 letters, four octets each.
const FILLED_OCTETS_MAX: usize = 255 * 153 * 4;

/// Whether a place may be called so: small letters, digits and underscores, a letter first.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_';
    text.len() <= NAME_CHARS_MAX && text.bytes().all(fits) && text.starts_with(|first: char| first.is_ascii_lowercase())
}

impl FromStr for TemplateText {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let (mut pieces, mut plain) = (Vec::new(), String::new());
        let mut rest = text.chars().zip(1..).peekable();
        while let Some((letter, at)) = rest.next() {
            let doubled = rest.peek().is_some_and(|(next, _)| *next == letter);
            match letter {
                '{' | '}' if doubled => {
                    rest.next();
                    plain.push(letter);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            None => return Err(TextFault::Open(at)),
                            Some(('}', _)) => break,
                            Some((letter, _)) => name.push(letter),
                        }
                    }
                    if !is_name(&name) {
                        return Err(TextFault::Name(at));
                    }
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    pieces.push(Piece::Place(name));
                }
                '}' => return Err(TextFault::Stray(at)),
                letter => plain.push(letter),
            }
        }
        pieces.push(Piece::Plain(plain));
        pieces.retain(|piece| !matches!(piece, Piece::Plain(plain) if plain.is_empty()));
        Ok(Self { pieces })
    }
}

impl TemplateText {
    /// The names of its places, each as often as it comes.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Place(name) => Some(name.as_str()),
        })
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text with `values` in its places. Values for places that it does not have are left over.
    ///
    /// # Errors
    /// [`TextFault::Missing`], with the first place that has no value; [`TextFault::TooLong`], before more is made of it than is sent.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<String, TextFault> {
        let mut text = String::new();
        for piece in &self.pieces {
            let more = match piece {
                Piece::Plain(plain) => plain,
                Piece::Place(name) => values.get(name).ok_or_else(|| TextFault::Missing(name.clone()))?,
            };
            if text.len() + more.len() > FILLED_OCTETS_MAX {
                return Err(TextFault::TooLong);
            }
            text.push_str(more);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<TemplateText, TextFault> {
        text.parse()
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_stands_in_braces_is_a_place_and_doubled_braces_stay() {
        let text = read("{a}, {b_2} and {{c}} for {a}").unwrap();
        assert_eq!(text.places().collect::<Vec<_>>(), ["a", "b_2", "a"]);
        assert_eq!(text.fill(&values(&[("a", "1"), ("b_2", ""), ("x", "y")])).unwrap(), "1,  and {c} for 1");
        assert_eq!(text.fill(&values(&[("a", "1")])), Err(TextFault::Missing("b_2".to_owned())));
        let bomb = read(&"{a}".repeat(5_000)).unwrap();
        assert_eq!(
            bomb.fill(&values(&[("a", &"y".repeat(5_000))])),
            Err(TextFault::TooLong),
            "nobody makes 25 MB of 20 kB"
        );
        assert_eq!(read("").unwrap().fill(&values(&[])).unwrap(), "");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (text, fault) in [
            ("Привет {", TextFault::Open(8)),
            ("a {b", TextFault::Open(3)),
            ("a } b", TextFault::Stray(3)),
            ("{}", TextFault::Name(1)),
            ("{Name}", TextFault::Name(1)),
            ("{1a}", TextFault::Name(1)),
            ("{a b}", TextFault::Name(1)),
            ("{a{b}", TextFault::Name(1)),
            ("{{}", TextFault::Stray(3)),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
        assert!(read(&format!("{{{}}}", "a".repeat(32))).is_ok());
        assert_eq!(read(&format!("{{{}}}", "a".repeat(33))), Err(TextFault::Name(1)));
    }

    proptest! {
        #[test]
        fn a_value_comes_out_as_it_went_in_whatever_it_holds(before in "[^{}]{0,20}", value in ".{0,40}", after in "[^{}]{0,20}") {
            let text = read(&format!("{before}{{place}}{after}")).unwrap();
            let filled = text.fill(&values(&[("place", &value)])).unwrap();
            prop_assert_eq!(filled, format!("{before}{value}{after}"));
        }

        #[test]
        fn any_text_can_be_written_as_a_template(plain in ".{0,60}") {
            let escaped = plain.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(read(&escaped).unwrap().fill(&BTreeMap::new()).unwrap(), plain);
        }

        #[test]
        fn reading_never_fails_in_another_way(text in ".{0,60}") {
            let _ = read(&text);
        }
    }
}
