//! How one message goes out by one connector: which octets, under which data_coding, in how many segments.
//!
//! API, billing and sender use this one counter, so that what is charged is what is sent.
//!
//! ```
//! use sambac_domain::text::{Body, Marks, ShiftTable, Writing, lay_out};
//!
//! let text = "Sayın müşterimiz, şifreniz 123456. Şifrenizi kimseyle paylaşmayınız, bankamız sizden istemez.";
//! let body = Body::Text { text, encoding: None };
//! let plain = lay_out(&body, &Marks::default(), &Writing::default()).unwrap();
//! assert_eq!((plain.data_coding(), plain.count().segments), (8, 2), "UCS-2");
//! let turkish = Writing { shift_tables: &[ShiftTable::Turkish], ..Writing::default() };
//! let laid = lay_out(&body, &Marks::default(), &turkish).unwrap();
//! assert_eq!((laid.data_coding(), laid.count().segments), (0, 1), "septets by the Turkish tables");
//! ```

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::count::Tally;
use super::segment::{LongMethod, Segment, Spread, concat_octets};
use super::shift::{Shift, ShiftTable};
use super::udh::{self, Udh};
use super::units::Unit;
use super::user_data::Alphabet;
use super::{Encoding, SegmentCount, TextError, encode, gsm7};

/// What of a connector's profile decides the octets of a message. The default is GSM 03.38 unpacked, 8-bit references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writing<'a> {
    /// How a message of more than one segment is sent.
    pub method: LongMethod,
    /// What data_coding 0 is.
    pub alphabet: Alphabet,
    /// Whether GSM septets are packed into octets.
    pub packed: bool,
    /// data_coding of UCS-2.
    pub ucs2_data_coding: u8,
    /// Whether a class of GSM text is told by 0xF0 to 0xF3 instead of 0x10 to 0x13.
    pub class_as_f0: bool,
    /// National languages that may be used where they save segments.
    pub shift_tables: &'a [ShiftTable],
    /// The longest short_message.
    pub short_message_octets_max: u16,
    /// The longest message_payload.
    pub payload_octets_max: u16,
    /// Whether there are optional parameters (SMPP 3.4 and later).
    pub optional_parameters: bool,
}

impl Default for Writing<'static> {
    fn default() -> Self {
        Self {
            method: LongMethod::Udh8,
            alphabet: Alphabet::Gsm,
            packed: false,
            ucs2_data_coding: 8,
            class_as_f0: false,
            shift_tables: &[],
            short_message_octets_max: 254,
            payload_octets_max: u16::MAX,
            optional_parameters: true,
        }
    }
}

/// Application ports, 16 bits each (23.040, 9.2.3.24.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// To which the handset gives the message.
    pub destination: u16,
    /// From which it comes.
    #[serde(default)]
    pub source: u16,
}

/// What a message is marked with beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// Message class of a text: 0 is shown at once and not kept.
    pub class: Option<u8>,
    /// Application ports.
    pub ports: Option<Ports>,
}

/// A message body as it was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    /// Text that we encode.
    Text {
        /// The text.
        text: &'a str,
        /// What to encode it in; chosen when not given.
        encoding: Option<Encoding>,
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

/// A message laid out for a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid<'a> {
    /// Without any header; septets are not packed yet.
    octets: Cow<'a, [u8]>,
    /// Elements of the header that every segment has.
    elements: SmallVec<[u8; 12]>,
    /// Reference, total and number of a part that the client made, where it goes by SAR.
    sar: Option<(u16, u8, u8)>,
    unit: Unit,
    count: SegmentCount,
    method: LongMethod,
    packed: bool,
    data_coding: u8,
    short_message_octets_max: usize,
    payload_octets_max: usize,
    optional_parameters: bool,
}

/// Lays a message out for a connector.
///
/// A text whose encoding is not given goes in the connector's default alphabet, by its national languages where they save
/// segments against UCS-2, and in UCS-2 otherwise. It is never altered.
///
/// # Errors
/// [`TextError`]: a character that the encoding lacks, over 255 segments, a client's part of a long message that does not
/// fit one segment, or a class that the encoding cannot carry.
pub fn lay_out<'a>(body: &Body<'a>, marks: &Marks, writing: &Writing<'_>) -> Result<Laid<'a>, TextError> {
    let mut elements = SmallVec::new();
    if let Some(ports) = marks.ports {
        udh::write_ports(&mut elements, ports.destination, ports.source);
    }
    match *body {
        Body::Text { text, encoding } => text_laid(text, encoding, marks.class, elements, writing),
        Body::Octets { data, data_coding, udh } => octets_laid(data, data_coding, udh, elements, writing),
    }
}

