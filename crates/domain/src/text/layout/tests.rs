use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Reading, count, decode_user_data};
use super::*;

const METHODS: [LongMethod; 4] = [LongMethod::Udh8, LongMethod::Udh16, LongMethod::Sar, LongMethod::Payload];
const PLAIN: Marks = Marks { class: None, ports: None };

fn by(method: LongMethod) -> Writing<'static> {
    Writing { method, ..Writing::default() }
}

fn text_body(text: &str) -> Body<'_> {
    Body::Text { text, encoding: None }
}

fn segments(laid: &Laid<'_>, total: u8) -> Vec<Segment> {
    (1..=total).map(|no| laid.clone().segment(no, total, 0x1234).expect("it fits")).collect()
}

fn needed(laid: &Laid<'_>) -> u8 {
    if laid.goes_as_payload() { 1 } else { laid.count().segments }
}

/// The text that a handset puts together, read as the writing says.
fn read(segments: &[Segment], data_coding: u8, writing: &Writing<'_>) -> String {
    let reading = Reading { alphabet: writing.alphabet, packed: writing.packed, ..Reading::default() };
    let part = |segment: &Segment| {
        let (header, body) = match udh::parse(&segment.payload).filter(|_| segment.udh) {
            Some((header, body)) => (Some(header), body),
            None => (None, segment.payload.as_slice()),
        };
        decode_user_data(data_coding, header.as_ref(), body, &reading).text.expect("a text")
    };
    segments.iter().map(part).collect()
}

#[test]
fn a_short_text_is_plain_in_every_method() {
    for method in METHODS {
        let laid = lay_out(&text_body("Hello"), &PLAIN, &by(method)).unwrap();
        let expected =
            Segment { no: 1, total: 1, payload: b"Hello".to_vec(), udh: false, sar: None, as_payload: false };
        assert_eq!(segments(&laid, 1), [expected]);
    }
    assert_eq!(lay_out(&text_body(""), &PLAIN, &Writing::default()).unwrap().count().segments, 1);
}

