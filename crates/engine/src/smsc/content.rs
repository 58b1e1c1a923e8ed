//! What a client's `submit_sm` says: its octets in the form that we keep, and which long message they are a part of.
//!
//! We keep GSM septets unpacked, whatever the client's data_coding 0 is, and a header where there is one. What cannot be read is
//! refused: nothing is altered on the way.

use sambac_domain::error::ErrorCode;
use sambac_domain::options::MessageOptions;
use sambac_domain::profile::{Alphabet, ClientText};
use sambac_domain::text::udh::{self, Udh};
use sambac_domain::text::{Encoding, Reading, decode_user_data, gsm7};
use sambac_smpp::{Sm, Tag, Tlvs, esm_class};

use crate::refusal::Refusal;
use crate::submit::{Content, Part};

/// Parameters of which there is one at most.
const ONCE: [Tag; 4] = [Tag::MESSAGE_PAYLOAD, Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM];

/// What was read.
pub(super) struct Read {
    pub(super) content: Content,
    /// Which long message it is a part of, where the client made the segments itself and wants them kept together.
    pub(super) part: Option<Part>,
}

/// Reads a message; a class that came with data_coding is noted in `options` where the octets are not kept.
pub(super) fn read(
    settings: &ClientText,
    sm: &Sm<'_>,
    options: &mut Option<Box<MessageOptions>>,
) -> Result<Read, Refusal> {
    check_once(sm.tlvs)?;
    let payload = sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
    if !sm.short_message.is_empty() && !payload.is_empty() && sm.short_message != payload {
        let detail = "short_message and message_payload are both given, and differ";
        return Err(Refusal::new(ErrorCode::ParameterNotAllowed, detail));
    }
    let data = sm.message();
    // The flag without a header, or with an impossible one, is a mistake: the octets are text (Q-F5).
    let header = udh::parse(data).filter(|_| sm.esm_class & esm_class::UDHI != 0);
    let (header, body) = header.map_or((None, data), |(header, body)| (Some(header), body));
    if let Some(header) = &header {
        check_parts(header)?;
    }
    let sar = match (sar_of(sm)?, header.as_ref().and_then(Udh::concat)) {
        (Some(sar), Some(own)) if (sar.total, sar.no) != (own.total, own.no) => return Err(contradicting(sar, own)),
        (sar, own) => sar.filter(|_| own.is_none()),
    };
    let concat = header.as_ref().and_then(Udh::concat).or(sar);
    let elements = sar.map(udh::concat_element).unwrap_or_default();
    let content = Kept { settings, data_coding: sm.data_coding, header, elements: &elements }.content(body, options)?;
    let part = concat.filter(|concat| settings.group_segments && concat.total > 1);
    Ok(Read { content, part: part.map(|concat| Part { reference: concat.reference, total: concat.total }) })
}

/// What the message is, and which part, is said once: of two, nobody knows which is meant.
///
/// # Errors
/// When one of these parameters comes again.
pub(super) fn check_once(tlvs: Tlvs<'_>) -> Result<(), Refusal> {
    for tag in ONCE {
        if tlvs.iter().filter(|(found, _)| *found == tag).nth(1).is_some() {
            return Err(Refusal::new(ErrorCode::ParameterNotAllowed, format!("{tag} is given twice")));
        }
    }
    Ok(())
}

/// SAR parameters become a header: whether the operator gets one or the other is its connector's to decide. Zeros, and part 1
/// of 1, are no part of anything.
///
/// # Errors
/// When some of them are missing, or there is no such part.
fn sar_of(sm: &Sm<'_>) -> Result<Option<udh::Concat>, Refusal> {
    let (total, no) = (sm.tlvs.u8(Tag::SAR_TOTAL_SEGMENTS), sm.tlvs.u8(Tag::SAR_SEGMENT_SEQNUM));
    let reference = sm.tlvs.u16(Tag::SAR_MSG_REF_NUM);
    match (reference, total, no) {
        (_, None | Some(0 | 1), None | Some(0 | 1)) => Ok(None),
        (Some(reference), Some(total), Some(no)) if (1..=total).contains(&no) => {
            Ok(Some(udh::Concat { reference: reference & 0xFF, total, no, wide: false }))
        }
        (Some(_), Some(total), Some(no)) => {
            Err(Refusal::new(ErrorCode::ParameterInvalid, format!("there is no segment {no} of {total}")))
        }
        _ => Err(Refusal::new(ErrorCode::ParameterMissing, "of the three parameters of a segment one is missing")),
    }
}

