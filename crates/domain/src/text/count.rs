//! The segment counter that the API, the console and billing share.
//!
//! `count("…€…", None)` says how many segments a text takes and how many units the last one has left. It
//! is exact: an escape or surrogate pair that does not fit the end of a part moves to the next as a whole.

use super::units::{Limits, Unit};
use super::{Encoding, LongMethod, TextError, gsm7, udh};

/// How a message is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SegmentCount {
    /// The encoding it was counted in.
    pub encoding: Encoding,
    /// Segments, 1–255. An empty message is one segment.
    pub segments: u8,
    /// Septets, octets or UTF-16 units of the whole message, without headers that we add.
    pub units: u32,
    /// Units that one segment of this message can hold.
    pub units_per_segment: u16,
    /// Units still free in the last segment.
    pub units_left: u16,
}

/// Counts a text cut with an 8-bit reference header. `None` chooses the encoding.
///
/// # Errors
/// [`TextError::Character`] when `encoding` lacks a character, [`TextError::TooLong`] over 255 segments.
pub fn count(text: &str, encoding: Option<Encoding>) -> Result<SegmentCount, TextError> {
    count_with(text, encoding, LongMethod::Udh8)
}

/// As [`count`], for another way of sending long messages.
///
/// # Errors
/// As [`count`].
pub fn count_with(text: &str, encoding: Option<Encoding>, method: LongMethod) -> Result<SegmentCount, TextError> {
    match encoding {
        Some(encoding) => count_in(text, encoding, method),
        None => match count_in(text, Encoding::Gsm7, method) {
            Err(TextError::Character { .. }) => count_in(text, Encoding::Ucs2, method),
            counted => counted,
        },
    }
}

/// Counts octets that a client encoded itself under `data_coding`. With `udh` (UDHI in esm_class) and a
/// valid header they are one segment, and the header counts as units.
///
/// # Errors
/// [`TextError::TooLong`], [`TextError::HeaderedTooLong`].
pub fn count_octets(data: &[u8], data_coding: u8, udh: bool) -> Result<SegmentCount, TextError> {
    let (unit, encoding) = Unit::of_data_coding(data_coding);
    let limits = unit.limits(LongMethod::Udh8);
    match udh::parse(data).filter(|_| udh) {
        Some((header, body)) => count_headered(unit, encoding, header.octets(), body),
        None => Tally::of_octets(data, unit, limits).finish(encoding),
    }
}

/// Adds units up and notes where parts end, in one pass for both readings: single and long.
#[derive(Debug)]
pub(super) struct Tally {
    limits: Limits,
    units: u32,
    parts: u32,
    used: u16,
}

impl Tally {
    fn new(limits: Limits) -> Self {
        Self { limits, units: 0, parts: 1, used: 0 }
    }

    /// Counts encoded octets; those of a single segment in constant time.
    pub(super) fn of_octets(octets: &[u8], unit: Unit, limits: Limits) -> Self {
        let mut tally = Self::new(limits);
        let total = unit.total(octets);
        if total <= usize::from(limits.single) {
            tally.units = u32::try_from(total).unwrap_or(u32::MAX);
            return tally;
        }
        let mut rest = octets;
        while let Some((length, weight)) = unit.first_piece(rest) {
            rest = rest.get(length..).unwrap_or_default();
            tally.add(weight);
        }
        tally
    }

    fn add(&mut self, weight: u16) {
        self.units = self.units.saturating_add(u32::from(weight));
        if self.used + weight > self.limits.part {
            self.parts = self.parts.saturating_add(1);
            self.used = 0;
        }
        self.used += weight;
    }

    pub(super) fn finish(&self, encoding: Encoding) -> Result<SegmentCount, TextError> {
        let single = u32::from(self.limits.single);
        let (parts, capacity, left) = if self.units <= single {
            (1, self.limits.single, single - self.units)
        } else {
            (self.parts, self.limits.part, u32::from(self.limits.part - self.used))
        };
        Ok(SegmentCount {
            encoding,
            segments: u8::try_from(parts).map_err(|_| TextError::TooLong)?,
            units: self.units,
            units_per_segment: capacity,
            units_left: left as u16,
        })
    }
}

fn count_in(text: &str, encoding: Encoding, method: LongMethod) -> Result<SegmentCount, TextError> {
    let weigh: fn(char) -> Option<u16> = match encoding {
        Encoding::Gsm7 => |character| {
            gsm7::septets_of(character).map(|septets| match septets {
                gsm7::Septets::One(_) => 1,
                gsm7::Septets::Escaped(_) => 2,
            })
        },
        Encoding::Latin1 => |character| u8::try_from(character).ok().map(|_| 1),
        Encoding::Ucs2 => |character| Some(character.len_utf16() as u16),
        Encoding::Binary => return Err(TextError::Binary),
    };
    let mut tally = Tally::new(Unit::of(encoding).limits(method));
    for (position, character) in text.chars().enumerate() {
        tally.add(weigh(character).ok_or(TextError::Character { position, character, encoding })?);
    }
    tally.finish(encoding)
}