#[test]
fn headers_of_each_method() {
    let text = "a".repeat(200);
    let parts = |method| {
        let laid = lay_out(&text_body(&text), &PLAIN, &by(method)).unwrap();
        segments(&laid, needed(&laid))
    };
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
fn without_optional_parameters_neither_sar_nor_payload() {
    let text = "a".repeat(200);
    for method in [LongMethod::Sar, LongMethod::Payload] {
        let writing = Writing { optional_parameters: false, ..by(method) };
        let laid = lay_out(&text_body(&text), &PLAIN, &writing).unwrap();
        let parts = segments(&laid, needed(&laid));
        assert_eq!((parts.len(), parts[0].udh, parts[0].sar, parts[0].as_payload), (2, true, None, false));
    }
}

#[test]
fn a_long_short_message_goes_as_payload_with_its_header() {
    let text = "a".repeat(200);
    let writing = Writing { short_message_octets_max: 140, ..Writing::default() };
    let laid = lay_out(&text_body(&text), &PLAIN, &writing).unwrap();
    let parts = segments(&laid, 2);
    assert_eq!((parts[0].as_payload, parts[0].udh, parts[1].as_payload), (true, true, false));
}

#[test]
fn too_long_for_one_payload_goes_in_segments() {
    let text = "a".repeat(400);
    let writing = Writing { payload_octets_max: 399, ..by(LongMethod::Payload) };
    let laid = lay_out(&text_body(&text), &PLAIN, &writing).unwrap();
    assert_eq!((laid.goes_as_payload(), needed(&laid)), (false, 3));
    assert_eq!(segments(&laid, 3)[2].payload[..6], [5, 0, 3, 0x34, 3, 3]);
    assert_eq!(laid.segment(1, 1, 0), None, "charged as one, and too long for one");
}

#[test]
fn what_was_charged_is_what_is_sent() {
    let text = "a".repeat(306);
    let wide = lay_out(&text_body(&text), &PLAIN, &by(LongMethod::Udh16)).unwrap();
    assert_eq!(wide.count().segments, 3);
    let parts = segments(&wide, 2);
    assert_eq!(parts[0].payload[..4], [5, 0, 3, 0x34], "a short reference, as two were charged");
    let narrow = lay_out(&text_body(&text), &PLAIN, &Writing::default()).unwrap();
    let parts = segments(&narrow, 3);
    assert_eq!(parts.iter().map(|part| part.payload.len() - 6).collect::<Vec<_>>(), [102, 102, 102]);
    assert_eq!(read(&parts, 0, &Writing::default()), text);
    assert!(narrow.clone().segment(1, 1, 0).is_some_and(|part| part.as_payload), "one PDU was charged");
}

#[test]
fn packed_septets_start_on_a_septet_boundary() {
    let writing = Writing { packed: true, ..Writing::default() };
    let short = lay_out(&text_body("hellohello"), &PLAIN, &writing).unwrap();
    assert_eq!(segments(&short, 1)[0].payload, [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37]);
    let text = "a".repeat(300);
    let long = lay_out(&text_body(&text), &PLAIN, &writing).unwrap();
    let parts = segments(&long, 2);
    assert_eq!((parts[0].payload.len(), read(&parts, 0, &writing)), (140, text), "153 septets and one fill bit");
}

#[test]
fn classes_ports_and_their_encodings() {
    let flash = Marks { class: Some(0), ports: None };
    let of = |text: &str, encoding, marks, writing: &Writing<'_>| {
        lay_out(&Body::Text { text, encoding }, marks, writing).map(|laid| laid.data_coding())
    };
    let f0 = Writing { class_as_f0: true, ..Writing::default() };
    assert_eq!(of("Hi", None, &flash, &Writing::default()), Ok(0x10));
    assert_eq!(of("Hi", None, &Marks { class: Some(2), ports: None }, &f0), Ok(0xF2));
    assert_eq!(of("Код", None, &flash, &Writing::default()), Ok(0x18));
    let latin = of("é", Some(Encoding::Latin1), &flash, &Writing::default());
    assert_eq!(latin, Err(TextError::Class(Encoding::Latin1)));

    let ports = Marks { class: None, ports: Some(Ports { destination: 0x0B84, source: 0 }) };
    let laid = lay_out(&text_body("Hi"), &ports, &Writing::default()).unwrap();
    assert_eq!(segments(&laid, 1)[0].payload, [6, 5, 4, 0x0B, 0x84, 0, 0, b'H', b'i']);
    assert_eq!(laid.count().units_per_segment, 152);
    let text = "a".repeat(153);
    let long = lay_out(&text_body(&text), &ports, &Writing::default()).unwrap();
    assert_eq!(segments(&long, 2)[1].payload[..12], [11, 0, 3, 0x34, 2, 2, 5, 4, 0x0B, 0x84, 0, 0]);
}

#[test]
fn shift_tables_only_where_they_save_segments() {
    let turkish = Writing { shift_tables: &[ShiftTable::Turkish], ..Writing::default() };
    fn of<'a>(text: &'a str, writing: &Writing<'_>) -> Laid<'a> {
        lay_out(&text_body(text), &PLAIN, writing).unwrap()
    }
    assert_eq!(of("Şifre", &turkish).count().encoding, Encoding::Ucs2, "one segment either way");
    let text = "ş".repeat(75);
    let laid = of(&text, &turkish);
    let parts = segments(&laid, 1);
    assert_eq!((laid.data_coding(), &parts[0].payload[..4]), (0, &[3, 0x25, 1, 1][..]), "locking: one septet each");
    assert_eq!(read(&parts, 0, &turkish), text);
    assert_eq!(of(&"Код ".repeat(30), &turkish).count().encoding, Encoding::Ucs2);
    let utf8 = Writing { alphabet: Alphabet::Utf8, ..turkish };
    assert_eq!(lay_out(&text_body(&text), &PLAIN, &utf8).unwrap().count().encoding, Encoding::Ucs2);
}

#[test]
fn what_the_default_alphabet_lacks_goes_as_ucs2_or_is_refused() {
    let ascii = Writing { alphabet: Alphabet::Ascii, ..Writing::default() };
    assert_eq!(lay_out(&text_body("£5"), &PLAIN, &ascii).unwrap().data_coding(), 8);
    let asked = lay_out(&Body::Text { text: "a£", encoding: Some(Encoding::Gsm7) }, &PLAIN, &ascii);
    let lacking = TextError::Character { position: 1, character: '£', encoding: Encoding::Gsm7 };
    assert_eq!(asked, Err(lacking));
}

