//! What a client's `submit_sm` says: its octets in the form that we keep, and which long message they are a part of.
//!
//! We keep GSM septets unpacked, whatever the client's data_coding 0 is, and a header where there is one. What cannot be read is
//! refused: nothing is altered on the way.

use sambac_domain::error::ErrorCode;
use sambac_domain::options::MessageOptions;
use sambac_domain::profile::{Alphabet, ClientText};
use sambac_domain::text::udh::{self, Udh};
use sambac_domain::text::{Encoding, Reading, decode_user_data, gsm7};
use sambac_smpp::{Sm, Tag, esm_class};

use crate::refusal::Refusal;
use crate::submit::{Content, Part};

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
    if !sm.short_message.is_empty() && sm.tlvs.get(Tag::MESSAGE_PAYLOAD).is_some() {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "short_message and message_payload are both given"));
    }
    let data = sm.message();
    // The flag without a header, or with an impossible one, is a mistake: the octets are text (Q-F5).
    let header = udh::parse(data).filter(|_| sm.esm_class & esm_class::UDHI != 0);
    let (header, body) = header.map_or((None, data), |(header, body)| (Some(header), body));
    let sar = sar_of(sm).filter(|_| header.as_ref().and_then(Udh::concat).is_none());
    let concat = header.as_ref().and_then(Udh::concat).or(sar);
    let elements = sar.map(udh::concat_element).unwrap_or_default();
    let content = Kept { settings, data_coding: sm.data_coding, header, elements: &elements }.content(body, options)?;
    let part = concat.filter(|concat| settings.group_segments && concat.total > 1);
    Ok(Read { content, part: part.map(|concat| Part { reference: concat.reference, total: concat.total }) })
}

/// SAR parameters become a header: whether the operator gets one or the other is its connector's to decide.
fn sar_of(sm: &Sm<'_>) -> Option<udh::Concat> {
    let (total, no) = (sm.tlvs.u8(Tag::SAR_TOTAL_SEGMENTS)?, sm.tlvs.u8(Tag::SAR_SEGMENT_SEQNUM)?);
    let reference = sm.tlvs.u16(Tag::SAR_MSG_REF_NUM)? & 0xFF;
    (total > 1 && (1..=total).contains(&no)).then_some(udh::Concat { reference, total, no, wide: false })
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
        let Some((Encoding::Gsm7, class)) = Encoding::from_data_coding(self.data_coding) else {
            return Ok(self.octets(body));
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

    #[test]
    fn both_places_for_a_text_are_refused() {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"b");
        let sm = Sm { short_message: b"a", tlvs: tlvs.as_tlvs(), ..Sm::default() };
        assert_eq!(of(&ClientText::default(), &sm).map_err(|refusal| refusal.code), Err(ErrorCode::InvalidRequest));
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
