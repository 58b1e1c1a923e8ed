use bytes::BytesMut;
use sambac_domain::id::{MessageId, SegmentId};
use sambac_smpp::{
    Bind, BindResp, CommandId, CommandStatus, Direction, Pdu, SessionConfig, Sm, SmResp, Tag, TlvBuf, encode,
};

use super::*;

const MESSAGE: MessageId = MessageId::from_raw(0x1234_5600);

/// A log, and sessions whose PDUs the test makes up.
struct Bench {
    log: Arc<PduLog>,
    clock: Clock,
}

struct Line(Tap);

impl Bench {
    fn new(limits: PduLogLimits) -> Self {
        let clock = Clock::mock(Timestamp::from_secs(1_700_000_000));
        Self { log: PduLog::new(limits, clock.clone()), clock }
    }

    fn line(&self, side: Side) -> Line {
        let (ours, theirs) = ("127.0.0.1:2775".parse().unwrap(), "127.0.0.1:40000".parse().unwrap());
        Line(self.log.tap(side, ours, theirs).expect("a tap"))
    }

    fn connector(&self) -> Line {
        let line = self.line(Side::Connector { name: "alpha".to_owned() });
        line.sent(
            1,
            &Pdu::BindTransceiver(Bind { system_id: b"sambac", password: b"s3cret", ..Bind::default() }),
            None,
        );
        line.received(1, CommandStatus::ROK, &Pdu::BindTransceiverResp(BindResp::default()));
        line
    }

    fn commands(&self, query: &Query) -> Vec<CommandId> {
        self.log.search(query).iter().map(|found| found.record.command()).collect()
    }
}

impl Line {
    fn sent(&self, sequence: u32, pdu: &Pdu<'_>, token: Option<u64>) {
        self.hear(Direction::Sent, sequence, CommandStatus::ROK, pdu, token);
    }

    fn received(&self, sequence: u32, status: CommandStatus, pdu: &Pdu<'_>) {
        self.hear(Direction::Received, sequence, status, pdu, None);
    }

    fn hear(&self, direction: Direction, sequence: u32, status: CommandStatus, pdu: &Pdu<'_>, token: Option<u64>) {
        let mut octets = BytesMut::new();
        encode(pdu, sequence, status, &mut octets).unwrap();
        self.0.hear(Tapped { direction, octets: &octets, token });
    }

    fn submit(&self, sequence: u32, segment: SegmentId) {
        let sm = Sm { short_message: b"code 1234", ..Sm::default() };
        self.sent(sequence, &Pdu::SubmitSm(sm), Some(segment.raw().unsigned_abs()));
    }
}

/// Everything about one message is found by its id, also a receipt that names it in another form than the answer did.
#[test]
fn a_message_is_followed_by_its_id() {
    let bench = Bench::new(PduLogLimits::default());
    let line = bench.connector();
    line.submit(2, SegmentId::new(MESSAGE, 1));
    line.submit(3, SegmentId::new(MessageId::from_raw(0x7700), 1));
    bench.clock.advance_micros(1_500);
    line.received(2, CommandStatus::ROK, &Pdu::SubmitSmResp(SmResp::new(b"0a1B")));
    line.received(3, CommandStatus::ROK, &Pdu::SubmitSmResp(SmResp::new(b"9")));
    let receipt = Sm { esm_class: 4, short_message: b"id:2587 stat:DELIVRD text:", ..Sm::default() };
    line.received(4, CommandStatus::ROK, &Pdu::DeliverSm(receipt));
    line.sent(4, &Pdu::DeliverSmResp(SmResp::default()), None);
    let by_message = Query { message: Some(MESSAGE), ..Query::default() };
    let wanted = [CommandId::SUBMIT_SM, CommandId::SUBMIT_SM_RESP, CommandId::DELIVER_SM, CommandId::DELIVER_SM_RESP];
    assert_eq!(bench.commands(&by_message), wanted);
    let found = bench.log.search(&by_message);
    assert_eq!((found[0].record.message_id(), found[0].pair), (Some(MESSAGE), Some(found[1].record.number)));
    assert_eq!((found[1].latency_us, found[0].latency_us), (Some(1_500), None));
    let by_their_id = Query { smsc_message_id: Some("A1B".to_owned()), ..Query::default() };
    assert_eq!(bench.commands(&by_their_id).len(), 4);
}

