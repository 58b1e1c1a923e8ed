//! What must hold for any octets whatever: the bodies of the fuzz targets, and of the ordinary test over their corpora.

use sambac_domain::receipt::{self, ReceiptInput};
use sambac_domain::text::{Alphabet, Body, DataCodingTable, Marks, Reading, Writing, decode_user_data, lay_out, udh};

/// Every receipt is read without a fault, within the bounds of its fields, and its id stays the same when normalised twice.
/// The first three octets are esm_class, data_coding and which parts are in optional parameters.
pub(crate) fn receipt(octets: &[u8]) {
    let [esm_class, data_coding, parts, text @ ..] = octets else { return };
    let (front, back) = text.split_at(text.len().min(usize::from(*parts >> 3)));
    let has = |bit: u8| parts & bit != 0;
    let input = ReceiptInput {
        esm_class: *esm_class,
        data_coding: *data_coding,
        short_message: if has(1) { b"" } else { text },
        message_payload: has(1).then_some(text),
        receipted_message_id: has(2).then_some(front),
        message_state: has(4).then(|| front.get(..1).unwrap_or_default()),
        network_error_code: has(4).then_some(back),
    };
    let Some(receipt) = receipt::parse(&input) else { return };
    assert!(receipt.smsc_message_id.chars().count() <= 64);
    let once = receipt::normalise_id(&receipt.smsc_message_id);
    assert_eq!(receipt::normalise_id(&once), once);
}

/// Any octets are read as text or left as octets; reading one character never makes more than a few octets of text.
/// The first two octets are data_coding and how it is read.
pub(crate) fn user_data(octets: &[u8]) {
    let [data_coding, choice, data @ ..] = octets else { return };
    let reading = Reading {
        alphabet: [Alphabet::Gsm, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Utf8][usize::from(choice & 3)],
        packed: choice & 4 != 0,
        table: if choice & 8 == 0 { DataCodingTable::Smpp } else { DataCodingTable::Gsm },
        sniff_ucs2: choice & 16 != 0,
    };
    let parsed = (choice & 32 != 0).then(|| udh::parse(data)).flatten();
    let (header, body) = parsed.map_or((None, data), |(header, body)| (Some(header), body));
    if let Some(header) = header {
        assert_eq!(header.octets() + body.len(), data.len());
        assert!(header.concat().is_none_or(|concat| (1..=concat.total).contains(&concat.no)));
    }
    let text = decode_user_data(*data_coding, header.as_ref(), body, &reading).text.unwrap_or_default();
    assert!(text.len() <= 4 * body.len() + 8, "{} octets of text from {}", text.len(), body.len());
    // What cannot be laid out is refused, never a fault; what can has each of its segments.
    let writing = Writing { alphabet: reading.alphabet, packed: reading.packed, ..Writing::default() };
    let body = Body::Octets { data, data_coding: *data_coding, udh: header.is_some() };
    if let Ok(laid) = lay_out(&body, &Marks::default(), &writing) {
        let total = laid.count().segments;
        assert!(laid.segment(total, total, 7).is_some(), "segment {total} of {total}");
    }
}