/// A handset would take a part that there cannot be for a message of its own.
fn check_parts(header: &Udh<'_>) -> Result<(), Refusal> {
    for element in header.elements() {
        let ((udh::CONCAT_8, &[_, total, no]) | (udh::CONCAT_16, &[_, _, total, no])) = (element.iei, element.data)
        else {
            continue;
        };
        // Zeros say that it is no part (3GPP TS 23.040, 9.2.3.24.1).
        if total > 0 && !(1..=total).contains(&no) {
            return Err(Refusal::new(ErrorCode::InvalidHeader, format!("there is no part {no} of {total}")));
        }
    }
    let (mut parts, last) = (header.parts(), header.concat());
    if parts.any(|part| Some(part) != last) {
        let detail = "the header says twice which part it is, and not the same";
        return Err(Refusal::new(ErrorCode::InvalidHeader, detail));
    }
    Ok(())
}

fn contradicting(sar: udh::Concat, own: udh::Concat) -> Refusal {
    let detail = format!("segment {} of {} by SAR, {} of {} by the header", sar.no, sar.total, own.no, own.total);
    Refusal::new(ErrorCode::ParameterInvalid, detail)
}

/// Octets on their way in: what their header is, and what is put before it.
struct Kept<'a> {
    settings: &'a ClientText,
    data_coding: u8,
    header: Option<Udh<'a>>,
    elements: &'a [u8],
}

impl Kept<'_> {
    fn content(&self, body: &[u8], options: &mut Option<Box<MessageOptions>>) -> Result<Content, Refusal> {
        let class = match Encoding::from_data_coding(self.data_coding) {
            Some((Encoding::Gsm7, class)) => class,
            Some((Encoding::Ucs2, _)) => return Ok(self.octets(whole_units(body)?)),
            Some(_) => return Ok(self.octets(body)),
            None if self.settings.data_codings_passed.contains(&self.data_coding) => return Ok(self.octets(body)),
            None => return Err(unassigned(self.data_coding)),
        };
        let ClientText { alphabet, packed, .. } = *self.settings;
        if alphabet == Alphabet::Gsm {
            if packed {
                return Ok(self.octets(&self.unpacked(body)));
            }
            return match body.iter().position(|octet| !octet.is_ascii()) {
                Some(at) => Err(no_septet(at)),
                None => Ok(self.octets(body)),
            };
        }
        let reading = Reading { alphabet, ..Reading::default() };
        let text = decode_user_data(self.data_coding, None, body, &reading).text.unwrap_or_default();
        if let Some(at) = text.chars().position(|character| character == char::REPLACEMENT_CHARACTER) {
            return Err(unreadable(at, alphabet));
        }
        match gsm7::encode(&text) {
            Ok(septets) => Ok(self.octets(&septets)),
            Err((at, character)) if self.has_header() => Err(no_part(at, character)),
            Err(_) => {
                if class.is_some() {
                    options.get_or_insert_default().message_class = class;
                }
                Ok(Content::Text(text, None))
            }
        }
    }

    fn has_header(&self) -> bool {
        self.header.is_some() || !self.elements.is_empty()
    }

    fn unpacked(&self, body: &[u8]) -> Vec<u8> {
        let fill = gsm7::fill_bits(self.header.as_ref().map_or(0, Udh::octets));
        gsm7::unpack(body, fill, None)
    }

    fn octets(&self, body: &[u8]) -> Content {
        let own = self.header.as_ref().map_or(&[][..], |header| header.as_octets());
        let length = self.elements.len() + own.len();
        let mut data = Vec::with_capacity(1 + length + body.len());
        if self.has_header() {
            data.push(u8::try_from(length).unwrap_or(u8::MAX));
            data.extend_from_slice(self.elements);
            data.extend_from_slice(own);
        }
        data.extend_from_slice(body);
        Content::Octets { data, data_coding: self.data_coding, udhi: self.has_header() }
    }
}

/// UCS-2 without the NUL that some count in sm_length.
///
/// # Errors
/// When half a unit is missing.
fn whole_units(body: &[u8]) -> Result<&[u8], Refusal> {
    match body.split_last() {
        _ if body.len().is_multiple_of(2) => Ok(body),
        Some((0, whole)) => Ok(whole),
        _ => {
            let detail = format!("{} octets of UCS-2 are no whole units", body.len());
            Err(Refusal::new(ErrorCode::InvalidMessageLength, detail))
        }
    }
}

