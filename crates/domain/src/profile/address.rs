//! Senders and destinations as a connector writes them: type of number, numbering plan, prefix and alphabet.

use smallvec::SmallVec;

use super::message::{AddressForm, AddressSettings, NumberFormat, SenderAlphabet, TextSettings};
use crate::number::{Msisdn, Sender, SenderForm};
use crate::text::gsm7::{self, Septets};

/// An address of SMPP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAddress {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan.
    pub npi: u8,
    /// Without NUL.
    pub addr: SmallVec<[u8; 20]>,
}

/// A sender that a connector cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SenderRefused {
    /// The connector takes characters only that are the same everywhere.
    #[error("the operator takes letters, digits, blanks and ! # % & ' ( ) * + , - . / : ? in a sender only")]
    Unsafe,
    /// A character that GSM 03.38 lacks, or writes as NUL or in two octets.
    #[error("the operator takes no {0:?} in a sender")]
    Character(char),
}

impl AddressSettings {
    /// The sender of a message.
    ///
    /// # Errors
    /// [`SenderRefused`]: NUL is never sent, and no character is ever changed.
    pub fn sender(&self, sender: &Sender, text: &TextSettings) -> Result<WrittenAddress, SenderRefused> {
        match sender.form() {
            SenderForm::Number => Ok(self.sender_number.with(self.number(sender.as_bytes()))),
            SenderForm::ShortCode => Ok(self.sender_short_code.with(sender.as_bytes().into())),
            SenderForm::Name => text.sender_alphabet.octets(sender).map(|octets| self.sender_alphanumeric.with(octets)),
        }
    }

    /// Where a message goes.
    #[must_use]
    pub fn destination(&self, destination: Msisdn) -> WrittenAddress {
        self.destination.with(self.number(destination.digits().as_bytes()))
    }

    fn number(&self, digits: &[u8]) -> SmallVec<[u8; 20]> {
        let prefix: &[u8] = match self.number_format {
            NumberFormat::Plain => b"",
            NumberFormat::Plus => b"+",
            NumberFormat::DoubleZero => b"00",
        };
        prefix.iter().chain(digits).copied().collect()
    }
}

impl AddressForm {
    fn with(self, addr: SmallVec<[u8; 20]>) -> WrittenAddress {
        WrittenAddress { ton: self.ton, npi: self.npi, addr }
    }
}

impl SenderAlphabet {
    fn octets(self, sender: &Sender) -> Result<SmallVec<[u8; 20]>, SenderRefused> {
        match self {
            Self::Safe if !sender.is_safe() => Err(SenderRefused::Unsafe),
            // Senders are ASCII, which Latin-1 has in the same places.
            Self::Safe | Self::Latin1 => Ok(sender.as_bytes().into()),
            Self::Gsm => sender.as_str().chars().map(gsm_octet).collect(),
        }
    }
}

/// One octet for one character; `@` would be NUL, and end the field.
fn gsm_octet(character: char) -> Result<u8, SenderRefused> {
    match gsm7::septets_of(character) {
        Some(Septets::One(septet)) if septet != 0 => Ok(septet),
        _ => Err(SenderRefused::Character(character)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn sender(settings: &str, sender: &str) -> Result<(u8, u8, Vec<u8>), SenderRefused> {
        let profile = Profile::parse(settings).expect(settings);
        let written = profile.address.sender(&sender.parse().expect(sender), &profile.text)?;
        Ok((written.ton, written.npi, written.addr.to_vec()))
    }

    #[test]
    fn forms_have_their_ton_and_npi_and_the_profile_overrides() {
        assert_eq!(sender("{}", "+447700900123"), Ok((1, 1, b"447700900123".to_vec())));
        assert_eq!(sender("{}", "MyBank"), Ok((5, 0, b"MyBank".to_vec())));
        assert_eq!(sender("{}", "12345"), Ok((3, 0, b"12345".to_vec())));
        let own = r#"{ "address": { "sender_short_code": { "ton": 6, "npi": 0 }, "number_format": "double_zero" } }"#;
        assert_eq!(sender(own, "12345"), Ok((6, 0, b"12345".to_vec())));
        assert_eq!(sender(own, "+447700900123"), Ok((1, 1, b"00447700900123".to_vec())));
        let plus =
            Profile::parse(r#"{ "address": { "number_format": "plus", "destination": { "ton": 0, "npi": 1 } } }"#);
        let written = plus.unwrap().address.destination(Msisdn::from_u64(447_700_900_123).unwrap());
        assert_eq!((written.ton, written.npi, written.addr.as_slice()), (0, 1, &b"+447700900123"[..]));
    }

    #[test]
    fn nul_is_never_sent_and_nothing_is_changed() {
        let (gsm, latin) =
            (r#"{ "text": { "sender_alphabet": "gsm" } }"#, r#"{ "text": { "sender_alphabet": "latin1" } }"#);
        assert_eq!(sender("{}", "My_Bank"), Err(SenderRefused::Unsafe));
        assert_eq!(sender(gsm, "My_Bank$"), Ok((5, 0, b"My\x11Bank\x02".to_vec())));
        assert_eq!(sender(gsm, "a@b"), Err(SenderRefused::Character('@')));
        assert_eq!(sender(gsm, "a[b]"), Err(SenderRefused::Character('[')));
        assert_eq!(sender(latin, "a@b_"), Ok((5, 0, b"a@b_".to_vec())));
    }
}
