//! The segment counter that the API, the console and billing share.
//!
//! `count("…€…", None)` says how many segments a text takes and how many units the last one has left. It
//! is exact: an escape or surrogate pair that does not fit the end of a part moves to the next as a whole.

use super::layout::{Body, Marks, Writing, lay_out};
use super::units::{Limits, Unit};
use super::{Encoding, TextError};

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

/// Counts a text as a connector of the default profile sends it. `None` chooses the encoding.
///
/// # Errors
/// [`TextError::Character`] when `encoding` lacks a character, [`TextError::TooLong`] over 255 segments.
pub fn count(text: &str, encoding: Option<Encoding>) -> Result<SegmentCount, TextError> {
    lay_out(&Body::Text { text, encoding }, &Marks::default(), &Writing::default()).map(|laid| laid.count())
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
            // A header of the client's own may leave no room for a single unit.
            let left = self.limits.part.checked_sub(self.used).ok_or(TextError::TooLong)?;
            (self.parts, self.limits.part, u32::from(left))
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
    fn too_long_and_wrong_characters_are_errors() {
        assert_eq!(count(&"a".repeat(153 * 255), None).unwrap().segments, 255);
        assert_eq!(count(&"a".repeat(153 * 255 + 1), None), Err(TextError::TooLong));
        assert!(matches!(count("я", Some(Encoding::Gsm7)), Err(TextError::Character { position: 0, .. })));
        assert_eq!(count("a", Some(Encoding::Binary)), Err(TextError::Binary));
    }
}
