//! What a segment is measured in, and how much one holds.
//!
//! A short message carries 140 octets on the radio: 160 septets, 140 octets or 70 UTF-16 units, less what its header takes.

use super::{Encoding, gsm7};

/// Octets of user data in one short message.
const OCTETS: usize = 140;

/// The thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Septet,
    /// ASCII or Latin-1 that the SMSC turns into septets, so that brackets and braces weigh two.
    Ascii,
    /// UTF-8 that the SMSC turns into septets.
    Utf8,
    Octet,
    Utf16,
}

/// Units that fit a single segment, and each part of a long message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) single: u16,
    pub(super) part: u16,
}

impl Unit {
    pub(super) fn of(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Gsm7 => Self::Septet,
            Encoding::Latin1 | Encoding::Binary => Self::Octet,
            Encoding::Ucs2 => Self::Utf16,
        }
    }

    /// The unit and encoding of octets under a client's `data_coding`; what we cannot read is octets.
    pub(super) fn of_data_coding(data_coding: u8) -> (Self, Encoding) {
        if data_coding == 1 {
            return (Self::Ascii, Encoding::Latin1);
        }
        let encoding = Encoding::from_data_coding(data_coding).map_or(Encoding::Binary, |(encoding, _)| encoding);
        (Self::of(encoding), encoding)
    }

    /// What fits beside headers of so many octets (length octet included; 0 = none).
    pub(super) fn limits(self, single_header: usize, part_header: usize) -> Limits {
        Limits { single: self.beside(single_header), part: self.beside(part_header) }
    }

    fn beside(self, header_octets: usize) -> u16 {
        let room = match self {
            Self::Septet | Self::Ascii | Self::Utf8 => 160_usize.saturating_sub(gsm7::header_septets(header_octets)),
            Self::Octet => OCTETS.saturating_sub(header_octets),
            Self::Utf16 => OCTETS.saturating_sub(header_octets) / 2,
        };
        u16::try_from(room).unwrap_or(0)
    }

    /// The first indivisible piece of encoded octets, as (octets, units): an escape with its septet
    /// and a surrogate pair stay together. `None` at the end.
    pub(super) fn first_piece(self, octets: &[u8]) -> Option<(usize, u16)> {
        let piece = match (self, octets) {
            (_, []) => return None,
            (Self::Septet, [gsm7::ESCAPE, _, ..]) => (2, 2),
            (Self::Ascii | Self::Utf8, [0x0C | b'[' | b'\\' | b']' | b'^' | b'{' | b'|' | b'}' | b'~', ..]) => (1, 2),
            // The euro sign is the only other character of the extension table.
            (Self::Utf8, [0xE2, 0x82, 0xAC, ..]) => (3, 2),
            (Self::Utf16, [0xD8..=0xDB, _, 0xDC..=0xDF, _, ..]) => (4, 2),
            (Self::Utf16, [_, _, ..]) | (Self::Utf8, [0xC0..=0xDF, _, ..]) => (2, 1),
            _ => (1, 1),
        };
        Some(piece)
    }

    /// Units of encoded octets, cheaply.
    pub(super) fn total(self, octets: &[u8]) -> usize {
        match self {
            Self::Septet | Self::Octet => octets.len(),
            Self::Utf16 => octets.len().div_ceil(2),
            Self::Ascii | Self::Utf8 => {
                let mut rest = octets;
                let mut units = 0;
                while let Some((length, weight)) = self.first_piece(rest) {
                    rest = rest.get(length..).unwrap_or_default();
                    units += usize::from(weight);
                }
                units
            }
        }
    }
}