impl Laid<'_> {
    /// How it is cut.
    #[must_use]
    pub fn count(&self) -> SegmentCount {
        self.count
    }

    /// The data_coding it goes under.
    #[must_use]
    pub fn data_coding(&self) -> u8 {
        self.data_coding
    }

    /// Whether more than one segment goes as one message_payload, which the SMSC cuts.
    #[must_use]
    pub fn goes_as_payload(&self) -> bool {
        self.method == LongMethod::Payload
            && self.count.segments > 1
            && self.optional_parameters
            && self.elements.is_empty()
            && self.wire_octets() <= self.payload_octets_max
    }

    /// Segment `no` of `total`, which may be more than needed: a message is cut into as many as were charged. `None` when it
    /// takes more. `reference` ties the parts together; [`LongMethod::Udh8`] uses its low 8 bits.
    #[must_use]
    pub fn segment(self, no: u8, total: u8, reference: u16) -> Option<Segment> {
        if total <= 1 {
            return self.whole();
        }
        let method = self.method_for(total)?;
        let limits = self.unit.limits(0, self.header_octets(concat_octets(method)));
        let part = Spread::new(&self.octets, self.unit, limits.part, total).nth(usize::from(no).checked_sub(1)?)?;
        let sar = (method == LongMethod::Sar).then_some((reference, total, no));
        let mut header = self.elements.clone();
        if sar.is_none() {
            let wide = method == LongMethod::Udh16;
            header = udh::concat_element(udh::Concat { reference, total, no, wide });
            header.extend_from_slice(&self.elements);
        }
        let payload = with_header(&header, part, self.packed);
        let as_payload = self.optional_parameters && payload.len() > self.short_message_octets_max;
        Some(Segment { no, total, udh: !header.is_empty(), payload, sar, as_payload })
    }

    /// All of it in one PDU.
    fn whole(self) -> Option<Segment> {
        let fits = self.count.segments == 1;
        let (packed, optional, sar) = (self.packed, self.optional_parameters, self.sar);
        let (short_max, payload_max) = (self.short_message_octets_max, self.payload_octets_max);
        let udh = !self.elements.is_empty();
        let payload = match (udh, packed) {
            (false, false) => self.octets.into_owned(),
            _ => with_header(&self.elements, &self.octets, packed),
        };
        let as_payload = optional && (!fits || payload.len() > short_max);
        let possible = fits || as_payload && payload.len() <= payload_max;
        possible.then_some(Segment { no: 1, total: 1, payload, udh, sar, as_payload })
    }

    /// The method by which it takes at most `total` segments: a wide reference gives way when it would take more.
    fn method_for(&self, total: u8) -> Option<LongMethod> {
        let method = if self.method == LongMethod::Payload { LongMethod::Udh8 } else { self.method };
        if self.count.segments <= total {
            return Some(method);
        }
        let narrow = self.unit.limits(0, self.header_octets(concat_octets(LongMethod::Udh8)));
        let segments = Tally::of_octets(&self.octets, self.unit, narrow).finish(self.count.encoding).ok()?.segments;
        (method == LongMethod::Udh16 && segments <= total).then_some(LongMethod::Udh8)
    }

    fn header_octets(&self, concat: usize) -> usize {
        header_octets(self.elements.len() + concat)
    }

    fn wire_octets(&self) -> usize {
        if self.packed { (self.octets.len() * 7).div_ceil(8) } else { self.octets.len() }
    }
}

fn header_octets(elements: usize) -> usize {
    if elements == 0 { 0 } else { elements + 1 }
}

/// Header, fill bits and user data.
fn with_header(elements: &[u8], octets: &[u8], packed: bool) -> Vec<u8> {
    let mut payload = Vec::with_capacity(elements.len() + octets.len() + 1);
    if !elements.is_empty() {
        payload.push(u8::try_from(elements.len()).unwrap_or(u8::MAX));
        payload.extend_from_slice(elements);
    }
    if packed {
        let fill = gsm7::fill_bits(payload.len());
        payload.extend(gsm7::pack(octets, fill));
    } else {
        payload.extend_from_slice(octets);
    }
    payload
}

