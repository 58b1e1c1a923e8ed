//! `[echo]`: a handset that sends every message back, in the encoding that the message did not have, so that whoever sent it
//! sees what the SMSC understood.

use sambac_domain::text::{Encoding, decode, encode};
use sambac_smpp::{Address, Pdu, Session, Sm};
use serde::Deserialize;

const UCS2: u8 = 8;
const UDHI: u8 = 0x40;
/// Under which the answers to echoes come; receipts count from 0.
pub(super) const TOKEN: u64 = u64::MAX;

/// Whether messages come back.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EchoSettings {
    /// What data_coding 0 is at this SMSC; nothing comes back when absent.
    alphabet: Option<EchoAlphabet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EchoAlphabet {
    Gsm,
    Latin1,
}

impl EchoSettings {
    /// Sends a message back. One that does not fit into the window is lost, as on a real link.
    pub(super) fn answer(self, session: &Session, sm: &Sm<'_>) {
        let Some((data_coding, message)) = self.answer_to(sm) else { return };
        let pdu = Pdu::DeliverSm(Sm {
            source: sm.destination,
            destination: Address::new(sm.source.ton, sm.source.npi, sm.source.addr),
            data_coding,
            short_message: &message,
            ..Sm::default()
        });
        let _ = session.try_send(&pdu, TOKEN);
    }

    fn answer_to(self, sm: &Sm<'_>) -> Option<(u8, Vec<u8>)> {
        let alphabet = match self.alphabet? {
            EchoAlphabet::Gsm => Encoding::Gsm7,
            EchoAlphabet::Latin1 => Encoding::Latin1,
        };
        match sm.data_coding {
            _ if sm.esm_class & UDHI != 0 => None,
            0 => Some((UCS2, encode(&decode(sm.short_message, alphabet), Encoding::Ucs2).ok()?)),
            UCS2 => {
                let text = decode(sm.short_message, Encoding::Ucs2);
                // What the alphabet does not have is a question mark.
                let octets = |c: char| encode(c.encode_utf8(&mut [0; 4]), alphabet).unwrap_or_else(|_| vec![b'?']);
                Some((0, text.chars().flat_map(octets).collect()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_understood_comes_back_in_the_other_encoding() {
        let back = |alphabet, data_coding, message: &[u8]| {
            let echo = EchoSettings { alphabet };
            echo.answer_to(&Sm { data_coding, short_message: message, ..Sm::default() })
        };
        assert_eq!(back(Some(EchoAlphabet::Gsm), 0, b"\x00"), Some((8, vec![0, b'@'])));
        assert_eq!(back(Some(EchoAlphabet::Latin1), 0, b"\x24"), Some((8, vec![0, b'$'])));
        assert_eq!(back(Some(EchoAlphabet::Gsm), 8, &[0, b'@', 0, b'$']), Some((0, vec![0, 2])));
        assert_eq!(back(Some(EchoAlphabet::Latin1), 8, &[0x20, 0xAC, 0, b'$']), Some((0, b"?$".to_vec())));
        assert_eq!(back(None, 0, b"a"), None);
    }
}
