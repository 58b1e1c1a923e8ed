//! What octets say: their `data_coding` read by the peer's tables, its default alphabet, packing, and national languages.
//!
//! ```
//! use sambac_domain::text::{Alphabet, Reading, decode_user_data};
//!
//! let latin = Reading { alphabet: Alphabet::Latin1, ..Reading::default() };
//! assert_eq!(decode_user_data(0, None, b"caf\xE9", &latin).text.as_deref(), Some("café"));
//! assert_eq!(decode_user_data(4, None, &[1, 2], &latin).text, None, "binary");
//! ```

use serde::{Deserialize, Serialize};

use super::shift::Shift;
use super::udh::Udh;
use super::{Encoding, decode, gsm7};

/// What data_coding 0, the "SMSC default alphabet", is at a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// GSM 03.38 with its extension table.
    #[default]
    Gsm,
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// By which table an incoming data_coding is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCodingTable {
    /// SMPP 3.4, 5.2.19; the groups of GSM 03.38 where that leaves room.
    #[default]
    Smpp,
    /// GSM 03.38 throughout.
    Gsm,
}

/// How a peer's text is read. The default is what the specification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// What data_coding 0 is.
    pub alphabet: Alphabet,
    /// Whether GSM septets are packed into octets.
    pub packed: bool,
    /// By which table a data_coding is read.
    pub table: DataCodingTable,
    /// Whether text that looks like UCS-2 under another data_coding is read as UCS-2.
    pub sniff_ucs2: bool,
}

/// What octets say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    /// The text; `None` when the data_coding says that the octets are no text.
    pub text: Option<String>,
    /// The message class where the data_coding carries one: 0 is flash.
    pub class: Option<u8>,
}

/// What a data_coding stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Default,
    Ascii,
    Latin1,
    Cyrillic,
    Hebrew,
    Ucs2,
    Octets,
}

/// Reads a message's octets, those after its header, whatever they hold: what cannot be read becomes U+FFFD.
#[must_use]
pub fn decode_user_data(data_coding: u8, header: Option<&Udh<'_>>, octets: &[u8], reading: &Reading) -> UserData {
    let (charset, class) = charset(data_coding, reading.table);
    let sniffed = reading.sniff_ucs2 && !matches!(charset, Charset::Octets | Charset::Ucs2) && looks_like_ucs2(octets);
    let text = match charset {
        _ if sniffed => decode(octets, Encoding::Ucs2),
        Charset::Octets => return UserData { text: None, class },
        Charset::Default => default_alphabet(header, octets, reading),
        Charset::Ascii => octets.iter().map(|octet| ascii(*octet)).collect(),
        Charset::Latin1 => decode(octets, Encoding::Latin1),
        Charset::Cyrillic => octets.iter().map(|octet| cyrillic(*octet)).collect(),
        Charset::Hebrew => octets.iter().map(|octet| hebrew(*octet)).collect(),
        Charset::Ucs2 => decode(octets, Encoding::Ucs2),
    };
    UserData { text: Some(text), class }
}

fn charset(data_coding: u8, table: DataCodingTable) -> (Charset, Option<u8>) {
    use DataCodingTable::{Gsm, Smpp};
    let charset = match (table, data_coding) {
        (Smpp, 0x01) => Charset::Ascii,
        (Smpp, 0x03) => Charset::Latin1,
        (Smpp, 0x06) => Charset::Cyrillic,
        (Smpp, 0x07) => Charset::Hebrew,
        (Smpp, 0x08) | (Gsm, 0x08..=0x0B) => Charset::Ucs2,
        // Music, JIS and Korean are read by no handset of today: their octets are kept.
        (Smpp, 0x02 | 0x04 | 0x05 | 0x09..=0x0F) | (Gsm, 0x04..=0x07) => Charset::Octets,
        (Gsm, 0x00..=0x03 | 0x0C..=0x0F) => Charset::Default,
        _ => {
            let (encoding, class) = Encoding::from_data_coding(data_coding).unwrap_or((Encoding::Gsm7, None));
            return (of_encoding(encoding), class);
        }
    };
    (charset, None)
}

