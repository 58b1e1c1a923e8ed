//! Cutting a message into segments.
//!
//! A message that fits one segment goes as plain `short_message` whatever the [`LongMethod`]. Otherwise
//! each part carries a concatenation header, or SAR TLVs, or everything goes in one `message_payload`.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::count::Tally;
use super::udh::{self, Concat};
use super::units::{Limits, Unit};
use super::{Encoding, SegmentCount, TextError, count_octets, encode};

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

/// A message body as it was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// Text that we encode.
    Text {
        /// The text.
        text: &'a str,
        /// What to encode it in.
        encoding: Encoding,
    },
    /// Octets that the client encoded (SMPP, binary).
    Octets {
        /// The octets, with the client's user data header where it has one.
        data: &'a [u8],
        /// As the client set it.
        data_coding: u8,
        /// UDHI of the client's esm_class: the octets start with a user data header.
        udh: bool,
    },
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

/// Segments in order; a single one is held inline.
pub type Segments = SmallVec<[Segment; 1]>;

/// Cuts a body. `reference` ties the parts together; [`LongMethod::Udh8`] uses its low 8 bits.
///
/// # Errors
/// [`TextError`]: a character that the encoding lacks, over 255 segments, or a client's headered body
/// that does not fit one segment.
pub fn segment(body: &Body<'_>, method: LongMethod, reference: u16) -> Result<Segments, TextError> {
    match *body {
        Body::Text { text, encoding } => {
            let octets = encode(text, encoding)?;
            cut(octets.into(), Unit::of(encoding), encoding, method, reference).map(|(_, segments)| segments)
        }
        Body::Octets { data, udh: true, data_coding } if udh::parse(data).is_some() => {
            count_octets(data, data_coding, true)?;
            Ok(SmallVec::from_buf([Segment { udh: true, ..Segment::single(data.to_vec()) }]))
        }
        Body::Octets { data, data_coding, .. } => {
            let (unit, encoding) = Unit::of_data_coding(data_coding);
            cut(data.into(), unit, encoding, method, reference).map(|(_, segments)| segments)
        }
    }
}

/// Chooses the encoding (unless given), counts and cuts a text in one go: the way of the hot path. A
/// single segment costs one pass over the text and one allocation.
///
/// # Errors
/// As [`segment`].
pub fn segment_text(
    text: &str,
    encoding: Option<Encoding>,
    method: LongMethod,
    reference: u16,
) -> Result<(SegmentCount, Segments), TextError> {
    let (octets, encoding) = match encoding {
        Some(encoding) => (encode(text, encoding)?, encoding),
        None => match encode(text, Encoding::Gsm7) {
            Ok(octets) => (octets, Encoding::Gsm7),
            Err(_) => (encode(text, Encoding::Ucs2)?, Encoding::Ucs2),
        },
    };
    cut(octets.into(), Unit::of(encoding), encoding, method, reference)
}

impl Segment {
    fn single(payload: Vec<u8>) -> Self {
        Self { no: 1, total: 1, payload, udh: false, sar: None, as_payload: false }
    }
}

fn cut(
    octets: Cow<'_, [u8]>,
    unit: Unit,
    encoding: Encoding,
    method: LongMethod,
    reference: u16,
) -> Result<(SegmentCount, Segments), TextError> {
    let limits = unit.limits(method);
    let count = Tally::of_octets(&octets, unit, limits).finish(encoding)?;
    if count.segments == 1 || method == LongMethod::Payload {
        let as_payload = count.segments > 1;
        let segment = Segment { as_payload, ..Segment::single(octets.into_owned()) };
        return Ok((count, SmallVec::from_buf([segment])));
    }
    let parts = Parts { rest: &octets, unit, limits };
    let segments = (1..=count.segments)
        .zip(parts)
        .map(|(no, part)| long_segment(part, method, reference, count.segments, no))
        .collect();
    Ok((count, segments))
}

fn long_segment(part: &[u8], method: LongMethod, reference: u16, total: u8, no: u8) -> Segment {
    let sar = (method == LongMethod::Sar).then_some((reference, total, no));
    let udh = sar.is_none();
    let mut payload = Vec::with_capacity(part.len() + 7);
    if udh {
        let wide = method == LongMethod::Udh16;
        udh::write_concat(&mut payload, Concat { reference, total, no, wide });
    }
    payload.extend_from_slice(part);
    Segment { no, total, payload, udh, sar, as_payload: false }
}