#[test]
fn octets_of_clients_are_counted_by_their_data_coding() {
    let count = |data: &[u8], data_coding| {
        let body = Body::Octets { data, data_coding, udh: false };
        lay_out(&body, &PLAIN, &Writing::default()).unwrap().count().segments
    };
    assert_eq!((count(&[b'a'; 160], 0), count(&[b'a'; 161], 0)), (1, 2));
    assert_eq!((count(&[b'['; 80], 1), count(&[b'['; 81], 1)), (1, 2));
    assert_eq!((count(&[0; 140], 4), count(&[0; 141], 4)), (1, 2), "binary is counted in octets (Q-E7)");
    assert_eq!((count(&[0; 140], 0x18), count(&[0; 141], 8), count(&[0; 141], 5)), (1, 2, 2));
}

#[test]
fn a_clients_header_is_kept_and_its_part_must_fit() {
    let of = |data: &[u8]| {
        let body = Body::Octets { data, data_coding: 0, udh: true };
        lay_out(&body, &PLAIN, &Writing::default()).map(|laid| segments(&laid, laid.count().segments))
    };
    let mut data = vec![5, 0, 3, 7, 2, 1];
    data.extend([b'a'; 153]);
    let parts = of(&data).unwrap();
    assert_eq!((parts.len(), parts[0].udh, &parts[0].payload), (1, true, &data));
    data.push(b'a');
    assert_eq!(of(&data), Err(TextError::HeaderedTooLong { units: 154, units_max: 153 }));
    // An impossible header is no header (Q-F5).
    assert!(!of(&[200, 0, 0]).unwrap()[0].udh);
    // A header that does not number parts is repeated in each of ours.
    let mut ports = vec![6, 5, 4, 0, 80, 0, 80];
    ports.extend([7; 200]);
    assert_eq!(of(&ports).unwrap()[1].payload[..12], [11, 0, 3, 0x34, 2, 2, 5, 4, 0, 80, 0, 80]);
}

#[test]
fn a_clients_part_goes_by_sar_where_the_connector_does() {
    let data = [11, 0, 3, 7, 2, 1, 5, 4, 0, 80, 0, 80, b'x'];
    let body = Body::Octets { data: &data, data_coding: 0, udh: true };
    let parts = segments(&lay_out(&body, &PLAIN, &by(LongMethod::Sar)).unwrap(), 1);
    assert_eq!((parts[0].sar, parts[0].udh), (Some((7, 2, 1)), true));
    assert_eq!(parts[0].payload, [6, 5, 4, 0, 80, 0, 80, b'x'], "only the place of the part moves to SAR");
}

#[test]
fn a_clients_septets_are_rewritten_for_another_alphabet() {
    let latin = Writing { alphabet: Alphabet::Latin1, ..Writing::default() };
    fn of<'a>(data: &'a [u8], udh: bool, writing: &Writing<'_>) -> Result<Laid<'a>, TextError> {
        lay_out(&Body::Octets { data, data_coding: 0, udh }, &PLAIN, writing)
    }
    let laid = of(&[0x00, 0x11, 0x1B, 0x28], false, &latin).unwrap();
    assert_eq!((laid.data_coding(), segments(&laid, 1)[0].payload.as_slice()), (0, &b"@_{"[..]));
    assert_eq!(of(&[0x1B, 0x65], false, &latin).unwrap().data_coding(), 8, "the euro sign is not in Latin-1");
    let part = [5, 0, 3, 1, 2, 1, 0x1B, 0x65];
    assert!(matches!(of(&part, true, &latin), Err(TextError::Character { character: '€', .. })));
    assert!(of(&[0x80], false, &latin).is_err(), "no septet: never altered silently");
}

#[test]
fn too_many_parts_are_refused() {
    let text = "я".repeat(67 * 255 + 1);
    for method in METHODS {
        assert_eq!(lay_out(&text_body(&text), &PLAIN, &by(method)), Err(TextError::TooLong));
    }
}

