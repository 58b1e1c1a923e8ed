//! Messages from handsets as a client's ESME gets them: in its alphabet, cut as it wants them.

use sambac_bus::Received;
use sambac_domain::id::NoticeId;
use sambac_domain::mo::Part;
use sambac_domain::profile::ClientText;
use sambac_domain::text::{self, Alphabet, Body, Encoding, Marks, Segment, TextError, Writing};
use sambac_smpp::{Address, Pdu, SendError, Session, Sm, Tag, TlvBuf, esm_class};
use sambac_store::StoreError;
use sambac_store::rows::MoRow;

use crate::Inner;
use crate::mo::MoContent;

/// The longest short_message (SMPP 3.4, 5.2.21); what is longer goes as message_payload.
const SHORT_MESSAGE_OCTETS_MAX: usize = 254;
/// Digits from which an address is a number and no short code.
const NUMBER_DIGITS_MIN: usize = 9;

/// A message ready to be sent.
pub(super) struct Parcel {
    source: String,
    destination: String,
    pieces: Vec<Piece>,
}

/// One PDU of it.
struct Piece {
    octets: Vec<u8>,
    data_coding: u8,
    udh: bool,
    sar: Option<(u16, u8, u8)>,
    as_payload: bool,
}

/// Reads the message that a notice is about; `None` when there is nothing to hand over any more.
///
/// # Errors
/// What the database said.
pub(super) async fn load(
    inner: &Inner,
    notice: NoticeId,
    received: Received,
    settings: &ClientText,
) -> Result<Option<Parcel>, StoreError> {
    let Some(row) = inner.store.mo_to_deliver(notice).await? else { return Ok(None) };
    let parcel = inner.mo_content(&row).and_then(|content| Parcel::new(row, &content, settings).ok());
    let parcel = parcel.filter(|parcel| parcel.len() > 0);
    if parcel.is_none() {
        tracing::error!(message = %received.mo_id, "a message from a handset cannot be read or written");
    }
    Ok(parcel)
}

impl Parcel {
    fn new(row: MoRow, content: &MoContent, settings: &ClientText) -> Result<Self, TextError> {
        // The same at every try, so that a client knows a part again.
        let reference = u16::try_from((row.id.raw() >> 8) & 0xFFFF).unwrap_or_default();
        let pieces = match &content.text {
            Some(text) => written(text, settings, reference)?,
            None => content.parts.iter().map(Piece::as_it_came).collect(),
        };
        Ok(Self { source: row.source, destination: row.destination, pieces })
    }

    /// How many PDUs it has.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Sends one of them.
    pub(super) async fn send(&self, session: &Session, place: usize, token: u64) -> Result<(), SendError> {
        // There are as many as `len` says.
        let Some(piece) = self.pieces.get(place) else { return Ok(()) };
        let mut tlvs = TlvBuf::new();
        if let Some((reference, total, no)) = piece.sar {
            tlvs.push_u16(Tag::SAR_MSG_REF_NUM, reference).push_u8(Tag::SAR_TOTAL_SEGMENTS, total);
            tlvs.push_u8(Tag::SAR_SEGMENT_SEQNUM, no);
        }
        let as_payload = piece.as_payload || piece.octets.len() > SHORT_MESSAGE_OCTETS_MAX;
        if as_payload {
            tlvs.push(Tag::MESSAGE_PAYLOAD, &piece.octets);
        }
        let pdu = Pdu::DeliverSm(Sm {
            source: address(&self.source),
            destination: address(&self.destination),
            esm_class: if piece.udh { esm_class::UDHI } else { 0 },
            data_coding: piece.data_coding,
            short_message: if as_payload { b"" } else { &piece.octets },
            tlvs: tlvs.as_tlvs(),
            ..Sm::default()
        });
        session.send(&pdu, token).await.map(drop)
    }
}

impl Piece {
    /// What is no text goes on as it is.
    fn as_it_came(part: &Part) -> Self {
        let Part { data_coding, udh, octets, .. } = part.clone();
        Self { octets, data_coding, udh, sar: None, as_payload: false }
    }

    fn of(segment: Segment, data_coding: u8) -> Self {
        let Segment { payload, udh, sar, as_payload, .. } = segment;
        Self { octets: payload, data_coding, udh, sar, as_payload }
    }
}