fn unassigned(data_coding: u8) -> Refusal {
    let detail = format!("data_coding {data_coding} is none that we can read: see text.data_codings_passed");
    Refusal::new(ErrorCode::TextNotEncodable, detail)
}

fn no_septet(at: usize) -> Refusal {
    let detail = format!("octet {at} is over 0x7F, which is no septet of GSM 03.38 (data_coding 0)");
    Refusal::new(ErrorCode::TextNotEncodable, detail)
}

fn unreadable(at: usize, alphabet: Alphabet) -> Refusal {
    Refusal::new(ErrorCode::TextNotEncodable, format!("character {at} is not {alphabet:?}, as the account's text is"))
}

fn no_part(at: usize, character: char) -> Refusal {
    let detail =
        format!("character {character:?} at position {at} of a part is not in GSM 03.38: send the parts as UCS-2");
    Refusal::new(ErrorCode::TextNotEncodable, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sambac_smpp::TlvBuf;

    fn of(settings: &ClientText, sm: &Sm<'_>) -> Result<(Content, Option<Part>), Refusal> {
        read(settings, sm, &mut None).map(|read| (read.content, read.part))
    }

    fn octets(data: &[u8], udhi: bool) -> Content {
        Content::Octets { data: data.to_vec(), data_coding: 0, udhi }
    }

    #[test]
    fn a_flag_without_a_header_is_text() {
        let sm = Sm { esm_class: esm_class::UDHI, short_message: b"Hello", ..Sm::default() };
        assert_eq!(of(&ClientText::default(), &sm), Ok((octets(b"Hello", false), None)));
    }

    #[test]
    fn parts_are_known_by_header_or_by_sar() {
        let data = [5, 0, 3, 9, 2, 1, b'x'];
        let sm = Sm { esm_class: esm_class::UDHI, short_message: &data, ..Sm::default() };
        let part = Some(Part { reference: 9, total: 2 });
        assert_eq!(of(&ClientText::default(), &sm), Ok((octets(&data, true), part)));
        let mut tlvs = TlvBuf::new();
        tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 0x0109)
            .push_u8(Tag::SAR_TOTAL_SEGMENTS, 2)
            .push_u8(Tag::SAR_SEGMENT_SEQNUM, 1);
        let by_sar = Sm { short_message: b"x", tlvs: tlvs.as_tlvs(), ..Sm::default() };
        assert_eq!(of(&ClientText::default(), &by_sar), Ok((octets(&data, true), part)));
        let both = Sm { tlvs: tlvs.as_tlvs(), ..sm };
        assert_eq!(of(&ClientText::default(), &both), Ok((octets(&data, true), part)), "never both");
        let apart = ClientText { group_segments: false, ..ClientText::default() };
        assert_eq!(of(&apart, &sm), Ok((octets(&data, true), None)));
    }

    fn code(sm: &Sm<'_>) -> Option<ErrorCode> {
        of(&ClientText::default(), sm).err().map(|refusal| refusal.code)
    }

    #[test]
    fn two_different_texts_are_refused() {
        for (short, payload, refused) in
            [(&b"a"[..], &b"b"[..], true), (b"a", b"a", false), (b"a", b"", false), (b"", b"b", false)]
        {
            let mut tlvs = TlvBuf::new();
            tlvs.push(Tag::MESSAGE_PAYLOAD, payload);
            let sm = Sm { short_message: short, tlvs: tlvs.as_tlvs(), ..Sm::default() };
            assert_eq!(code(&sm), refused.then_some(ErrorCode::ParameterNotAllowed), "{short:?} {payload:?}");
        }
    }

    /// Part 4 of 3 and its kin; zeros and 1 of 1 are whole messages.
    #[test]
    fn parts_that_there_cannot_be_are_refused() {
        for (total, no, refused) in
            [(3, 4, true), (3, 0, true), (1, 2, true), (3, 3, false), (1, 1, false), (0, 0, false), (0, 1, false)]
        {
            let narrow = [5, 0, 3, 9, total, no, b'x'];
            let wide = [6, 8, 4, 1, 9, total, no, b'x'];
            for data in [&narrow[..], &wide] {
                let sm = Sm { esm_class: esm_class::UDHI, short_message: data, ..Sm::default() };
                assert_eq!(code(&sm), refused.then_some(ErrorCode::InvalidHeader), "{no} of {total} by a header");
            }
            let mut tlvs = TlvBuf::new();
            tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 9);
            tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, total).push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
            let sm = Sm { short_message: b"x", tlvs: tlvs.as_tlvs(), ..Sm::default() };
            assert_eq!(code(&sm), refused.then_some(ErrorCode::ParameterInvalid), "{no} of {total} by SAR");
        }
        let mut tlvs = TlvBuf::new();
        tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, 3).push_u8(Tag::SAR_SEGMENT_SEQNUM, 2);
        let sm = Sm { short_message: b"x", tlvs: tlvs.as_tlvs(), ..Sm::default() };
        assert_eq!(code(&sm), Some(ErrorCode::ParameterMissing), "without a reference");
    }

    /// Header and SAR may say the same; when they differ, nobody knows what is meant.
    #[test]
    fn header_and_sar_have_to_agree() {
        let data = [5, 0, 3, 9, 2, 1, b'x'];
        for (no, refused) in [(1, None), (2, Some(ErrorCode::ParameterInvalid))] {
            let mut tlvs = TlvBuf::new();
            tlvs.push_u16(Tag::SAR_MSG_REF_NUM, 7);
            tlvs.push_u8(Tag::SAR_TOTAL_SEGMENTS, 2).push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
            let sm = Sm { esm_class: esm_class::UDHI, short_message: &data, tlvs: tlvs.as_tlvs(), ..Sm::default() };
            assert_eq!(code(&sm), refused, "{no}");
        }
    }

    /// Half a unit of UCS-2 is refused, but for a NUL at the end; so is an alphabet that we cannot read, unless it is passed.
    #[test]
    fn what_no_handset_could_show_is_refused() {
        let of_coding = |data_coding, text| Sm { data_coding, short_message: text, ..Sm::default() };
        for coding in [0x08, 0x18, 0xE0] {
            assert_eq!(code(&of_coding(coding, b"\0a\0")), None, "a NUL at the end is none of it");
            assert_eq!(code(&of_coding(coding, b"\0a\x04")), Some(ErrorCode::InvalidMessageLength), "{coding:#x}");
            assert_eq!(code(&of_coding(coding, b"\0a\0b")), None);
        }
        let with_header = Sm { esm_class: esm_class::UDHI, ..of_coding(8, b"\x05\0\x03\x09\x02\x01\0a") };
        assert_eq!(code(&with_header), None, "without its header it is even");
        for coding in [5, 6, 7, 9, 10, 0x0B, 0x0F, 0x80, 0xBF] {
            assert_eq!(code(&of_coding(coding, b"text")), Some(ErrorCode::TextNotEncodable), "{coding:#x}");
        }
        let passed = ClientText { data_codings_passed: vec![5], ..ClientText::default() };
        assert!(of(&passed, &of_coding(5, b"text")).is_ok());
        for coding in [0, 1, 2, 3, 4, 0x10, 0xC0, 0xF0, 0xF5] {
            assert_eq!(code(&of_coding(coding, b"text")), None, "{coding:#x}");
        }
    }

    #[test]
    fn the_accounts_alphabet_becomes_septets() {
        let with = |alphabet, packed| ClientText { alphabet, packed, ..ClientText::default() };
        let sm = |text| Sm { short_message: text, ..Sm::default() };
        let latin = with(Alphabet::Latin1, false);
        assert_eq!(of(&latin, &sm(b"@_{\xE9")), Ok((octets(&[0, 0x11, 0x1B, 0x28, 5], false), None)));
        assert_eq!(of(&latin, &sm(b"fa\xE7ade")), Ok((Content::Text("façade".to_owned(), None), None)));
        assert_eq!(of(&with(Alphabet::Utf8, false), &sm("é".as_bytes())), Ok((octets(&[5], false), None)));
        let packed = gsm7::pack(b"hellohello", 0);
        assert_eq!(of(&with(Alphabet::Gsm, true), &sm(&packed)), Ok((octets(b"hellohello", false), None)));
        for (settings, text) in [(ClientText::default(), &b"\xE9"[..]), (with(Alphabet::Utf8, false), b"\xFF")] {
            let refused = of(&settings, &sm(text)).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(ErrorCode::TextNotEncodable), "{settings:?}");
        }
    }

    #[test]
    fn a_part_that_would_become_ucs2_is_refused() {
        let data = [5, 0, 3, 9, 2, 1, 0xE7];
        let sm = Sm { esm_class: esm_class::UDHI, short_message: &data, ..Sm::default() };
        let latin = ClientText { alphabet: Alphabet::Latin1, ..ClientText::default() };
        assert_eq!(of(&latin, &sm).map_err(|refusal| refusal.code), Err(ErrorCode::TextNotEncodable));
    }
}