fn count_headered(
    unit: Unit,
    encoding: Encoding,
    header_octets: usize,
    body: &[u8],
) -> Result<SegmentCount, TextError> {
    let units_max = unit.limits(LongMethod::Udh8).single;
    let units = unit.header(header_octets) + unit.total(body);
    let left = u16::try_from(units).ok().and_then(|units| units_max.checked_sub(units));
    let units_left = left.ok_or(TextError::HeaderedTooLong { units, units_max })?;
    Ok(SegmentCount {
        encoding,
        segments: 1,
        units: u32::from(units_max - units_left),
        units_per_segment: units_max,
        units_left,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str, encoding: Option<Encoding>) -> (u8, u32, u16, u16) {
        let counted = count(text, encoding).unwrap();
        (counted.segments, counted.units, counted.units_per_segment, counted.units_left)
    }

    #[test]
    fn lengths_at_each_border() {
        assert_eq!(numbers("", None), (1, 0, 160, 160));
        assert_eq!(numbers(&"a".repeat(160), None), (1, 160, 160, 0));
        assert_eq!(numbers(&"a".repeat(161), None), (2, 161, 153, 145));
        assert_eq!(numbers(&"a".repeat(306), None), (2, 306, 153, 0));
        assert_eq!(numbers(&"a".repeat(307), None), (3, 307, 153, 152));
        assert_eq!(numbers(&"я".repeat(70), None), (1, 70, 70, 0));
        assert_eq!(numbers(&"я".repeat(71), None), (2, 71, 67, 63));
        assert_eq!(numbers(&"é".repeat(140), Some(Encoding::Latin1)), (1, 140, 140, 0));
        assert_eq!(numbers(&"é".repeat(141), Some(Encoding::Latin1)), (2, 141, 134, 127));
    }

    #[test]
    fn pairs_move_to_the_next_part_whole() {
        let euro = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        assert_eq!(numbers(&euro, None), (3, 306, 153, 152));
        let emoji = format!("{}😀{}", "я".repeat(66), "я".repeat(66));
        assert_eq!(numbers(&emoji, None), (3, 134, 67, 66));
    }

    #[test]
    fn a_wide_reference_takes_one_more_octet() {
        let text = "a".repeat(306);
        assert_eq!(count_with(&text, None, LongMethod::Udh16).unwrap().segments, 3);
        assert_eq!(count_with(&text, None, LongMethod::Sar).unwrap().segments, 2);
    }

    #[test]
    fn too_long_and_wrong_characters_are_errors() {
        assert_eq!(count(&"a".repeat(153 * 255), None).unwrap().segments, 255);
        assert_eq!(count(&"a".repeat(153 * 255 + 1), None), Err(TextError::TooLong));
        assert!(matches!(count("я", Some(Encoding::Gsm7)), Err(TextError::Character { position: 0, .. })));
        assert_eq!(count("a", Some(Encoding::Binary)), Err(TextError::Binary));
    }

    #[test]
    fn octets_of_clients() {
        let segments = |data: &[u8], data_coding| count_octets(data, data_coding, false).unwrap().segments;
        assert_eq!(segments(&[b'a'; 160], 0), 1);
        assert_eq!(segments(&[b'a'; 161], 0), 2);
        assert_eq!(segments(&[b'['; 80], 1), 1);
        assert_eq!(segments(&[b'['; 81], 1), 2);
        assert_eq!(segments(&[0; 141], 4), 2);
        assert_eq!(segments(&[0; 141], 8), 2);
        assert_eq!(segments(&[0; 140], 0x18), 1);
        assert_eq!(segments(&[0; 141], 5), 2);
    }

    #[test]
    fn a_headered_body_is_one_segment_when_it_fits() {
        let mut body = vec![5, 0, 3, 7, 2, 1];
        body.extend([b'a'; 153]);
        let counted = count_octets(&body, 0, true).unwrap();
        assert_eq!((counted.segments, counted.units, counted.units_left), (1, 160, 0));
        body.push(b'a');
        let refused = TextError::HeaderedTooLong { units: 161, units_max: 160 };
        assert_eq!(count_octets(&body, 0, true), Err(refused));
        // An impossible header is no header (Q-F5).
        assert_eq!(count_octets(&[200, 0, 0], 0, true).unwrap().units, 3);
    }
}
