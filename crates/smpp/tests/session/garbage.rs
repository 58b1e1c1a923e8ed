//! What a peer may send besides sense: each costs one answer, and only a senseless length costs the session.

use crate::peer::*;
use bytes::BufMut;
use sambac_smpp::*;

fn raw(id: CommandId, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u32(16 + body.len() as u32);
    out.put_u32(id.0);
    out.put_u32(0);
    out.put_u32(sequence);
    out.put_slice(body);
    out
}

/// The session lives: a probe is answered.
async fn assert_lives(peer: &mut Peer) {
    peer.ask(&Pdu::EnquireLink, 999).await;
    assert_eq!(peer.expect(CommandId::ENQUIRE_LINK_RESP).await.0, 999);
}

#[tokio::test(start_paused = true)]
async fn bad_requests_are_answered_honestly_and_the_session_lives() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let broken_tlv = [&octets(&deliver_sm(), 0)[16..], b"\x04\x24\x00\x09abc"].concat();
    let cases: [(_, &[u8], _, _); 7] = [
        (CommandId(0x0001_0000), b"?", CommandId::GENERIC_NACK, CommandStatus::RINVCMDID),
        (CommandId::DELIVER_SM, b"", CommandId::DELIVER_SM_RESP, CommandStatus::RINVSERTYP),
        (CommandId::DELIVER_SM, b"\0\x01\x01447", CommandId::DELIVER_SM_RESP, CommandStatus::RINVSRCADR),
        (CommandId::DELIVER_SM, &broken_tlv, CommandId::DELIVER_SM_RESP, CommandStatus::RINVTLVSTREAM),
        (CommandId::DATA_SM, b"\0", CommandId::DATA_SM_RESP, CommandStatus::RINVCMDLEN),
        (CommandId::CANCEL_SM, b"\0", CommandId::CANCEL_SM_RESP, CommandStatus::RINVMSGID),
        (CommandId::BIND_RECEIVER, b"", CommandId::BIND_RECEIVER_RESP, CommandStatus::RALYBND),
    ];
    for (sequence, (id, body, answer, status)) in (1..).zip(cases) {
        peer.raw(&raw(id, sequence, body)).await;
        assert_eq!(peer.expect(answer).await, (sequence, status), "{id}");
        assert_lives(&mut peer).await;
    }
    assert!(events.try_recv().is_none(), "the owner is not troubled");
    assert_eq!((session.counters().undecodable_requests, session.counters().unknown_requests), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn requests_without_an_answer_get_none_even_when_bad() {
    let (_session, _events, mut peer) = esme(quiet()).await;
    peer.raw(&raw(CommandId::ALERT_NOTIFICATION, 1, b"")).await;
    peer.raw(&raw(CommandId::OUTBIND, 2, b"")).await;
    assert_lives(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn extra_octets_and_stray_responses_do_no_harm() {
    let (_session, _events, mut peer) = esme(quiet()).await;
    peer.raw(&raw(CommandId::ENQUIRE_LINK, 1, b"extra")).await;
    assert_eq!(peer.expect(CommandId::ENQUIRE_LINK_RESP).await.0, 1);
    for id in [CommandId::UNBIND_RESP, CommandId::ENQUIRE_LINK_RESP, CommandId(0x8001_0000), CommandId::GENERIC_NACK] {
        peer.raw(&raw(id, 5000, b"extra")).await;
    }
    assert_lives(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_senseless_length_is_answered_and_closes() {
    for length in [0, 15, 64 * 1024 + 1, u32::MAX] {
        let (session, mut events, mut peer) = esme(quiet()).await;
        session.send(&submit_sm(), 1).await.unwrap();
        peer.expect(CommandId::SUBMIT_SM).await;
        let mut bad = raw(CommandId::DELIVER_SM, 42, b"");
        bad[0..4].copy_from_slice(&length.to_be_bytes());
        peer.raw(&[octets(&deliver_sm(), 41).to_vec(), bad].concat()).await;
        assert_eq!(peer.expect(CommandId::GENERIC_NACK).await, (42, CommandStatus::RINVCMDLEN));
        assert!(peer.next().await.is_none());
        assert!(matches!(events.recv().await, Some(Event::Request { header, .. }) if header.sequence_number == 41));
        let reason = CloseReason::BadLength { command_length: length };
        assert_eq!(next_closed(&mut events).await, (reason, vec![1]));
    }
}

#[tokio::test(start_paused = true)]
async fn broken_tlvs_are_kept_when_asked() {
    let config = SessionConfig { broken_tlvs: BrokenTlvs::Keep, ..quiet() };
    let (_session, mut events, mut peer) = esme(config).await;
    let body = [&octets(&deliver_sm(), 0)[16..], b"\x04\x24\x00\x09abc"].concat();
    peer.raw(&raw(CommandId::DELIVER_SM, 1, &body)).await;
    let Some(Event::Request { frame, .. }) = events.recv().await else { panic!() };
    let Ok(Pdu::DeliverSm(sm)) = frame.pdu_with_broken_tlvs() else { panic!() };
    assert_eq!((sm.short_message, sm.tlvs.get(Tag::MESSAGE_PAYLOAD)), (&b"hello"[..], Some(&b"abc"[..])));
}

#[tokio::test(start_paused = true)]
async fn respond_error_answers_in_the_shape_of_the_request() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let alert = Pdu::AlertNotification(AlertNotification::default());
    let data = Pdu::DataSm(DataSm::default());
    for (sequence, pdu) in (1..).zip([deliver_sm(), data, alert]) {
        peer.ask(&pdu, sequence).await;
        let Some(Event::Request { header, .. }) = events.recv().await else { panic!() };
        session.respond_error(header, CommandStatus::RX_T_APPN);
    }
    assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await, (1, CommandStatus::RX_T_APPN));
    assert_eq!(peer.expect(CommandId::DATA_SM_RESP).await, (2, CommandStatus::RX_T_APPN));
    assert_lives(&mut peer).await;
}

#[tokio::test(start_paused = true)]
async fn a_response_of_a_wrong_kind_costs_only_its_request() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let first = session.send(&submit_sm(), 1).await.unwrap();
    let second = session.send(&submit_sm(), 2).await.unwrap();
    peer.ask(&Pdu::CancelSmResp, first).await;
    peer.ask(&submit_sm_resp(), second).await;
    let Some(Event::Response { token: 1, frame, .. }) = events.recv().await else { panic!() };
    assert_eq!(frame.pdu(), Ok(Pdu::CancelSmResp));
    assert_eq!(next_response(&mut events).await.0, 2);
}