#[test]
fn records_are_found_by_session_command_status_and_sequence() {
    let bench = Bench::new(PduLogLimits::default());
    let (line, client) = (bench.connector(), bench.line(Side::Client));
    client.received(1, CommandStatus::ROK, &Pdu::BindReceiver(Bind { system_id: b"bank", ..Bind::default() }));
    line.submit(2, SegmentId::new(MESSAGE, 1));
    line.received(2, CommandStatus::RTHROTTLED, &Pdu::SubmitSmResp(SmResp::default()));
    let by = |query: Query| bench.commands(&query).len();
    assert_eq!(by(Query { connector: Some("alpha".to_owned()), ..Query::default() }), 4);
    assert_eq!(by(Query { connector: Some("beta".to_owned()), ..Query::default() }), 0);
    assert_eq!(by(Query { system_id: Some("bank".to_owned()), ..Query::default() }), 1);
    assert_eq!(by(Query { system_id: Some("sambac".to_owned()), ..Query::default() }), 0);
    assert_eq!(by(Query { command: Some(CommandId::SUBMIT_SM), ..Query::default() }), 1);
    assert_eq!(by(Query { status: Some(CommandStatus::RTHROTTLED), ..Query::default() }), 1);
    assert_eq!(by(Query { sequence: Some(2), ..Query::default() }), 2);
    assert_eq!(by(Query { limit: 2, ..Query::default() }), 2);
    assert_eq!(by(Query { after: Some(4), ..Query::default() }), 1);
}

#[test]
fn a_ring_keeps_the_last_pdus_and_octets_only() {
    let limits = PduLogLimits { session_pdus_max: 3, session_octets_max: 100, ..PduLogLimits::default() };
    let bench = Bench::new(limits);
    let line = bench.connector();
    for sequence in 10..20 {
        line.sent(sequence, &Pdu::EnquireLink, None);
    }
    let sequences = |bench: &Bench| -> Vec<_> {
        bench.log.search(&Query::default()).iter().map(|found| found.record.header().sequence_number).collect()
    };
    assert_eq!(sequences(&bench), [17, 18, 19]);
    line.sent(20, &Pdu::SubmitSm(Sm { short_message: &[0; 60], ..Sm::default() }), None);
    assert_eq!(sequences(&bench), [20], "of 100 octets, 93 are taken");
    line.sent(21, &Pdu::SubmitSm(Sm { short_message: &[0; 90], ..Sm::default() }), None);
    line.sent(22, &Pdu::EnquireLink, None);
    assert_eq!(sequences(&bench), [22], "what is larger than the ring is not kept");
}

#[test]
fn sessions_stay_for_a_while_and_refused_ones_do_not_push_them_out() {
    let bench = Bench::new(PduLogLimits::default());
    drop(bench.connector());
    for _ in 0..200 {
        let stranger = bench.line(Side::Client);
        stranger.received(1, CommandStatus::ROK, &Pdu::BindReceiver(Bind::default()));
    }
    let sessions = bench.log.rings();
    assert_eq!((sessions.open.len(), sessions.ended.len(), sessions.refused.len()), (0, 1, REFUSED_MAX));
}

