//! Encodings of message text and the `data_coding` octet that names them.
//!
//! `encode("Grüße", Encoding::Gsm7)` gives five septets; `choose("Привет")` is [`Encoding::Ucs2`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::gsm7;

/// How characters become octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// GSM 03.38 default alphabet with extension table, one septet in each octet.
    Gsm7,
    /// ISO 8859-1.
    Latin1,
    /// UTF-16 big endian, surrogate pairs allowed (what handsets take for UCS-2).
    Ucs2,
    /// Octets that are no text.
    Binary,
}

/// Why a text cannot be sent as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The encoding lacks a character. `position` counts characters from 0.
    #[error("character {character:?} at position {position} is not in {encoding}")]
    Character {
        /// Characters before it.
        position: usize,
        /// The character.
        character: char,
        /// The encoding that lacks it.
        encoding: Encoding,
    },
    /// More segments than the 255 that a concatenation header can number.
    #[error("the message needs more than 255 segments")]
    TooLong,
    /// Text was asked to be sent as [`Encoding::Binary`].
    #[error("text has no binary encoding: send octets")]
    Binary,
    /// The encoding has no data_coding with a message class.
    #[error("a message class needs gsm7 or ucs2, not {0}")]
    Class(Encoding),
    /// A client's own part of a long message does not fit one segment.
    #[error("a part of a long message must fit one segment: {units} of {units_max} units")]
    HeaderedTooLong {
        /// Units of the body.
        units: usize,
        /// Units that fit beside its header.
        units_max: u16,
    },
}

impl Encoding {
    /// The `data_coding` we write (SMPP 3.4, 5.2.19): 0, 3, 8, 4.
    #[must_use]
    pub fn data_coding(self) -> u8 {
        match self {
            Self::Gsm7 => 0,
            Self::Latin1 => 3,
            Self::Ucs2 => 8,
            Self::Binary => 4,
        }
    }

    /// Reads a `data_coding`: the SMPP table for 0x00–0x0F, the groups of GSM 03.38 above. Returns the
    /// encoding and the message class (0 is flash) where the group carries one; `None` for encodings
    /// that we cannot read (JIS, Cyrillic, Hebrew …) and reserved groups. ASCII (1) is read as Latin-1;
    /// compressed text is [`Encoding::Binary`].
    #[must_use]
    pub fn from_data_coding(data_coding: u8) -> Option<(Self, Option<u8>)> {
        let class = Some(data_coding & 0x03);
        // Groups 0xC0 to 0xE0 are message waiting indications.
        match data_coding {
            0x00 | 0xC0..=0xDF => Some((Self::Gsm7, None)),
            0x01 | 0x03 => Some((Self::Latin1, None)),
            0x02 | 0x04 => Some((Self::Binary, None)),
            0x08 | 0xE0..=0xEF => Some((Self::Ucs2, None)),
            0x05..=0x0F | 0x80..=0xBF => None,
            0x10..=0x7F => {
                let class = class.filter(|_| data_coding & 0x10 != 0);
                Self::from_general_group(data_coding).map(|encoding| (encoding, class))
            }
            0xF0..=0xFF if data_coding & 0x04 == 0 => Some((Self::Gsm7, class)),
            0xF0..=0xFF => Some((Self::Binary, class)),
        }
    }

    /// Groups 00xx and 01xx of GSM 03.38: bit 5 is compression, bits 3 and 2 the alphabet.
    fn from_general_group(data_coding: u8) -> Option<Self> {
        if data_coding & 0x20 != 0 {
            return Some(Self::Binary);
        }
        match data_coding & 0x0C {
            0x00 => Some(Self::Gsm7),
            0x04 => Some(Self::Binary),
            0x08 => Some(Self::Ucs2),
            _ => None,
        }
    }

    /// The word used in the API and the database: `gsm7`, `latin1`, `ucs2`, `binary`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Latin1 => "latin1",
            Self::Ucs2 => "ucs2",
            Self::Binary => "binary",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Gsm7, Self::Latin1, Self::Ucs2, Self::Binary]
            .into_iter()
            .find(|encoding| encoding.as_str() == word)
            .ok_or(UnknownEncoding)
    }
}

/// The word names no [`Encoding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown encoding: expected gsm7, latin1, ucs2 or binary")]
pub struct UnknownEncoding;

/// [`Encoding::Gsm7`] when every character is in its two tables, else [`Encoding::Ucs2`].
#[must_use]
pub fn choose(text: &str) -> Encoding {
    if text.chars().all(|character| gsm7::septets_of(character).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 }
}

/// The octets of a text: septets unpacked, UTF-16 big endian without BOM, or Latin-1.
///
/// # Errors
/// [`TextError::Character`] for the first character that the encoding lacks, [`TextError::Binary`].
pub fn encode(text: &str, encoding: Encoding) -> Result<Vec<u8>, TextError> {
    match encoding {
        Encoding::Gsm7 => {
            gsm7::encode(text).map_err(|(position, character)| TextError::Character { position, character, encoding })
        }
        Encoding::Latin1 => text
            .chars()
            .enumerate()
            .map(|(position, character)| {
                u8::try_from(character).map_err(|_| TextError::Character { position, character, encoding })
            })
            .collect(),
        Encoding::Ucs2 => Ok(encode_ucs2(text)),
        Encoding::Binary => Err(TextError::Binary),
    }
}

