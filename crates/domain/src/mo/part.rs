//! One delivery's user data, and the place that it has in a long message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::udh::{self, Concat};

/// User data as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its number in a long message, from 1.
    pub no: u8,
    /// As the SMSC set it.
    pub data_coding: u8,
    /// Whether the octets begin with a user data header.
    pub udh: bool,
    /// The octets, with their header.
    pub octets: Vec<u8>,
}

/// Everything of a message that is kept sealed: its parts in order, and the parameters that came with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoBody {
    /// The parts that came, by their numbers.
    pub parts: Vec<Part>,
    /// Parameters by name, or by tag as `0x1400`, each with all its values (Q-H7).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tlvs: BTreeMap<String, Vec<String>>,
}

/// Which part of which long message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Shared by the parts.
    pub reference: u16,
    /// How many there are; 2 or more.
    pub total: u8,
    /// This one, from 1.
    pub no: u8,
}

impl Part {
    /// The header, when there is one, and what follows it.
    #[must_use]
    pub fn split(&self) -> (Option<udh::Udh<'_>>, &[u8]) {
        match udh::parse(&self.octets).filter(|_| self.udh) {
            Some((header, rest)) => (Some(header), rest),
            None => (None, &self.octets),
        }
    }
}

impl Reference {
    pub(super) fn octets(self) -> [u8; 4] {
        let [high, low] = self.reference.to_be_bytes();
        [high, low, self.total, self.no]
    }

    /// From SAR parameters; `None` when they cannot be true, or when the message has one part only.
    #[must_use]
    pub fn of_sar(reference: u32, total: u32, no: u32) -> Option<Self> {
        let (total, no) = (u8::try_from(total).ok()?, u8::try_from(no).ok()?);
        let reference = u16::try_from(reference & 0xFFFF).ok()?;
        Self { reference, total, no }.sound()
    }

    fn sound(self) -> Option<Self> {
        (self.total >= 2 && (1..=self.total).contains(&self.no)).then_some(self)
    }
}

impl From<Concat> for Reference {
    fn from(concat: Concat) -> Self {
        Self { reference: concat.reference, total: concat.total, no: concat.no }
    }
}

/// The user data of a PDU as a part, and its place in a long message: by its header, which may have its elements in any
/// order (Q-F1), or else by `sar`. A header that the flag promises and that cannot be one is text; a concatenation header
/// that is there without the flag is one (Q-F5).
#[must_use]
pub fn place(octets: &[u8], data_coding: u8, udhi: bool, sar: Option<Reference>) -> (Part, Option<Reference>) {
    let header = udh::parse(octets).filter(|_| udhi || is_bare_concat(octets)).map(|(header, _)| header);
    let in_header = header.and_then(|header| header.concat()).and_then(|concat| Reference::from(concat).sound());
    let reference = in_header.or(sar);
    let no = reference.map_or(1, |reference| reference.no);
    (Part { no, data_coding, udh: header.is_some(), octets: octets.to_vec() }, reference)
}

/// The octets that every phone writes before a part, and that no text begins with: `05 00 03` or `06 08 04`, and a part
/// within its total.
fn is_bare_concat(octets: &[u8]) -> bool {
    match octets {
        [5, 0, 3, _, total, no, ..] | [6, 8, 4, _, _, total, no, ..] => *total >= 2 && (1..=*total).contains(no),
        _ => false,
    }
}

/// The message class that a data_coding carries (23.038, section 4): 0 is flash.
#[must_use]
pub fn class(data_coding: u8) -> Option<u8> {
    crate::text::Encoding::from_data_coding(data_coding).and_then(|(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAR: Reference = Reference { reference: 9, total: 2, no: 2 };

    #[test]
    fn the_place_by_header_or_parameters() {
        let octets = [5, 0, 3, 42, 2, 1, b'h', b'i'];
        let (part, reference) = place(&octets, 0, true, None);
        assert_eq!(reference, Some(Reference { reference: 42, total: 2, no: 1 }));
        assert_eq!((part.no, part.udh, part.split().1), (1, true, &b"hi"[..]));
        let (_, reference) = place(&octets, 0, true, Some(SAR));
        assert_eq!(reference.map(|reference| reference.reference), Some(42), "the header counts");
        let (part, reference) = place(b"plain", 0, false, Some(SAR));
        assert_eq!((part.no, part.udh, reference), (2, false, Some(SAR)));
    }

    #[test]
    fn a_header_that_cannot_be_one_is_text_and_one_without_its_flag_is_a_header() {
        let (part, reference) = place(b"Hello", 0, true, None);
        assert_eq!((part.udh, part.split().1, reference), (false, &b"Hello"[..], None));
        let (part, reference) = place(&[6, 8, 4, 1, 2, 3, 3, b'x'], 0, false, None);
        assert_eq!((part.udh, reference), (true, Some(Reference { reference: 0x102, total: 3, no: 3 })));
        for text in [&[5, 0, 3, 42, 2, 3, b'x'][..], &[5, 0, 3, 42, 1, 1, b'x'], &[5, 0, 3], b"\x05\x04abcd"] {
            assert!(!place(text, 0, false, None).0.udh, "{text:?}");
        }
    }

    #[test]
    fn a_message_of_one_part_has_no_place() {
        assert_eq!(place(&[5, 0, 3, 42, 1, 1, b'x'], 0, true, None).1, None);
        assert_eq!(
            (Reference::of_sar(1, 1, 1), Reference::of_sar(1, 2, 3), Reference::of_sar(1, 300, 1)),
            (None, None, None)
        );
        assert_eq!(Reference::of_sar(0x1_0007, 2, 1), Some(Reference { reference: 7, total: 2, no: 1 }));
    }

    proptest! {
        #[test]
        fn any_octets_have_a_place(octets in prop::collection::vec(any::<u8>(), 0..200), udhi: bool, data_coding: u8) {
            let (part, reference) = place(&octets, data_coding, udhi, None);
            prop_assert_eq!(&part.octets, &octets);
            prop_assert!(part.split().1.len() <= octets.len());
            prop_assert!(reference.is_none_or(|place| place.no == part.no && place.no <= place.total));
        }
    }
}
