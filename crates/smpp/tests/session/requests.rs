//! Requests of ours: window, order, time-outs, sequence numbers, and answers of every kind.

use crate::peer::*;
use sambac_smpp::*;
use std::time::Duration;
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn responses_out_of_order_find_their_tokens() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let mut sequences = Vec::new();
    for token in 0..5 {
        sequences.push(session.send(&submit_sm(), token).await.unwrap());
    }
    for sequence in &sequences {
        assert_eq!(peer.expect(CommandId::SUBMIT_SM).await.0, *sequence);
    }
    for token in [3, 0, 4, 1, 2] {
        peer.ask(&submit_sm_resp(), sequences[token]).await;
        assert_eq!(next_response(&mut events).await, (token as u64, CommandStatus::ROK));
    }
    assert_eq!(session.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_carries_its_body_and_the_time_it_took() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let sequence = session.send(&submit_sm(), 7).await.unwrap();
    tokio::time::sleep(Duration::from_millis(250)).await;
    peer.ask(&submit_sm_resp(), sequence).await;
    let Some(Event::Response { token: 7, frame, elapsed, .. }) = events.recv().await else { panic!() };
    assert_eq!(frame.pdu(), Ok(submit_sm_resp()));
    assert_eq!(elapsed, Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn a_window_of_one_sends_one_at_a_time() {
    let (session, mut events, mut peer) = esme(SessionConfig { window: 1, ..quiet() }).await;
    let first = session.send(&submit_sm(), 1).await.unwrap();
    assert_eq!(session.try_send(&submit_sm(), 2), Err(TrySendError::WindowFull));
    let second = tokio::spawn({
        let session = session.clone();
        async move { session.send(&submit_sm(), 2).await.unwrap() }
    });
    peer.expect(CommandId::SUBMIT_SM).await;
    let more = timeout(Duration::from_secs(1), peer.next()).await;
    assert!(more.is_err(), "the second must wait for the first's answer");
    peer.ask(&submit_sm_resp(), first).await;
    assert_eq!(peer.expect(CommandId::SUBMIT_SM).await.0, second.await.unwrap());
    assert_eq!(next_response(&mut events).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_window_of_1000_holds_1000() {
    let (session, mut events, mut peer) = esme(SessionConfig { window: 5000, ..quiet() }).await;
    for token in 0..1000 {
        session.try_send(&submit_sm(), token).unwrap();
    }
    assert_eq!(session.try_send(&submit_sm(), 1000), Err(TrySendError::WindowFull));
    assert_eq!((session.in_flight(), session.window_free()), (1000, 0));
    let mut answered = Vec::new();
    for _ in 0..1000 {
        let (sequence, _) = peer.expect(CommandId::SUBMIT_SM).await;
        peer.ask(&submit_sm_resp(), sequence).await;
        answered.push(next_response(&mut events).await.0);
    }
    assert_eq!(answered, (0..1000).collect::<Vec<_>>());
    assert_eq!((session.in_flight(), session.window_free()), (0, 1000));
}

#[tokio::test(start_paused = true)]
async fn sequence_numbers_wrap_and_step_over_open_ones() {
    let first_sequence = SEQUENCE_MAX - 2;
    let (session, mut events, mut peer) = esme(SessionConfig { first_sequence, ..quiet() }).await;
    let mut sequences = Vec::new();
    for token in 0..3 {
        sequences.push(session.send(&submit_sm(), token).await.unwrap());
    }
    assert_eq!(sequences, [SEQUENCE_MAX - 1, SEQUENCE_MAX, 1]);
    for sequence in sequences {
        peer.expect(CommandId::SUBMIT_SM).await;
        peer.ask(&submit_sm_resp(), sequence).await;
        next_response(&mut events).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_request_times_out_and_frees_its_slot() {
    let (session, mut events, mut peer) = esme(SessionConfig { window: 1, ..quiet() }).await;
    let start = Instant::now();
    let sequence = session.send(&submit_sm(), 9).await.unwrap();
    assert!(matches!(events.recv().await, Some(Event::Timeout { token: 9 })));
    let waited = start.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(12)).contains(&waited), "{waited:?}");
    session.try_send(&submit_sm(), 10).unwrap();

    peer.ask(&submit_sm_resp(), sequence).await;
    peer.ask(&submit_sm_resp(), sequence + 1).await;
    assert_eq!(next_response(&mut events).await.0, 10, "the late answer makes no event");
    assert_eq!(session.counters().late_responses, 1);
}

#[tokio::test(start_paused = true)]
async fn time_outs_come_in_the_order_of_sending_and_spare_the_answered() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let mut sequences = Vec::new();
    for token in 0..4 {
        sequences.push(session.send(&submit_sm(), token).await.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    peer.ask(&submit_sm_resp(), sequences[1]).await;
    assert_eq!(next_response(&mut events).await.0, 1);
    for expected in [0, 2, 3] {
        assert!(matches!(events.recv().await, Some(Event::Timeout { token }) if token == expected));
    }
}

#[tokio::test(start_paused = true)]
async fn responses_of_unknown_sequence_are_counted_and_ignored() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    peer.ask(&submit_sm_resp(), 12_345).await;
    peer.ask(&submit_sm_resp(), 0).await;
    peer.ask(&submit_sm_resp(), 0xFFFF_FFFF).await;
    let sequence = session.send(&submit_sm(), 1).await.unwrap();
    peer.ask(&submit_sm_resp(), sequence).await;
    assert_eq!(next_response(&mut events).await.0, 1);
    assert_eq!(session.counters().unmatched_responses, 3);
}

#[tokio::test(start_paused = true)]
async fn generic_nack_answers_by_sequence() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    session.send(&submit_sm(), 1).await.unwrap();
    let second = session.send(&submit_sm(), 2).await.unwrap();
    peer.answer(&Pdu::GenericNack, second, CommandStatus::RSYSERR).await;
    assert_eq!(next_response(&mut events).await, (2, CommandStatus::RSYSERR));
    assert_eq!(session.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn generic_nack_of_sequence_zero_is_for_the_only_open_request() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    session.send(&submit_sm(), 1).await.unwrap();
    session.send(&submit_sm(), 2).await.unwrap();
    peer.answer(&Pdu::GenericNack, 0, CommandStatus::RSYSERR).await;
    let first = peer.expect(CommandId::SUBMIT_SM).await.0;
    peer.ask(&submit_sm_resp(), first).await;
    assert_eq!(next_response(&mut events).await.0, 1, "with two open, it is for neither");
    peer.answer(&Pdu::GenericNack, 0, CommandStatus::RSYSERR).await;
    assert_eq!(next_response(&mut events).await, (2, CommandStatus::RSYSERR));
}

#[tokio::test(start_paused = true)]
async fn unreadable_and_bodiless_responses_still_answer() {
    let (session, mut events, mut peer) = esme(quiet()).await;
    let query = Pdu::QuerySm(QuerySm { message_id: b"id-1", ..QuerySm::default() });
    let sequence = session.send(&query, 1).await.unwrap();
    let mut half = octets(&Pdu::QuerySmResp(QuerySmResp::default()), sequence).to_vec();
    half.truncate(17);
    half[3] = 17;
    peer.raw(&half).await;
    let Some(Event::Response { token: 1, frame, .. }) = events.recv().await else { panic!() };
    assert!(frame.pdu().is_err());

    let sequence = session.send(&submit_sm(), 2).await.unwrap();
    peer.answer(&Pdu::SubmitSmResp(SmResp::default()), sequence, CommandStatus::RTHROTTLED).await;
    assert_eq!(next_response(&mut events).await, (2, CommandStatus::RTHROTTLED));
}

#[tokio::test(start_paused = true)]
async fn a_pdu_beyond_limits_is_not_sent_and_holds_no_slot() {
    let (session, mut events, mut peer) = esme(SessionConfig { window: 1, ..quiet() }).await;
    let long = [b'A'; 40];
    let bad = Pdu::SubmitSm(Sm { source: Address::new(5, 0, &long), ..Sm::default() });
    assert!(matches!(session.send(&bad, 1).await, Err(SendError::Encode(_))));
    assert!(matches!(session.try_send(&bad, 1), Err(TrySendError::Encode(_))));
    assert_eq!((session.in_flight(), session.window_free()), (0, 1));
    let sequence = session.send(&submit_sm(), 2).await.unwrap();
    assert_eq!(peer.expect(CommandId::SUBMIT_SM).await.0, sequence);
    peer.ask(&submit_sm_resp(), sequence).await;
    assert_eq!(next_response(&mut events).await.0, 2);
}

#[tokio::test(start_paused = true)]
async fn many_senders_share_a_window_and_lose_nothing() {
    let (session, mut events, mut peer) = esme(SessionConfig { window: 7, ..quiet() }).await;
    for sender in 0..20u64 {
        let session = session.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                session.send(&submit_sm(), sender * 50 + n).await.unwrap();
            }
        });
    }
    let smsc = tokio::spawn(async move {
        for _ in 0..1000 {
            let (sequence, _) = peer.expect(CommandId::SUBMIT_SM).await;
            peer.ask(&submit_sm_resp(), sequence).await;
        }
        peer
    });
    let mut tokens = Vec::new();
    for _ in 0..1000 {
        tokens.push(next_response(&mut events).await.0);
        assert!(session.in_flight() <= 7);
    }
    tokens.sort_unstable();
    assert_eq!(tokens, (0..1000).collect::<Vec<_>>());
    drop(smsc.await.unwrap());
    assert_eq!(next_closed(&mut events).await, (CloseReason::PeerClosed, vec![]));
}
