//! One segment of a message, and how octets are dealt out over segments.

use super::units::Unit;

/// Most parts of one message: what a concatenation header can number.
pub const SEGMENTS_MAX: u8 = 255;

/// How a message that does not fit one segment is sent (Q-F1 to Q-F3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongMethod {
    /// User data header with an 8-bit reference: 153 septets, 134 octets or 67 UTF-16 units in a part.
    #[default]
    Udh8,
    /// User data header with a 16-bit reference: 152, 133 or 66.
    Udh16,
    /// SAR TLVs. Parts as [`LongMethod::Udh8`], since the SMSC makes that header for the handset.
    Sar,
    /// Everything in one `message_payload` TLV; the SMSC cuts it.
    Payload,
}

/// One submit_sm's worth of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// From 1.
    pub no: u8,
    /// Segments of the message.
    pub total: u8,
    /// Octets for `short_message` (or `message_payload`), user data header included.
    pub payload: Vec<u8>,
    /// Whether `payload` starts with a user data header: set UDHI in esm_class.
    pub udh: bool,
    /// Reference, total and number for sar_msg_ref_num, sar_total_segments and sar_segment_seqnum.
    pub sar: Option<(u16, u8, u8)>,
    /// Whether `payload` goes into the message_payload TLV.
    pub as_payload: bool,
}

/// Octets of the header element that ties parts together. With SAR and message_payload the SMSC makes one of the short form.
pub(super) fn concat_octets(method: LongMethod) -> usize {
    if method == LongMethod::Udh16 { 6 } else { 5 }
}

/// Deals octets out over a number of parts: full ones when that is how many it takes, else of about the same length.
pub(super) struct Spread<'a> {
    rest: &'a [u8],
    unit: Unit,
    units_max: usize,
    evenly: bool,
    parts_left: usize,
}

impl<'a> Spread<'a> {
    pub(super) fn new(octets: &'a [u8], unit: Unit, units_max: u16, parts: u8) -> Self {
        let units_max = usize::from(units_max);
        let mut spread = Self { rest: octets, unit, units_max, evenly: false, parts_left: parts.into() };
        let (mut needed, mut rest) = (0, octets);
        while !rest.is_empty() && units_max > 0 {
            rest = rest.get(spread.fitting(rest, units_max)..).unwrap_or_default();
            needed += 1;
        }
        spread.evenly = needed < spread.parts_left;
        spread
    }

    /// Octets of whole pieces that fit; at least one piece.
    fn fitting(&self, octets: &[u8], units_max: usize) -> usize {
        let (mut length, mut used) = (0, 0);
        while let Some((octets, weight)) = self.unit.first_piece(octets.get(length..).unwrap_or_default()) {
            used += usize::from(weight);
            if used > units_max && length > 0 {
                break;
            }
            length += octets;
        }
        length
    }
}

impl<'a> Iterator for Spread<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.parts_left == 0 {
            return None;
        }
        let units = match self.evenly {
            true => self.unit.total(self.rest).div_ceil(self.parts_left).min(self.units_max),
            false => self.units_max,
        };
        let (part, rest) = self.rest.split_at_checked(self.fitting(self.rest, units))?;
        self.parts_left -= 1;
        self.rest = rest;
        Some(part)
    }
}