fn any_writing() -> impl Strategy<Value = Writing<'static>> {
    let alphabets = [Alphabet::Gsm, Alphabet::Latin1, Alphabet::Ascii, Alphabet::Utf8];
    let tables: [&'static [ShiftTable]; 3] = [&[], &[ShiftTable::Turkish, ShiftTable::Portuguese], &ShiftTable::ALL];
    (select(METHODS.to_vec()), select(alphabets.to_vec()), any::<bool>(), select(tables.to_vec()), 140..=254_u16)
        .prop_map(|(method, alphabet, packed, shift_tables, short_message_octets_max)| Writing {
            method,
            alphabet,
            packed,
            shift_tables,
            short_message_octets_max,
            ..Writing::default()
        })
}

/// Texts thick with what weighs two, national letters and pairs.
fn any_text() -> impl Strategy<Value = String> {
    let urdu = ShiftTable::Urdu.locking().into_iter().flatten().filter(|one| **one != char::REPLACEMENT_CHARACTER);
    let urdu = prop::collection::vec(prop::sample::select(urdu.copied().collect::<Vec<_>>()), 0..400);
    prop_oneof![
        "[a-z€{}^]{0,700}",
        "[a-zığşİĞŞç€]{0,400}",
        "[a-zа-я😀🚀]{0,400}",
        "[ -~]{150,165}",
        urdu.prop_map(String::from_iter),
        any::<String>()
    ]
}

proptest! {
    #[test]
    fn every_layout_gives_back_the_text(
        text in any_text(), writing in any_writing(), more in 0..4_u8, class in prop::option::of(0..4_u8),
    ) {
        prop_assume!(!text.contains(['\u{feff}', '\u{fffe}']));
        let laid = lay_out(&text_body(&text), &Marks { class, ports: None }, &writing).unwrap();
        let total = match needed(&laid) {
            1 => 1,
            total => total.saturating_add(more),
        };
        let parts = segments(&laid, total);
        prop_assert_eq!(parts.len(), usize::from(total));
        // Septets without a count may end in a carriage return of the text or of the padding: one and the same.
        let padded = |text: String| if writing.packed { text.trim_end_matches('\r').to_owned() } else { text };
        prop_assert_eq!(padded(read(&parts, laid.data_coding(), &writing)), padded(text.clone()));
        for (part, no) in parts.iter().zip(1..) {
            prop_assert_eq!((part.no, part.total), (no, total));
            prop_assert!(part.as_payload || part.payload.len() <= usize::from(writing.short_message_octets_max));
        }
    }

    #[test]
    fn parts_keep_their_size(text in any_text(), method in prop::sample::select(METHODS.to_vec())) {
        let laid = lay_out(&text_body(&text), &PLAIN, &by(method)).unwrap();
        let counted = laid.count();
        prop_assume!(counted.segments > 1 && !laid.goes_as_payload());
        let parts = segments(&laid, counted.segments);
        let unit = Unit::of(counted.encoding);
        let used = |part: &Segment| {
            let body = udh::parse(&part.payload).filter(|_| part.udh).map_or(part.payload.as_slice(), |(_, body)| body);
            unit.total(body)
        };
        prop_assert!(parts.iter().all(|part| used(part) <= usize::from(counted.units_per_segment)));
        let last = parts.last().map(used).unwrap();
        prop_assert_eq!(last + usize::from(counted.units_left), usize::from(counted.units_per_segment));
    }

    #[test]
    fn octets_are_cut_as_they_are_counted(
        data in prop::collection::vec(any::<u8>(), 0..900), data_coding: u8, udh: bool, packed: bool,
    ) {
        let writing = Writing { packed, ..Writing::default() };
        if let Ok(laid) = lay_out(&Body::Octets { data: &data, data_coding, udh }, &PLAIN, &writing) {
            let parts = segments(&laid, laid.count().segments);
            if !udh && !packed {
                let body = |part: &Segment| part.payload.get(if part.udh { 6 } else { 0 }..).unwrap().to_vec();
                prop_assert_eq!(parts.iter().flat_map(body).collect::<Vec<_>>(), data);
            }
        }
    }

    #[test]
    fn the_counter_of_the_api_is_the_senders(text in any_text()) {
        let laid = lay_out(&text_body(&text), &PLAIN, &Writing::default()).unwrap();
        prop_assert_eq!(count(&text, None), Ok(laid.count()));
    }
}
