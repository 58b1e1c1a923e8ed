//! The GSM 7-bit default alphabet with its extension table (3GPP TS 23.038, section 6.2.1).
//!
//! Over SMPP a septet usually travels unpacked, one in each octet: `encode("€")` is `[0x1B, 0x65]`.
//! Some SMSCs want septets packed eight in seven octets: [`pack`] and [`unpack`] are for them.

/// The escape septet: the next septet is read in the extension table.
pub const ESCAPE: u8 = 0x1B;

/// The default alphabet by septet. `0x1B` is the escape and stands here as a no-break space, as the
/// standard has a receiver show it that does not know extension tables.
pub const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{a0}', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', //
];

/// The extension table: the septet that follows the escape, and its character.
pub const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// How one character is written: one septet, or the escape and one septet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Septets {
    /// In the default alphabet.
    One(u8),
    /// In the extension table: written after [`ESCAPE`].
    Escaped(u8),
}

/// The septets of one character, `None` when neither table has it.
#[must_use]
pub fn septets_of(character: char) -> Option<Septets> {
    let code = u32::from(character);
    let found = match LOW.get(code as usize) {
        Some(&found) => found,
        None => high(character),
    };
    match found {
        NONE => None,
        found if found & ESCAPED != 0 => Some(Septets::Escaped((found & 0x7F) as u8)),
        found => Some(Septets::One((found & 0x7F) as u8)),
    }
}

/// Length of the text in septets (an extension character counts two), `None` when a character has no septet.
#[must_use]
pub fn septet_len(text: &str) -> Option<usize> {
    text.chars().try_fold(0, |sum, c| match septets_of(c)? {
        Septets::One(_) => Some(sum + 1),
        Septets::Escaped(_) => Some(sum + 2),
    })
}

/// Writes the text unpacked, one septet in each octet.
///
/// # Errors
/// The position (counted in characters) and value of the first character that neither table has.
pub fn encode(text: &str) -> Result<Vec<u8>, (usize, char)> {
    let mut out = Vec::with_capacity(text.len());
    for (position, character) in text.chars().enumerate() {
        match septets_of(character) {
            Some(Septets::One(septet)) => out.push(septet),
            Some(Septets::Escaped(septet)) => out.extend([ESCAPE, septet]),
            None => return Err((position, character)),
        }
    }
    Ok(out)
}

/// Reads unpacked septets. Octets over 0x7F become U+FFFD; an escape before a septet that the
/// extension table lacks is dropped and the septet read in the default alphabet (23.038, 6.2.1.1);
/// a doubled or final escape is a space.
#[must_use]
pub fn decode(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets.iter().copied();
    while let Some(octet) = rest.next() {
        out.push(match octet {
            ESCAPE => rest.next().map_or(' ', extended),
            septet => default_character(septet),
        });
    }
    out
}

/// Bits to leave empty after a user data header of `header_octets` (its length octet included), so
/// that the first septet starts on a septet boundary (23.040, 9.2.3.24).
#[must_use]
pub fn fill_bits(header_octets: usize) -> u8 {
    ((7 - (header_octets * 8) % 7) % 7) as u8
}

/// Septets that a user data header of `header_octets` takes out of the 160.
#[must_use]
pub fn header_septets(header_octets: usize) -> usize {
    (header_octets * 8).div_ceil(7)
}

/// Packs septets eight in seven octets after `fill_bits` (0–6) empty bits. When exactly seven bits
/// stay free at the end they are filled with a carriage return, since zeros would read as `@`
/// (23.038, 6.1.2.3.1).
#[must_use]
pub fn pack(septets: &[u8], fill_bits: u8) -> Vec<u8> {
    let bits = usize::from(fill_bits) + septets.len() * 7;
    let mut out = vec![0; bits.div_ceil(8)];
    for (index, &septet) in septets.iter().enumerate() {
        put(&mut out, usize::from(fill_bits) + index * 7, septet & 0x7F);
    }
    if bits % 8 == 1 {
        put(&mut out, bits, b'\r');
    }
    out
}

/// Takes septets out of packed octets, after `fill_bits` (0–6) bits. `septets` is their number where
/// it is known (TP-UDL); otherwise as many as fit, without the carriage return that [`pack`] adds.
#[must_use]
pub fn unpack(octets: &[u8], fill_bits: u8, septets: Option<usize>) -> Vec<u8> {
    let bits = (octets.len() * 8).saturating_sub(usize::from(fill_bits));
    let fit = bits / 7;
    let wanted = septets.map_or(fit, |wanted| wanted.min(fit));
    let mut out: Vec<u8> = (0..wanted).map(|index| take(octets, usize::from(fill_bits) + index * 7)).collect();
    if septets.is_none() && bits % 7 == 0 && out.last() == Some(&b'\r') {
        out.pop();
    }
    out
}

const NONE: u16 = 0xFFFF;
const ESCAPED: u16 = 0x100;

/// Characters below U+0100, which is nearly every character that is sent, by one load.
static LOW: [u16; 256] = low_table();