/// The octets of each part of a long message.
struct Parts<'a> {
    rest: &'a [u8],
    unit: Unit,
    limits: Limits,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (mut length, mut used) = (0, 0);
        while let Some((octets, weight)) = self.unit.first_piece(self.rest.get(length..)?) {
            if used + weight > self.limits.part {
                break;
            }
            length += octets;
            used += weight;
        }
        let (part, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        (!part.is_empty()).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{count, count_with, decode, gsm7};
    use proptest::prelude::*;

    const METHODS: [LongMethod; 4] = [LongMethod::Udh8, LongMethod::Udh16, LongMethod::Sar, LongMethod::Payload];

    fn text_body(text: &str, encoding: Encoding) -> Body<'_> {
        Body::Text { text, encoding }
    }

    /// The part without its header.
    fn content(segment: &Segment) -> &[u8] {
        if segment.udh { udh::parse(&segment.payload).unwrap().1 } else { &segment.payload }
    }

    #[test]
    fn a_short_text_is_plain_in_every_method() {
        for method in METHODS {
            let segments = segment(&text_body("Hello", Encoding::Gsm7), method, 7).unwrap();
            assert_eq!(segments.as_slice(), [Segment::single(b"Hello".to_vec())]);
        }
        assert_eq!(segment(&text_body("", Encoding::Ucs2), LongMethod::Udh8, 0).unwrap().len(), 1);
    }

    #[test]
    fn headers_of_each_method() {
        let text = "a".repeat(200);
        let body = text_body(&text, Encoding::Gsm7);
        let parts = |method| segment(&body, method, 0x1234).unwrap();

        let udh8 = parts(LongMethod::Udh8);
        assert_eq!((udh8.len(), udh8[0].payload.len(), udh8[1].payload.len()), (2, 159, 53));
        assert_eq!(udh8[1].payload[..6], [5, 0, 3, 0x34, 2, 2]);

        let udh16 = parts(LongMethod::Udh16);
        assert_eq!(udh16[0].payload[..7], [6, 8, 4, 0x12, 0x34, 2, 1]);
        assert_eq!(udh16[0].payload.len(), 159);

        let sar = parts(LongMethod::Sar);
        assert_eq!((sar[0].sar, sar[0].udh, sar[0].payload.len()), (Some((0x1234, 2, 1)), false, 153));

        let payload = parts(LongMethod::Payload);
        assert_eq!((payload.len(), payload[0].as_payload, payload[0].payload.len()), (1, true, 200));
    }

    #[test]
    fn a_clients_header_is_kept() {
        let data = [5, 0, 3, 9, 2, 1, b'x'];
        let body = Body::Octets { data: &data, data_coding: 0, udh: true };
        let segments = segment(&body, LongMethod::Udh8, 1).unwrap();
        assert_eq!(segments.as_slice(), [Segment { udh: true, ..Segment::single(data.to_vec()) }]);
    }

    #[test]
    fn too_many_parts_are_refused() {
        let text = "я".repeat(67 * 255 + 1);
        for method in METHODS {
            assert_eq!(segment(&text_body(&text, Encoding::Ucs2), method, 0), Err(TextError::TooLong));
        }
    }

    fn any_method() -> impl Strategy<Value = LongMethod> {
        prop::sample::select(METHODS.to_vec())
    }

    /// Texts thick with pairs: euro signs and emoji among plain letters.
    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z€{}^]{0,700}", "[a-zа-я😀🚀]{0,400}", "[ -~]{150,165}", any::<String>()]
    }

    proptest! {
        #[test]
        fn parts_give_back_the_text(text in any_text(), method in any_method(), reference: u16) {
            prop_assume!(!text.starts_with(['\u{feff}', '\u{fffe}']));
            let (counted, segments) = segment_text(&text, None, method, reference).unwrap();
            prop_assert_eq!(counted, count_with(&text, None, method).unwrap());
            if method != LongMethod::Payload {
                prop_assert_eq!(segments.len(), usize::from(counted.segments));
            }
            let body = text_body(&text, counted.encoding);
            prop_assert_eq!(&segment(&body, method, reference).unwrap(), &segments);

            // Each part decodes by itself, so no pair was split; a part that starts with a byte order
            // mark is read as octets, since decode would drop it.
            let joined: Vec<u8> = segments.iter().flat_map(content).copied().collect();
            prop_assert_eq!(&decode(&joined, counted.encoding), &text);
            for part in segments.iter().map(content) {
                match counted.encoding {
                    Encoding::Gsm7 => prop_assert_ne!(part.last(), Some(&gsm7::ESCAPE)),
                    _ => prop_assert!(String::from_utf16(&units_of(part)).is_ok()),
                }
            }
        }

        #[test]
        fn parts_keep_their_size_and_numbers(text in any_text(), method in any_method()) {
            let (counted, segments) = segment_text(&text, None, method, 1).unwrap();
            for (index, part) in segments.iter().enumerate() {
                prop_assert_eq!(usize::from(part.no), index + 1);
                prop_assert_eq!(usize::from(part.total), segments.len());
                if !part.as_payload {
                    let unit = Unit::of(counted.encoding);
                    prop_assert!(unit.total(content(part)) <= usize::from(counted.units_per_segment));
                }
            }
            let last = segments.last().map(content).unwrap();
            if method != LongMethod::Payload {
                let used = Unit::of(counted.encoding).total(last);
                prop_assert_eq!(used + usize::from(counted.units_left), usize::from(counted.units_per_segment));
            }
        }

        #[test]
        fn octets_are_cut_as_they_are_counted(
            data in prop::collection::vec(any::<u8>(), 0..900), data_coding: u8, udh: bool,
        ) {
            let counted = count_octets(&data, data_coding, udh);
            let body = Body::Octets { data: &data, data_coding, udh };
            match segment(&body, LongMethod::Udh8, 5) {
                Ok(segments) => {
                    prop_assert_eq!(segments.len(), usize::from(counted.unwrap().segments));
                    if segments.len() > 1 {
                        let joined: Vec<u8> = segments.iter().flat_map(content).copied().collect();
                        prop_assert_eq!(joined, data);
                    }
                }
                Err(error) => prop_assert_eq!(Err(error), counted),
            }
        }

        #[test]
        fn latin1_parts_give_back_the_text(text in "[\u{0}-\u{ff}]{0,500}", method in any_method()) {
            let counted = count(&text, Some(Encoding::Latin1)).unwrap();
            let segments = segment(&text_body(&text, Encoding::Latin1), method, 5).unwrap();
            let joined: Vec<u8> = segments.iter().flat_map(content).copied().collect();
            prop_assert_eq!(decode(&joined, Encoding::Latin1), text);
            prop_assert!(segments.len() <= usize::from(counted.segments) + 1);
        }
    }

    fn units_of(part: &[u8]) -> Vec<u16> {
        part.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }
}