/// The text of octets, whatever they hold: what cannot be read becomes U+FFFD. UCS-2 is big endian
/// unless a byte order mark says otherwise, and the mark is dropped. Binary is shown as Latin-1.
#[must_use]
pub fn decode(octets: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Gsm7 => gsm7::decode(octets),
        Encoding::Latin1 | Encoding::Binary => octets.iter().copied().map(char::from).collect(),
        Encoding::Ucs2 => decode_ucs2(octets),
    }
}

fn encode_ucs2(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    for unit in text.encode_utf16() {
        out.extend(unit.to_be_bytes());
    }
    out
}

fn decode_ucs2(octets: &[u8]) -> String {
    let (octets, little_endian) = match octets {
        [0xFF, 0xFE, rest @ ..] => (rest, true),
        [0xFE, 0xFF, rest @ ..] => (rest, false),
        _ => (octets, false),
    };
    let read = if little_endian { u16::from_le_bytes } else { u16::from_be_bytes };
    let (pairs, odd) = octets.as_chunks::<2>();
    let units = pairs.iter().map(|pair| read(*pair));
    let mut text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chooses_the_smaller_alphabet() {
        assert_eq!(choose(""), Encoding::Gsm7);
        assert_eq!(choose("Code: 123456 [€]"), Encoding::Gsm7);
        assert_eq!(choose("façade"), Encoding::Ucs2);
        assert_eq!(choose("Код 123456"), Encoding::Ucs2);
    }

    #[test]
    fn data_coding_table() {
        use Encoding::{Binary, Gsm7, Latin1, Ucs2};
        for (data_coding, expected) in [
            (0x00, Some((Gsm7, None))),
            (0x01, Some((Latin1, None))),
            (0x02, Some((Binary, None))),
            (0x03, Some((Latin1, None))),
            (0x04, Some((Binary, None))),
            (0x05, None),
            (0x08, Some((Ucs2, None))),
            (0x0E, None),
            (0x10, Some((Gsm7, Some(0)))),
            (0x15, Some((Binary, Some(1)))),
            (0x18, Some((Ucs2, Some(0)))),
            (0x1C, None),
            (0x20, Some((Binary, None))),
            (0x44, Some((Binary, None))),
            (0x48, Some((Ucs2, None))),
            (0x58, Some((Ucs2, Some(0)))),
            (0x80, None),
            (0xC8, Some((Gsm7, None))),
            (0xD0, Some((Gsm7, None))),
            (0xE0, Some((Ucs2, None))),
            (0xF0, Some((Gsm7, Some(0)))),
            (0xF5, Some((Binary, Some(1)))),
            (0xFF, Some((Binary, Some(3)))),
        ] {
            assert_eq!(Encoding::from_data_coding(data_coding), expected, "{data_coding:#04x}");
        }
    }

    #[test]
    fn own_data_coding_is_read_back_and_words_go_round() {
        for encoding in [Encoding::Gsm7, Encoding::Latin1, Encoding::Ucs2, Encoding::Binary] {
            assert_eq!(Encoding::from_data_coding(encoding.data_coding()), Some((encoding, None)));
            assert_eq!(encoding.as_str().parse(), Ok(encoding));
            assert_eq!(serde_json::to_value(encoding).unwrap(), encoding.as_str());
        }
        assert_eq!("utf8".parse::<Encoding>(), Err(UnknownEncoding));
    }

    #[test]
    fn ucs2_byte_order_marks_and_damage() {
        assert_eq!(decode(&[0xFE, 0xFF, 0x00, 0x41], Encoding::Ucs2), "A");
        assert_eq!(decode(&[0xFF, 0xFE, 0x41, 0x00], Encoding::Ucs2), "A");
        assert_eq!(decode(&[0x00, 0x41, 0x00], Encoding::Ucs2), "A\u{fffd}");
        assert_eq!(decode(&[0xD8, 0x3D, 0x00, 0x41], Encoding::Ucs2), "\u{fffd}A");
    }

    #[test]
    fn refuses_what_the_encoding_lacks() {
        let error = encode("ab€", Encoding::Latin1).unwrap_err();
        let encoding = Encoding::Latin1;
        assert_eq!(error, TextError::Character { position: 2, character: '€', encoding });
        assert_eq!(encode("x", Encoding::Binary), Err(TextError::Binary));
    }

    proptest! {
        #[test]
        fn ucs2_goes_round(text in any::<String>()) {
            prop_assume!(!text.starts_with(['\u{feff}', '\u{fffe}']));
            prop_assert_eq!(decode(&encode(&text, Encoding::Ucs2).unwrap(), Encoding::Ucs2), text);
        }

        #[test]
        fn latin1_goes_round(text in "[\u{0}-\u{ff}]{0,200}") {
            prop_assert_eq!(decode(&encode(&text, Encoding::Latin1).unwrap(), Encoding::Latin1), text);
        }

        #[test]
        fn gsm7_goes_round(text in "[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ -Z^{}\\\\\\[~\\]|€a-zäöñüà§]{0,200}") {
            prop_assume!(choose(&text) == Encoding::Gsm7);
            prop_assert_eq!(decode(&encode(&text, Encoding::Gsm7).unwrap(), Encoding::Gsm7), text);
        }

        #[test]
        fn decoding_never_fails(octets in prop::collection::vec(any::<u8>(), 0..300), data_coding in any::<u8>()) {
            if let Some((encoding, _)) = Encoding::from_data_coding(data_coding) {
                prop_assert!(decode(&octets, encoding).chars().count() <= octets.len());
            }
        }
    }
}