const fn low_table() -> [u16; 256] {
    let mut table = [NONE; 256];
    let mut septet = 0;
    while septet < DEFAULT.len() {
        let code = DEFAULT[septet] as usize;
        if code < 256 && septet != ESCAPE as usize {
            table[code] = septet as u16;
        }
        septet += 1;
    }
    let mut index = 0;
    while index < EXTENSION.len() {
        let (septet, character) = EXTENSION[index];
        if (character as usize) < 256 {
            table[character as usize] = ESCAPED | septet as u16;
        }
        index += 1;
    }
    table
}

/// The euro sign and the ten Greek capitals, the only ones above U+00FF.
fn high(character: char) -> u16 {
    match character {
        '€' => ESCAPED | 0x65,
        'Δ' => 0x10,
        'Φ' => 0x12,
        'Γ' => 0x13,
        'Λ' => 0x14,
        'Ω' => 0x15,
        'Π' => 0x16,
        'Ψ' => 0x17,
        'Σ' => 0x18,
        'Θ' => 0x19,
        'Ξ' => 0x1A,
        _ => NONE,
    }
}

fn default_character(septet: u8) -> char {
    DEFAULT.get(usize::from(septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn extended(septet: u8) -> char {
    if septet == ESCAPE {
        return ' ';
    }
    EXTENSION
        .iter()
        .find(|(code, _)| *code == septet)
        .map_or_else(|| default_character(septet), |(_, character)| *character)
}

fn put(out: &mut [u8], bit: usize, septet: u8) {
    let wide = u16::from(septet) << (bit % 8);
    let [high, low] = wide.to_be_bytes();
    if let Some(octet) = out.get_mut(bit / 8) {
        *octet |= low;
    }
    if let Some(octet) = out.get_mut(bit / 8 + 1) {
        *octet |= high;
    }
}

fn take(octets: &[u8], bit: usize) -> u8 {
    let octet = |at: usize| u16::from(octets.get(at).copied().unwrap_or(0));
    let wide = octet(bit / 8) | octet(bit / 8 + 1) << 8;
    ((wide >> (bit % 8)) & 0x7F) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_character_of_both_tables_goes_round() {
        for (septet, &character) in DEFAULT.iter().enumerate() {
            if septet != usize::from(ESCAPE) {
                assert_eq!(septets_of(character), Some(Septets::One(septet as u8)), "{character:?}");
                assert_eq!(decode(&[septet as u8]), character.to_string());
            }
        }
        for (septet, character) in EXTENSION {
            assert_eq!(septets_of(character), Some(Septets::Escaped(septet)), "{character:?}");
            assert_eq!(decode(&[ESCAPE, septet]), character.to_string());
        }
    }

    #[test]
    fn characters_outside_are_refused_with_their_position() {
        assert_eq!(encode("abç"), Err((2, 'ç')));
        for outside in ['\u{a0}', '`', 'ç', 'α', '\u{1b}', '\t', '\0', '😀'] {
            assert_eq!(septets_of(outside), None, "{outside:?}");
        }
    }

    #[test]
    fn odd_escapes_are_read_as_the_standard_says() {
        assert_eq!(decode(&[ESCAPE, b'A']), "A");
        assert_eq!(decode(&[ESCAPE, ESCAPE, b'A']), " A");
        assert_eq!(decode(&[b'A', ESCAPE]), "A ");
        assert_eq!(decode(&[0x80]), "\u{fffd}");
    }

    #[test]
    fn conformance_text_of_quirk_e1() {
        assert_eq!(encode("@£$_{}€").unwrap(), [0x00, 0x01, 0x02, 0x11, 0x1B, 0x28, 0x1B, 0x29, 0x1B, 0x65]);
        assert_eq!(septet_len("@£$_{}€"), Some(10));
        assert_eq!(septet_len("ё"), None);
    }

    #[test]
    fn packs_the_well_known_example() {
        // "hellohello" is the example found in most descriptions of TS 23.038 packing.
        let packed = pack(&encode("hellohello").unwrap(), 0);
        assert_eq!(packed, [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37]);
    }

    #[test]
    fn seven_septets_are_padded_with_a_carriage_return() {
        let packed = pack(b"1234567", 0);
        assert_eq!(packed.len(), 7);
        assert_eq!(packed.last().map(|octet| octet >> 1), Some(b'\r'));
        assert_eq!(unpack(&packed, 0, None), b"1234567");
    }

    #[test]
    fn fill_bits_follow_the_header() {
        assert_eq!((fill_bits(0), fill_bits(6), fill_bits(7)), (0, 1, 0));
        assert_eq!((header_septets(6), header_septets(7)), (7, 8));
    }

    proptest! {
        #[test]
        fn packing_goes_round(septets in prop::collection::vec(0u8..128, 0..170), fill in 0u8..7) {
            let packed = pack(&septets, fill);
            prop_assert_eq!(unpack(&packed, fill, Some(septets.len())), septets);
        }

        #[test]
        fn decoding_any_octets_is_total(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = decode(&octets);
            prop_assert!(text.chars().count() <= octets.len());
            prop_assert!(unpack(&octets, 3, None).len() <= octets.len() * 8 / 7);
        }
    }
}
