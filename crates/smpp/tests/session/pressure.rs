//! Back-pressure: what is not taken is not read, nothing grows without bound, and nothing is lost.

use crate::peer::*;
use bytes::BytesMut;
use sambac_smpp::*;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn events_that_are_not_taken_stop_the_reading_and_are_all_kept() {
    let config = SessionConfig {
        events_capacity: 4,
        enquire_link_interval: 5 * SECOND,
        enquire_link_timeout: 5 * SECOND,
        ..quiet()
    };
    let (session, mut events, mut peer) = esme(config).await;
    let mut stream = BytesMut::new();
    for sequence in 1..=5000 {
        encode(&deliver_sm(), sequence, CommandStatus::ROK, &mut stream).unwrap();
    }
    let blocked = timeout(SECOND, peer.io.write_all(&stream)).await;
    assert!(blocked.is_err(), "the peer must feel the pressure");
    sleep(600 * SECOND).await;
    assert!(!session.is_closed(), "our own slowness is not the peer's silence");

    let (mut batch, mut taken) = (Vec::new(), 0);
    while let Ok(count @ 1..) = timeout(SECOND / 10, events.recv_many(&mut batch, 64)).await {
        taken += count;
    }
    assert!(taken >= PIPE_OCTETS / stream.len() * 5000);
    for (sequence, event) in (1..).zip(&batch) {
        assert!(matches!(event, Event::Request { header, .. } if header.sequence_number == sequence));
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_at_the_end_come_before_closed() {
    let config = SessionConfig { events_capacity: 2, ..quiet() };
    let (session, mut events, mut peer) = esme(config).await;
    let mut sequences = Vec::new();
    for token in 0..8 {
        sequences.push(session.send(&submit_sm(), token).await.unwrap());
    }
    let answers: Vec<_> = sequences[..6].iter().map(|sequence| octets(&submit_sm_resp(), *sequence)).collect();
    peer.raw(&answers.concat()).await;
    sleep(SECOND).await;
    session.close();
    for token in 0..6 {
        assert_eq!(next_response(&mut events).await.0, token);
    }
    assert_eq!(next_closed(&mut events).await, (CloseReason::Local, vec![6, 7]));
}

#[tokio::test(start_paused = true)]
async fn time_outs_wait_for_room_and_lose_no_token() {
    let config = SessionConfig { events_capacity: 1, ..quiet() };
    let (session, mut events, _peer) = esme(config).await;
    for token in 0..5 {
        session.send(&submit_sm(), token).await.unwrap();
    }
    sleep(60 * SECOND).await;
    assert_eq!(session.in_flight(), 4, "one time-out fits, the others stay open");
    for token in 0..3 {
        assert!(matches!(events.recv().await, Some(Event::Timeout { token: found }) if found == token));
    }
    session.close();
    let mut rest = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Timeout { token } => rest.push(token),
            Event::Closed { unanswered, .. } => rest.extend(unanswered),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rest, [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_stops_senders_and_is_closed() {
    let config = SessionConfig {
        window: 1000,
        write_buffer_bytes_max: 4096,
        write_timeout: 20 * SECOND,
        response_timeout: 3600 * SECOND,
        ..quiet()
    };
    let (session, mut events, _peer) = esme(config).await;
    let text = [b'x'; 250];
    let pdu = Pdu::SubmitSm(Sm { short_message: &text, ..Sm::default() });
    let mut sent = Vec::new();
    for token in 0..1000 {
        match timeout(SECOND, session.send(&pdu, token)).await {
            Ok(result) => result.map(|_| sent.push(token)).unwrap(),
            Err(_) => break,
        }
    }
    let in_buffers = sent.len() * 283;
    assert!((PIPE_OCTETS..PIPE_OCTETS + 3 * 4096).contains(&in_buffers), "{in_buffers}");
    assert_eq!(session.try_send(&pdu, 1), Err(TrySendError::WindowFull));
    assert!(timeout(SECOND, session.ready()).await.is_err());
    assert_eq!(next_closed(&mut events).await, (CloseReason::WriteStalled, sent));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_without_reading_the_answers_fills_no_memory() {
    let config = SessionConfig { write_buffer_bytes_max: 4096, write_timeout: 3600 * SECOND, ..quiet() };
    let (session, _events, mut peer) = esme(config).await;
    let probes = octets(&Pdu::EnquireLink, 1).repeat(64);
    let mut written = 0;
    while timeout(SECOND, peer.io.write_all(&probes)).await.is_ok() {
        written += probes.len();
        assert!(written < 10 * PIPE_OCTETS, "the session reads without end");
    }
    assert!(!session.is_closed());
    // When the peer reads again, the session goes on.
    for _ in 0..written / 16 {
        peer.expect(CommandId::ENQUIRE_LINK_RESP).await;
    }
    session.ready().await;
}

#[tokio::test(start_paused = true)]
async fn a_responder_that_awaits_ready_keeps_to_the_bound() {
    let config = SessionConfig { write_buffer_bytes_max: 1024, write_timeout: 3600 * SECOND, ..quiet() };
    let (session, _events, mut peer) = esme(config).await;
    let resp = Pdu::DeliverSmResp(SmResp::default());
    let mut answered = 0;
    let answering = async {
        loop {
            session.ready().await;
            session.respond(answered, CommandStatus::ROK, &resp).unwrap();
            answered += 1;
        }
    };
    assert!(timeout(SECOND, answering).await.is_err(), "it must come to a stop");
    assert!((answered as usize) * 17 <= PIPE_OCTETS + 2 * 1024 + 2 * 17);
    for sequence in 0..answered {
        assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await.0, sequence);
    }
}