/// A text in the client's alphabet, which its data_coding 0 stands for, or in UCS-2 when it has other characters.
fn written(text: &str, settings: &ClientText, reference: u16) -> Result<Vec<Piece>, TextError> {
    let of = |encoding| segments(&Body::Text { text, encoding: Some(encoding) }, settings, reference);
    let octets = Body::Octets { data: text.as_bytes(), data_coding: Encoding::Binary.data_coding(), udh: false };
    let own = match settings.alphabet {
        Alphabet::Gsm => of(Encoding::Gsm7),
        Alphabet::Latin1 => of(Encoding::Latin1),
        Alphabet::Utf8 => segments(&octets, settings, reference),
        Alphabet::Ascii if text.is_ascii() => of(Encoding::Latin1),
        Alphabet::Ascii => return Ok(pieces(of(Encoding::Ucs2)?, Encoding::Ucs2.data_coding())),
    };
    match own {
        Ok(segments) => Ok(pieces(segments, 0)),
        Err(TextError::Character { .. }) => Ok(pieces(of(Encoding::Ucs2)?, Encoding::Ucs2.data_coding())),
        Err(error) => Err(error),
    }
}

fn segments(body: &Body<'_>, settings: &ClientText, reference: u16) -> Result<Vec<Segment>, TextError> {
    let writing = Writing { method: settings.long, packed: settings.packed, ..Writing::default() };
    let laid = text::lay_out(body, &Marks::default(), &writing)?;
    let total = if laid.goes_as_payload() { 1 } else { laid.count().segments };
    (1..=total).map(|no| laid.clone().segment(no, total, reference).ok_or(TextError::TooLong)).collect()
}

fn pieces(segments: Vec<Segment>, data_coding: u8) -> Vec<Piece> {
    segments.into_iter().map(|segment| Piece::of(segment, data_coding)).collect()
}

/// A number, a short code or a name, with the type of number and numbering plan that go with it.
fn address(text: &str) -> Address<'_> {
    let is_digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let (ton, npi) = match is_digits {
        true if text.len() >= NUMBER_DIGITS_MIN => (1, 1),
        true => (3, 0),
        false => (5, 0),
    };
    Address { ton, npi, addr: text.as_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sambac_domain::text::LongMethod;

    fn settings(alphabet: Alphabet, packed: bool, long: LongMethod) -> ClientText {
        ClientText { alphabet, packed, long, ..ClientText::default() }
    }

    fn shown(text: &str, settings: &ClientText) -> Vec<(u8, bool, usize)> {
        let pieces = written(text, settings, 7).expect("it can be written");
        pieces.iter().map(|piece| (piece.data_coding, piece.udh, piece.octets.len())).collect()
    }

    #[test]
    fn the_alphabet_is_the_clients() {
        let in_alphabet = |alphabet, text| shown(text, &settings(alphabet, false, LongMethod::Udh8));
        assert_eq!(in_alphabet(Alphabet::Gsm, "5€"), [(0, false, 3)]);
        assert_eq!(in_alphabet(Alphabet::Latin1, "café"), [(0, false, 4)]);
        assert_eq!(in_alphabet(Alphabet::Latin1, "5€"), [(8, false, 4)]);
        assert_eq!(in_alphabet(Alphabet::Ascii, "plain"), [(0, false, 5)]);
        assert_eq!(in_alphabet(Alphabet::Ascii, "café"), [(8, false, 8)]);
        assert_eq!(in_alphabet(Alphabet::Utf8, "да"), [(0, false, 4)]);
        assert_eq!(in_alphabet(Alphabet::Gsm, "да"), [(8, false, 4)]);
    }

    #[test]
    fn long_texts_go_as_the_client_wants_them() {
        let text = "x".repeat(161);
        let by = |packed, long| shown(&text, &settings(Alphabet::Gsm, packed, long));
        assert_eq!(by(false, LongMethod::Udh8), [(0, true, 159), (0, true, 14)]);
        assert_eq!(by(true, LongMethod::Udh8), [(0, true, 140), (0, true, 14)]);
        assert_eq!(by(false, LongMethod::Sar), [(0, false, 153), (0, false, 8)]);
        assert_eq!(by(false, LongMethod::Payload), [(0, false, 161)]);
    }

    #[test]
    fn addresses_are_named_for_what_they_are() {
        let of = |text: &str| (address(text).ton, address(text).npi);
        assert_eq!([of("447700900123"), of("12345"), of("Bank"), of("")], [(1, 1), (3, 0), (5, 0), (5, 0)]);
    }
}