/// What is known of a body before it is counted.
struct Coded<'a> {
    octets: Cow<'a, [u8]>,
    elements: SmallVec<[u8; 12]>,
    unit: Unit,
    encoding: Encoding,
    data_coding: u8,
}

/// By SAR, a client's own part has its place in the parameters and not in the header. Never both.
fn own_part(header: &Udh<'_>, elements: &mut SmallVec<[u8; 12]>, writing: &Writing<'_>) -> Option<(u16, u8, u8)> {
    let by_sar = writing.method == LongMethod::Sar && writing.optional_parameters;
    let concat = header.concat().filter(|_| by_sar)?;
    elements.clear();
    for element in header.elements().filter(|element| ![udh::CONCAT_8, udh::CONCAT_16].contains(&element.iei)) {
        elements.extend_from_slice(&[element.iei, u8::try_from(element.data.len()).unwrap_or(u8::MAX)]);
        elements.extend_from_slice(element.data);
    }
    Some((concat.reference, concat.total, concat.no))
}

impl<'a> Coded<'a> {
    fn laid(self, writing: &Writing<'_>) -> Result<Laid<'a>, TextError> {
        let method = match writing.method {
            LongMethod::Sar if !writing.optional_parameters => LongMethod::Udh8,
            method => method,
        };
        let part_header = header_octets(self.elements.len() + concat_octets(method));
        let limits = self.unit.limits(header_octets(self.elements.len()), part_header);
        let count = Tally::of_octets(&self.octets, self.unit, limits).finish(self.encoding)?;
        Ok(Laid {
            count,
            method,
            packed: writing.packed && self.unit == Unit::Septet,
            octets: self.octets,
            elements: self.elements,
            sar: None,
            unit: self.unit,
            data_coding: self.data_coding,
            short_message_octets_max: usize::from(writing.short_message_octets_max),
            payload_octets_max: usize::from(writing.payload_octets_max),
            optional_parameters: writing.optional_parameters,
        })
    }
}

fn text_laid<'a>(
    text: &'a str,
    encoding: Option<Encoding>,
    class: Option<u8>,
    elements: SmallVec<[u8; 12]>,
    writing: &Writing<'_>,
) -> Result<Laid<'a>, TextError> {
    let coded = |octets: Vec<u8>, unit, encoding, data_coding, elements| Coded {
        octets: octets.into(),
        elements,
        unit,
        encoding,
        data_coding,
    };
    let default = match encoding {
        None | Some(Encoding::Gsm7) => writing.alphabet.encode(text),
        Some(encoding) => {
            let (unit, octets) = (Unit::of(encoding), encode(text, encoding)?);
            let data_coding = data_coding(encoding, class, writing)?;
            return coded(octets, unit, encoding, data_coding, elements).laid(writing);
        }
    };
    let gsm_data_coding = data_coding(Encoding::Gsm7, class, writing)?;
    match default {
        Ok(octets) => coded(octets, writing.alphabet.unit(), Encoding::Gsm7, gsm_data_coding, elements).laid(writing),
        Err((position, character)) if encoding.is_some() => {
            Err(TextError::Character { position, character, encoding: Encoding::Gsm7 })
        }
        Err(_) => {
            let data_coding = data_coding(Encoding::Ucs2, class, writing)?;
            let octets = encode(text, Encoding::Ucs2)?;
            let ucs2 = coded(octets, Unit::Utf16, Encoding::Ucs2, data_coding, elements.clone()).laid(writing);
            let shifted = |shift: Shift| {
                let octets = shift.encode(text)?;
                let mut elements = elements.clone();
                shift.write(&mut elements);
                coded(octets, Unit::Septet, Encoding::Gsm7, gsm_data_coding, elements).laid(writing).ok()
            };
            let best = shifts(writing).filter_map(shifted).min_by_key(|laid| (laid.count.segments, laid.count.units));
            match (best, ucs2) {
                (Some(best), Ok(ucs2)) if best.count.segments >= ucs2.count.segments => Ok(ucs2),
                (Some(best), _) => Ok(best),
                (None, ucs2) => ucs2,
            }
        }
    }
}