/// Reserved groups are read as the default alphabet, as the standard has it (23.038, section 4).
fn of_encoding(encoding: Encoding) -> Charset {
    match encoding {
        Encoding::Gsm7 => Charset::Default,
        Encoding::Latin1 => Charset::Latin1,
        Encoding::Ucs2 => Charset::Ucs2,
        Encoding::Binary => Charset::Octets,
    }
}

fn default_alphabet(header: Option<&Udh<'_>>, octets: &[u8], reading: &Reading) -> String {
    match reading.alphabet {
        Alphabet::Gsm => {
            let shift = header.map(Shift::of).unwrap_or_default();
            if !reading.packed {
                return shift.decode(octets);
            }
            let fill = gsm7::fill_bits(header.map_or(0, Udh::octets));
            shift.decode(&gsm7::unpack(octets, fill, None))
        }
        Alphabet::Latin1 => decode(octets, Encoding::Latin1),
        Alphabet::Ascii => octets.iter().map(|octet| ascii(*octet)).collect(),
        Alphabet::Utf8 => String::from_utf8_lossy(octets).into_owned(),
    }
}

fn ascii(octet: u8) -> char {
    if octet.is_ascii() { char::from(octet) } else { char::REPLACEMENT_CHARACTER }
}

/// ISO 8859-5.
fn cyrillic(octet: u8) -> char {
    match octet {
        0x00..=0xA0 | 0xAD => char::from(octet),
        0xF0 => '№',
        0xFD => '§',
        _ => char::from_u32(0x360 + u32::from(octet)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// ISO 8859-8.
fn hebrew(octet: u8) -> char {
    match octet {
        0xAA => '×',
        0xBA => '÷',
        0xDF => '‗',
        0xE0..=0xFA => char::from_u32(0x4F0 + u32::from(octet)).unwrap_or(char::REPLACEMENT_CHARACTER),
        0xFD => '\u{200e}',
        0xFE => '\u{200f}',
        0x00..=0xA0 | 0xA2..=0xBE => char::from(octet),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// Whether octets are more likely UCS-2 than what they are declared to be: pairs whose first octets are 0 or all the same
/// script's, and no control characters. Declared texts have letters in every octet.
fn looks_like_ucs2(octets: &[u8]) -> bool {
    let (pairs, odd) = match octets {
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => return octets.len().is_multiple_of(2),
        _ => octets.as_chunks::<2>(),
    };
    let script = pairs.iter().map(|[high, _]| *high).find(|high| *high != 0);
    let of_script = |high: u8| high == 0 || Some(high) == script && (0x03..=0x10).contains(&high);
    let is_text = |[high, low]: &[u8; 2]| *high != 0 || *low >= 0x20 || matches!(low, b'\n' | b'\r');
    odd.is_empty() && pairs.len() > 1 && pairs.iter().all(|pair| of_script(pair[0]) && is_text(pair))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{ShiftTable, encode, udh};
    use proptest::prelude::*;

    const PLAIN: Reading =
        Reading { alphabet: Alphabet::Gsm, packed: false, table: DataCodingTable::Smpp, sniff_ucs2: false };

    fn text(data_coding: u8, octets: &[u8], reading: &Reading) -> String {
        decode_user_data(data_coding, None, octets, reading).text.unwrap_or_default()
    }

    #[test]
    fn the_conformance_text_in_each_default_alphabet() {
        let wanted = "@£$_{}";
        for (alphabet, octets) in [
            (Alphabet::Gsm, encode(wanted, Encoding::Gsm7).unwrap()),
            (Alphabet::Latin1, encode(wanted, Encoding::Latin1).unwrap()),
            (Alphabet::Utf8, wanted.as_bytes().to_vec()),
        ] {
            assert_eq!(text(0, &octets, &Reading { alphabet, ..PLAIN }), wanted, "{alphabet:?}");
        }
        assert_eq!(text(0, b"@$_\xA3", &Reading { alphabet: Alphabet::Ascii, ..PLAIN }), "@$_\u{fffd}");
    }

    #[test]
    fn both_tables_of_data_coding() {
        let gsm = Reading { table: DataCodingTable::Gsm, ..PLAIN };
        assert_eq!((text(3, b"\xE9", &PLAIN), text(3, b"\x05", &gsm)), ("é".to_owned(), "é".to_owned()));
        assert_eq!((text(1, b"@", &PLAIN), text(1, b"\0", &gsm)), ("@".to_owned(), "@".to_owned()));
        assert_eq!((text(8, b"\0A", &PLAIN), text(0x0B, b"\0A", &gsm)), ("A".to_owned(), "A".to_owned()));
        assert_eq!(decode_user_data(5, None, b"x", &gsm).text, None);
        assert_eq!(text(6, b"\xBF\xE0\xD8\xF0", &PLAIN), "При№");
        assert_eq!(text(7, b"\xF9\xEC\xE5\xED", &PLAIN), "שלום");
    }

    #[test]
    fn classes_and_groups() {
        let of = |data_coding| decode_user_data(data_coding, None, b"\0A", &PLAIN);
        assert_eq!(of(0x10), UserData { text: Some("@A".to_owned()), class: Some(0) });
        assert_eq!(of(0x18), UserData { text: Some("A".to_owned()), class: Some(0) });
        assert_eq!(of(0xF5), UserData { text: None, class: Some(1) });
        assert_eq!(of(0xE0).text.as_deref(), Some("A"));
        assert_eq!(of(0x8F).text.as_deref(), Some("@A"), "reserved: the default alphabet");
    }

    #[test]
    fn national_languages_packed_and_not() {
        let body = [3, 0x25, 1, ShiftTable::Turkish.identifier()];
        let (header, _) = udh::parse(&body).unwrap();
        let read = |octets: &[u8], reading| decode_user_data(0, Some(&header), octets, reading).text.unwrap();
        assert_eq!(read(&[0x0B, 0x1C], &PLAIN), "ĞŞ");
        let packed = gsm7::pack(&[0x0B, 0x1C], gsm7::fill_bits(4));
        assert_eq!(read(&packed, &Reading { packed: true, ..PLAIN }), "ĞŞ");
    }

    #[test]
    fn ucs2_is_recognised_when_allowed() {
        let sniff = Reading { sniff_ucs2: true, ..PLAIN };
        for wanted in ["Привет, мир", "code 1234", "שלום", "\u{feff}Код"] {
            let octets = encode(wanted, Encoding::Ucs2).unwrap();
            assert_eq!(text(0, &octets, &sniff), wanted.trim_start_matches('\u{feff}'), "{wanted}");
            assert_ne!(text(3, &octets, &PLAIN), wanted);
        }
        for plain in ["Your code is 123456", "ok", "", "Σ!Σ?"] {
            assert_eq!(text(0, &encode(plain, Encoding::Gsm7).unwrap(), &sniff), plain);
        }
    }

    proptest! {
        #[test]
        fn anything_is_read(
            data_coding in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..200), packed: bool, sniff_ucs2: bool,
            alphabet in prop::sample::select(vec![Alphabet::Gsm, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Utf8]),
            table in prop::sample::select(vec![DataCodingTable::Smpp, DataCodingTable::Gsm]),
        ) {
            let reading = Reading { alphabet, packed, table, sniff_ucs2 };
            let (header, octets) = udh::parse(&body).map_or((None, body.as_slice()), |(header, rest)| (Some(header), rest));
            let read = decode_user_data(data_coding, header.as_ref(), octets, &reading);
            prop_assert!(read.text.is_none_or(|text| text.chars().count() <= octets.len() * 8 / 7 + 1));
        }
    }
}
