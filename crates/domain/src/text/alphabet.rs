//! An SMSC's default alphabet as we write it: what data_coding 0 is there.
//!
//! Whatever it is, the SMSC turns it into GSM septets for the handset. So a character must be in both to come out as it was
//! written; a text with any other goes as UCS-2.

use super::gsm7;
use super::units::Unit;
use super::user_data::Alphabet;

impl Alphabet {
    /// The octets of a text under data_coding 0, septets unpacked.
    ///
    /// # Errors
    /// The position (counted in characters) and value of the first character that does not come out as it was written.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, (usize, char)> {
        if self == Self::Gsm {
            return gsm7::encode(text);
        }
        let mut out = Vec::with_capacity(text.len());
        for (position, character) in text.chars().enumerate() {
            let octets = self.octets_of(character).filter(|_| gsm7::septets_of(character).is_some());
            out.extend_from_slice(octets.ok_or((position, character))?.as_slice());
        }
        Ok(out)
    }

    /// In what its octets are measured: always by the septets that become of them.
    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Gsm => Unit::Septet,
            Self::Latin1 | Self::Ascii => Unit::Ascii,
            Self::Utf8 => Unit::Utf8,
        }
    }

    fn octets_of(self, character: char) -> Option<smallvec::SmallVec<[u8; 4]>> {
        let code = u32::from(character);
        match self {
            Self::Gsm => None,
            Self::Latin1 => u8::try_from(code).ok().map(|octet| smallvec::smallvec![octet]),
            Self::Ascii => u8::try_from(code).ok().filter(u8::is_ascii).map(|octet| smallvec::smallvec![octet]),
            Self::Utf8 => Some(character.encode_utf8(&mut [0; 4]).as_bytes().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conformance_text_is_written_in_each_alphabet() {
        assert_eq!(Alphabet::Gsm.encode("@_$").unwrap(), [0x00, 0x11, 0x02]);
        assert_eq!(Alphabet::Latin1.encode("@£$_{}é").unwrap(), b"@\xA3$_{}\xE9");
        assert_eq!(Alphabet::Ascii.encode("@$_{}").unwrap(), b"@$_{}");
        assert_eq!(Alphabet::Utf8.encode("@£€Δ").unwrap(), "@£€Δ".as_bytes());
    }

    #[test]
    fn what_would_come_out_changed_is_refused() {
        assert_eq!(Alphabet::Latin1.encode("5 €"), Err((2, '€')), "not in Latin-1");
        assert_eq!(Alphabet::Latin1.encode("façade"), Err((2, 'ç')), "not in GSM 03.38");
        assert_eq!(Alphabet::Ascii.encode("£5"), Err((0, '£')));
        assert_eq!(Alphabet::Utf8.encode("Код"), Err((0, 'К')));
    }
}