/// The tables that may be tried, the cheapest header first. They are septets of GSM: no other alphabet has them.
fn shifts<'a>(writing: &Writing<'a>) -> impl Iterator<Item = Shift> + use<'a> {
    let tables = if writing.alphabet == Alphabet::Gsm { writing.shift_tables } else { &[] };
    tables.iter().flat_map(|table| {
        let locking = table.locking().map(|_| *table);
        let single = Shift { locking: None, single: Some(*table) };
        let further = locking.map(|_| [Shift { locking, single: None }, Shift { locking, single: Some(*table) }]);
        [single].into_iter().chain(further.into_iter().flatten())
    })
}

/// What tells encoding and class.
fn data_coding(encoding: Encoding, class: Option<u8>, writing: &Writing<'_>) -> Result<u8, TextError> {
    match (encoding, class) {
        (Encoding::Gsm7, None) => Ok(0),
        (Encoding::Gsm7, Some(class)) => Ok(if writing.class_as_f0 { 0xF0 } else { 0x10 } | class & 3),
        (Encoding::Ucs2, None) => Ok(writing.ucs2_data_coding),
        (Encoding::Ucs2, Some(class)) => Ok(0x18 | class & 3),
        (_, None) => Ok(encoding.data_coding()),
        (_, Some(_)) => Err(TextError::Class(encoding)),
    }
}

fn octets_laid<'a>(
    data: &'a [u8],
    data_coding: u8,
    udh: bool,
    mut elements: SmallVec<[u8; 12]>,
    writing: &Writing<'_>,
) -> Result<Laid<'a>, TextError> {
    let (unit, encoding) = Unit::of_data_coding(data_coding);
    let header = udh::parse(data).filter(|_| udh);
    let body = header.as_ref().map_or(data, |(_, body)| body);
    let header = header.map(|(header, _)| header);
    elements.extend_from_slice(header.as_ref().map_or(&[], Udh::as_octets));
    let coded = match (encoding, writing.alphabet) {
        (Encoding::Gsm7, alphabet) if alphabet != Alphabet::Gsm => {
            return transcoded(body, header.as_ref(), data_coding, elements, writing);
        }
        (Encoding::Ucs2, _) if data_coding == Encoding::Ucs2.data_coding() => {
            Coded { octets: body.into(), elements, unit, encoding, data_coding: writing.ucs2_data_coding }
        }
        _ => Coded { octets: body.into(), elements, unit, encoding, data_coding },
    };
    let mut laid = coded.laid(writing)?;
    if let Some(header) = header.filter(|header| header.concat().is_some()) {
        let units_max = laid.unit.limits(header_octets(laid.elements.len()), 0).single;
        if laid.count.segments > 1 {
            return Err(TextError::HeaderedTooLong { units: laid.unit.total(body), units_max });
        }
        laid.sar = own_part(&header, &mut laid.elements, writing);
    }
    Ok(laid)
}

/// A client's septets in an alphabet that is not GSM's. Without a header they may become UCS-2; with one they may not, as a
/// part that grows no longer fits.
fn transcoded<'a>(
    septets: &[u8],
    header: Option<&Udh<'_>>,
    data_coding: u8,
    elements: SmallVec<[u8; 12]>,
    writing: &Writing<'_>,
) -> Result<Laid<'a>, TextError> {
    let text = header.map(Shift::of).unwrap_or_default().decode(septets);
    let (encoding, unit) = (Encoding::Gsm7, writing.alphabet.unit());
    let refused = |position, character| TextError::Character { position, character, encoding };
    if let Some(position) = text.chars().position(|character| character == char::REPLACEMENT_CHARACTER) {
        return Err(refused(position, char::REPLACEMENT_CHARACTER));
    }
    match writing.alphabet.encode(&text) {
        Ok(octets) => {
            let mut laid = Coded { octets: octets.into(), elements, unit, encoding, data_coding }.laid(writing)?;
            laid.sar = header.and_then(|header| own_part(header, &mut laid.elements, writing));
            Ok(laid)
        }
        Err((position, character)) if header.is_some() => Err(refused(position, character)),
        Err(_) => {
            let class = Encoding::from_data_coding(data_coding).and_then(|(_, class)| class);
            let data_coding = self::data_coding(Encoding::Ucs2, class, writing)?;
            let octets = encode(&text, Encoding::Ucs2)?.into();
            Coded { octets, elements, unit: Unit::Utf16, encoding: Encoding::Ucs2, data_coding }.laid(writing)
        }
    }
}

#[cfg(test)]
mod tests;
