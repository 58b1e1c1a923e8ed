//! What a segment is measured in, and how much one holds.
//!
//! A short message carries 140 octets on the radio: 160 septets, 140 octets or 70 UTF-16 units. A part
//! of a long message gives 6 octets (8-bit reference) or 7 (16-bit) of them to the header.

use super::{Encoding, LongMethod};

/// The thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Septet,
    /// ASCII by `data_coding` 1: the SMSC turns it into septets, so its brackets and braces weigh two.
    Ascii,
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

    /// SAR has no header of its own, yet the SMSC makes one of 6 octets from it, and message_payload is
    /// cut by the SMSC the same way: so both are measured as [`LongMethod::Udh8`].
    pub(super) fn limits(self, method: LongMethod) -> Limits {
        let wide = method == LongMethod::Udh16;
        let (single, part) = match self {
            Self::Septet | Self::Ascii => (160, if wide { 152 } else { 153 }),
            Self::Octet => (140, if wide { 133 } else { 134 }),
            Self::Utf16 => (70, if wide { 66 } else { 67 }),
        };
        Limits { single, part }
    }

    /// Units that a client's own header of `octets` takes out of the single segment.
    pub(super) fn header(self, octets: usize) -> usize {
        match self {
            Self::Septet | Self::Ascii => super::gsm7::header_septets(octets),
            Self::Octet => octets,
            Self::Utf16 => octets.div_ceil(2),
        }
    }

    /// The first indivisible piece of encoded octets, as (octets, units): an escape with its septet
    /// and a surrogate pair stay together. `None` at the end.
    pub(super) fn first_piece(self, octets: &[u8]) -> Option<(usize, u16)> {
        let piece = match (self, octets) {
            (_, []) => return None,
            (Self::Septet, [super::gsm7::ESCAPE, _, ..]) => (2, 2),
            (Self::Ascii, [b'[' | b'\\' | b']' | b'^' | b'{' | b'|' | b'}' | b'~', ..]) => (1, 2),
            (Self::Utf16, [0xD8..=0xDB, _, 0xDC..=0xDF, _, ..]) => (4, 2),
            (Self::Utf16, [_, _, ..]) => (2, 1),
            _ => (1, 1),
        };
        Some(piece)
    }

    /// Units of encoded octets, cheaply.
    pub(super) fn total(self, octets: &[u8]) -> usize {
        match self {
            Self::Septet | Self::Octet => octets.len(),
            Self::Utf16 => octets.len().div_ceil(2),
            Self::Ascii => {
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