#[test]
fn texts_are_shown_only_when_allowed_and_masked_again_afterwards() {
    let bench = Bench::new(PduLogLimits { reveal_max: Duration::from_secs(60), ..PduLogLimits::default() });
    let shown = |bench: &Bench, words: &[u8]| {
        let records = bench.log.search(&Query::default());
        records.iter().any(|found| found.record.octets.windows(words.len()).any(|part| part == words))
    };
    let line = bench.connector();
    line.submit(2, SegmentId::new(MESSAGE, 1));
    assert!(!shown(&bench, b"code 1234"));
    assert_eq!(bench.log.reveal(Duration::from_secs(61)), Err(RevealError::TooLong(60)));
    bench.log.reveal(Duration::from_secs(60)).unwrap();
    line.submit(3, SegmentId::new(MESSAGE, 1));
    // What is no command may be a bind that came out of step.
    line.sent(4, &Pdu::Unknown { command_id: CommandId(0x0001_0203), body: b"a s3cret" }, None);
    let second = bench.connector();
    assert!(shown(&bench, b"code 1234") && !shown(&bench, b"s3cret"));
    bench.clock.advance_micros(60_000_000);
    assert!(!shown(&bench, b"code 1234") && bench.log.revealed_until().is_none());
    drop(second);
    let never = Bench::new(PduLogLimits::default());
    assert_eq!(never.log.reveal(Duration::from_secs(1)), Err(RevealError::Never));
}

#[tokio::test]
async fn a_follower_that_is_slow_is_told_how_much_it_lost() {
    let bench = Bench::new(PduLogLimits::default());
    let mut follow = bench.log.follow(Query { message: Some(MESSAGE), ..Query::default() });
    let line = bench.connector();
    line.submit(2, SegmentId::new(MESSAGE, 1));
    line.received(2, CommandStatus::ROK, &Pdu::SubmitSmResp(SmResp::new(b"1")));
    for wanted in [CommandId::SUBMIT_SM, CommandId::SUBMIT_SM_RESP] {
        let Some(Followed::Record(found)) = follow.next().await else { panic!("a record") };
        assert_eq!(found.record.command(), wanted);
        assert_eq!(found.latency_us.is_some(), wanted.is_response());
    }
    for sequence in 0..TAIL_CAPACITY as u32 + 10 {
        line.sent(sequence, &Pdu::EnquireLink, None);
    }
    let Some(Followed::Lost(lost)) = follow.next().await else { panic!("it lost some") };
    assert_eq!(lost, 10);
}

#[test]
fn without_a_log_sessions_have_no_tap() {
    let bench = Bench::new(PduLogLimits { session_pdus_max: 0, ..PduLogLimits::default() });
    let address = "127.0.0.1:1".parse().unwrap();
    assert!(bench.log.tap(Side::Client, address, address).is_none());
    assert_eq!(SessionConfig::default().tap, None);
}

/// Records of both kinds of address, in a file whose lengths, addresses and checksums are right.
#[test]
fn a_capture_is_well_formed() {
    let bench = Bench::new(PduLogLimits::default());
    let line = bench.connector();
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'a'; 30_000]);
    line.sent(2, &Pdu::SubmitSm(Sm { tlvs: tlvs.as_tlvs(), ..Sm::default() }), None);
    let records: Vec<_> = bench.log.search(&Query::default()).into_iter().map(|found| found.record).collect();
    let file = capture::write(&records);
    assert_eq!(&file[..4], &[0xD4, 0xC3, 0xB2, 0xA1]);
    let (mut rest, mut packets) = (&file[24..], Vec::new());
    while let Some((head, after)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        packets.push(&after[..length]);
        rest = &after[length..];
    }
    assert_eq!(packets.len(), records.len());
    let sum = |octets: &[u8]| {
        let sum: u32 =
            octets.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
        let folded = (sum & 0xFFFF) + (sum >> 16);
        (folded & 0xFFFF) + (folded >> 16)
    };
    for (packet, record) in packets.iter().zip(&records) {
        assert_eq!(packet.len(), 14 + 20 + 20 + record.octets.len());
        assert_eq!(sum(&packet[14..34]), 0xFFFF, "the checksum of IP");
        let length = (packet.len() - 34) as u16;
        let pseudo = [&packet[26..34], &[0, 6], &length.to_be_bytes(), &packet[34..]].concat();
        assert_eq!(sum(&pseudo), 0xFFFF, "the checksum of TCP");
    }
}
