//! How sessions stay alive and how they end: probes, silence, unbind from both sides, closing.

use crate::peer::*;
use sambac_smpp::*;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

fn probing() -> SessionConfig {
    SessionConfig { enquire_link_interval: 30 * SECOND, enquire_link_timeout: 10 * SECOND, ..quiet() }
}

#[tokio::test(start_paused = true)]
async fn enquire_link_of_the_peer_is_answered() {
    let (_session, _events, mut peer) = esme(quiet()).await;
    peer.ask(&Pdu::EnquireLink, 4711).await;
    assert_eq!(peer.expect(CommandId::ENQUIRE_LINK_RESP).await, (4711, CommandStatus::ROK));
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_probed_and_then_given_up() {
    let (session, mut events, mut peer) = esme(probing()).await;
    let start = Instant::now();
    session.send(&submit_sm(), 1).await.unwrap();
    peer.expect(CommandId::SUBMIT_SM).await;
    peer.expect(CommandId::ENQUIRE_LINK).await;
    let probed = start.elapsed();
    assert!((30 * SECOND..32 * SECOND).contains(&probed), "{probed:?}");
    assert!(matches!(events.recv().await, Some(Event::Timeout { token: 1 })));
    assert_eq!(next_closed(&mut events).await, (CloseReason::Silent, vec![]));
    let closed = start.elapsed();
    assert!((40 * SECOND..43 * SECOND).contains(&closed), "{closed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answered_probe_keeps_the_session() {
    let (session, _events, mut peer) = esme(probing()).await;
    for _ in 0..5 {
        let (sequence, _) = peer.expect(CommandId::ENQUIRE_LINK).await;
        peer.ask(&Pdu::EnquireLinkResp, sequence).await;
    }
    assert!(!session.is_closed());
}

#[tokio::test(start_paused = true)]
async fn any_pdu_is_a_sign_of_life() {
    let (session, mut events, mut peer) = esme(probing()).await;
    for sequence in 1..=6 {
        sleep(25 * SECOND).await;
        peer.ask(&deliver_sm(), sequence).await;
        assert!(matches!(events.recv().await, Some(Event::Request { .. })));
    }
    let probed = timeout(Duration::from_millis(1), peer.next()).await;
    assert!(probed.is_err(), "there was no silence to probe");
    // A probe that is never answered does no harm either while other PDUs come.
    peer.expect(CommandId::ENQUIRE_LINK).await;
    sleep(5 * SECOND).await;
    peer.ask(&deliver_sm(), 7).await;
    sleep(20 * SECOND).await;
    assert!(!session.is_closed());
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_there_is_no_probe_and_no_end() {
    let (session, _events, mut peer) = esme(quiet()).await;
    assert!(timeout(3600 * SECOND, peer.next()).await.is_err());
    assert!(!session.is_closed());
}

#[tokio::test(start_paused = true)]
async fn inactivity_ends_a_session_that_only_probes() {
    let config = SessionConfig { inactivity_timeout: 100 * SECOND, ..quiet() };
    let (_session, mut events, mut peer) = esme(config).await;
    let start = Instant::now();
    sleep(60 * SECOND).await;
    peer.ask(&deliver_sm(), 1).await;
    let probes = tokio::spawn(async move {
        for sequence in 2..20 {
            sleep(10 * SECOND).await;
            peer.ask(&Pdu::EnquireLink, sequence).await;
            if peer.expect_any(CommandId::UNBIND).await {
                return true;
            }
        }
        false
    });
    assert_eq!(next_closed(&mut events).await, (CloseReason::Inactive, vec![]));
    let closed = start.elapsed();
    assert!((160 * SECOND..162 * SECOND).contains(&closed), "{closed:?}");
    assert!(probes.await.unwrap(), "the peer is told by unbind");
}

#[tokio::test(start_paused = true)]
async fn a_pdu_that_never_ends_closes_the_session() {
    let (_session, mut events, mut peer) = esme(SessionConfig { pdu_timeout: 30 * SECOND, ..quiet() }).await;
    let start = Instant::now();
    let whole = octets(&deliver_sm(), 1);
    // One octet at a time does not keep it alive.
    for octet in whole.iter().take(14) {
        peer.raw(&[*octet]).await;
        sleep(2 * SECOND).await;
    }
    assert_eq!(next_closed(&mut events).await, (CloseReason::SlowPdu, vec![]));
    assert!(start.elapsed() >= 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_pdu_in_pieces_is_read_when_it_is_whole() {
    let (_session, mut events, mut peer) = esme(quiet()).await;
    for sequence in 1..=3 {
        for octet in octets(&deliver_sm(), sequence) {
            peer.raw(&[octet]).await;
            sleep(Duration::from_millis(100)).await;
        }
        let Some(Event::Request { header, frame }) = events.recv().await else { panic!() };
        assert_eq!((header.sequence_number, frame.pdu()), (sequence, Ok(deliver_sm())));
    }
}

#[tokio::test(start_paused = true)]
async fn unbind_waits_for_open_responses_and_for_its_own_answer() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let sequence = session.send(&submit_sm(), 1).await.unwrap();
    peer.expect(CommandId::SUBMIT_SM).await;
    let unbound = tokio::spawn({
        let session = session.clone();
        async move { session.unbind(5 * SECOND).await }
    });
    assert!(timeout(SECOND, peer.next()).await.is_err(), "unbind waits for the open response");
    assert_eq!(session.send(&submit_sm(), 2).await, Err(SendError::Closed));
    assert_eq!(session.try_send(&submit_sm(), 2), Err(TrySendError::Closed));
    peer.ask(&submit_sm_resp(), sequence).await;
    let (sequence, _) = peer.expect(CommandId::UNBIND).await;
    peer.ask(&Pdu::UnbindResp, sequence).await;
    assert_eq!(next_response(&mut events).await.0, 1);
    assert_eq!(next_closed(&mut events).await, (CloseReason::Unbound, vec![]));
    unbound.await.unwrap();
    assert!(peer.next().await.is_none(), "the connection is closed");
}

/// What the peer had asked before it was told to unbind is answered, also when it has answered the unbind.
#[tokio::test(start_paused = true)]
async fn unbind_waits_for_our_own_answers() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    peer.ask(&deliver_sm(), 50).await;
    let Some(Event::Request { .. }) = events.recv().await else { panic!("a request") };
    let unbound = tokio::spawn({
        let session = session.clone();
        async move { session.unbind(5 * SECOND).await }
    });
    let (sequence, _) = peer.expect(CommandId::UNBIND).await;
    peer.ask(&Pdu::UnbindResp, sequence).await;
    sleep(SECOND).await;
    session.respond(50, CommandStatus::ROK, &Pdu::DeliverSmResp(SmResp::default())).unwrap();
    assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await, (50, CommandStatus::ROK));
    assert_eq!(next_closed(&mut events).await, (CloseReason::Unbound, vec![]));
    unbound.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unbind_ends_in_time_whatever_the_peer_does() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    session.send(&submit_sm(), 1).await.unwrap();
    let start = Instant::now();
    session.unbind(3 * SECOND).await;
    assert!((6 * SECOND..7 * SECOND).contains(&start.elapsed()));
    assert_eq!(next_closed(&mut events).await, (CloseReason::Unbound, vec![1]));
    peer.expect(CommandId::SUBMIT_SM).await;
    peer.expect(CommandId::UNBIND).await;
    session.unbind(3 * SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_still_answered_while_unbinding() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    session.send(&submit_sm(), 1).await.unwrap();
    tokio::spawn({
        let session = session.clone();
        async move { session.unbind(5 * SECOND).await }
    });
    peer.expect(CommandId::SUBMIT_SM).await;
    peer.ask(&deliver_sm(), 50).await;
    let Some(Event::Request { header, .. }) = events.recv().await else { panic!() };
    session.respond(header.sequence_number, CommandStatus::ROK, &Pdu::DeliverSmResp(SmResp::default())).unwrap();
    assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await, (50, CommandStatus::ROK));
}

#[tokio::test(start_paused = true)]
async fn unbind_of_the_peer_is_answered_and_names_the_unanswered() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    for token in [30, 10, 20] {
        session.send(&submit_sm(), token).await.unwrap();
        peer.expect(CommandId::SUBMIT_SM).await;
    }
    peer.ask(&Pdu::Unbind, 900).await;
    assert_eq!(peer.expect(CommandId::UNBIND_RESP).await, (900, CommandStatus::ROK));
    assert!(peer.next().await.is_none());
    assert_eq!(next_closed(&mut events).await, (CloseReason::PeerUnbind, vec![30, 10, 20]));
    assert_eq!(session.send(&submit_sm(), 2).await, Err(SendError::Closed));
    let resp = Pdu::DeliverSmResp(SmResp::default());
    assert_eq!(session.respond(1, CommandStatus::ROK, &resp), Err(SendError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_names_the_unanswered_and_wakes_who_waits() {
    let (session, mut events, peer) = esme(SessionConfig { window: 1, ..quiet() }).await;
    session.send(&submit_sm(), 1).await.unwrap();
    let waiting = tokio::spawn({
        let session = session.clone();
        async move { session.send(&submit_sm(), 2).await }
    });
    tokio::task::yield_now().await;
    drop(peer);
    assert_eq!(next_closed(&mut events).await, (CloseReason::PeerClosed, vec![1]));
    assert_eq!(waiting.await.unwrap(), Err(SendError::Closed));
    session.ready().await;
    session.closed().await;
}

#[tokio::test(start_paused = true)]
async fn close_writes_what_was_queued() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    session.try_send(&submit_sm(), 1).unwrap();
    session.close();
    assert_eq!(next_closed(&mut events).await, (CloseReason::Local, vec![1]));
    peer.expect(CommandId::SUBMIT_SM).await;
    assert!(peer.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_events_closes_the_session() {
    let (session, events, mut peer) = esme(quiet()).await;
    drop(events);
    session.closed().await;
    assert!(peer.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handles_leaves_the_session_open() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    drop(session);
    peer.ask(&deliver_sm(), 1).await;
    assert!(matches!(events.recv().await, Some(Event::Request { .. })));
}

fn granting() -> SessionConfig {
    SessionConfig { unbind_grace: 5 * SECOND, ..quiet() }
}

#[tokio::test(start_paused = true)]
async fn an_unbind_of_the_peer_waits_for_the_answers_to_what_is_open() {
    let (session, mut events, mut peer) = esme(granting()).await;
    session.send(&submit_sm(), 1).await.unwrap();
    let (sequence, _) = peer.expect(CommandId::SUBMIT_SM).await;
    peer.ask(&Pdu::Unbind, 9).await;
    sleep(SECOND).await;
    assert_eq!(session.try_send(&submit_sm(), 2), Err(TrySendError::Closed), "nothing more is sent");
    peer.ask(&Pdu::SubmitSmResp(SmResp::new(b"id")), sequence).await;
    assert_eq!(peer.expect(CommandId::UNBIND_RESP).await, (9, CommandStatus::ROK));
    assert!(matches!(events.recv().await, Some(Event::Response { token: 1, .. })));
    assert_eq!(next_closed(&mut events).await, (CloseReason::PeerUnbind, vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_unbind_of_the_peer_does_not_wait_for_ever() {
    let (session, mut events, mut peer) = esme(granting()).await;
    session.send(&submit_sm(), 1).await.unwrap();
    peer.expect(CommandId::SUBMIT_SM).await;
    let start = Instant::now();
    peer.ask(&Pdu::Unbind, 9).await;
    assert_eq!(peer.expect(CommandId::UNBIND_RESP).await, (9, CommandStatus::ROK));
    assert!((5 * SECOND..7 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(next_closed(&mut events).await, (CloseReason::PeerUnbind, vec![1]));
}

/// What the peer asked before its unbind is answered before the unbind is: the answers would be lost with the session.
#[tokio::test(start_paused = true)]
async fn an_unbind_of_the_peer_waits_for_our_answers() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    for sequence in [1, 2] {
        peer.ask(&deliver_sm(), sequence).await;
    }
    peer.ask(&Pdu::Unbind, 3).await;
    peer.ask(&deliver_sm(), 4).await;
    assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await, (4, CommandStatus::RINVBNDSTS), "after the unbind");
    for sequence in [1, 2] {
        assert!(!session.is_closed());
        let Some(Event::Request { header, .. }) = events.recv().await else { panic!("a request") };
        assert_eq!(header.sequence_number, sequence);
        session.respond(sequence, CommandStatus::ROK, &Pdu::DeliverSmResp(SmResp::default())).unwrap();
        assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await, (sequence, CommandStatus::ROK));
    }
    assert!(session.is_closed(), "before the answer is written");
    assert_eq!(peer.expect(CommandId::UNBIND_RESP).await, (3, CommandStatus::ROK));
    assert_eq!(next_closed(&mut events).await, (CloseReason::PeerUnbind, vec![]));
}

/// An owner that does not answer keeps no peer.
#[tokio::test(start_paused = true)]
async fn an_unbind_of_the_peer_does_not_wait_for_ever_for_our_answers() {
    let (_session, _events, mut peer) = esme(SessionConfig { answer_grace: 2 * SECOND, ..quiet() }).await;
    peer.ask(&deliver_sm(), 1).await;
    let start = Instant::now();
    peer.ask(&Pdu::Unbind, 2).await;
    assert_eq!(peer.expect(CommandId::UNBIND_RESP).await, (2, CommandStatus::ROK));
    assert!((2 * SECOND..4 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
}
