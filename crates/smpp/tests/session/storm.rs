//! Both sides of this crate under load on several threads, ended at an arbitrary moment: whatever the schedule, every
//! token comes back exactly once.

use crate::peer::{quiet, submit_sm, submit_sm_resp};
use sambac_smpp::*;
use tokio::io::duplex;

const SENDERS: u64 = 8;
const REQUESTS: u64 = 1_000;

/// How a storm ends, after the SMSC has seen so many requests.
#[derive(Debug, Clone, Copy)]
enum End {
    SmscUnbinds,
    SmscCloses,
    EsmeCloses,
    EsmeUnbinds,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_token_comes_back_exactly_once() {
    for end in [End::SmscUnbinds, End::SmscCloses, End::EsmeCloses, End::EsmeUnbinds] {
        for seen in [1, 500, 3_000] {
            storm(end, seen).await;
        }
    }
}

async fn storm(end: End, seen: u64) {
    let config = SessionConfig { window: 50, events_capacity: 16, write_buffer_bytes_max: 2048, ..quiet() };
    let (here, there) = duplex(4096);
    let request = BindRequest::new(BindKind::Transceiver, "bank", "secret");
    let smsc = async {
        let pending = accept(there, config.clone()).await.unwrap();
        pending.accept("smsc", None, 10).await.unwrap()
    };
    let (bound, (server, requests)) = tokio::join!(bind(here, &request, config.clone()), smsc);
    let (session, events, _) = bound.unwrap();

    let answering = tokio::spawn(answer(server, requests, end, seen, session.clone()));
    let hearing = tokio::spawn(hear(events));
    let senders: Vec<_> = (0..SENDERS).map(|sender| tokio::spawn(send(session.clone(), sender))).collect();
    let mut sent = Vec::new();
    for sender in senders {
        sent.extend(sender.await.unwrap());
    }
    let mut heard = hearing.await.unwrap();
    answering.await.unwrap();
    sent.sort_unstable();
    heard.sort_unstable();
    assert_eq!(sent, heard, "{end:?} after {seen}");
}

/// The tokens that were taken before the session ended.
async fn send(session: Session, sender: u64) -> Vec<u64> {
    let mut tokens = Vec::new();
    for token in sender * REQUESTS..(sender + 1) * REQUESTS {
        if session.send(&submit_sm(), token).await.is_err() {
            break;
        }
        tokens.push(token);
    }
    tokens
}

async fn hear(mut events: Events) -> Vec<u64> {
    let mut tokens = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Response { token, .. } | Event::Timeout { token } => tokens.push(token),
            Event::Closed { unanswered, .. } => tokens.extend(unanswered),
            Event::Request { .. } => {}
        }
    }
    tokens
}

/// Answers in pairs turned round, so that responses are out of order, until the storm ends.
async fn answer(server: Session, mut requests: Events, end: End, limit: u64, esme: Session) {
    let (mut seen, mut held) = (0, None);
    while let Some(event) = requests.recv().await {
        let Event::Request { header, .. } = event else { continue };
        seen += 1;
        if seen == limit {
            finish(end, &server, &esme);
        }
        let second = held.take();
        if second.is_none() && seen % 2 == 1 && seen < limit {
            held = Some(header.sequence_number);
            continue;
        }
        server.ready().await;
        for sequence in [Some(header.sequence_number), second].into_iter().flatten() {
            // After the end there is nobody to answer.
            let _ = server.respond(sequence, CommandStatus::ROK, &submit_sm_resp());
        }
    }
}

fn finish(end: End, server: &Session, esme: &Session) {
    match end {
        End::SmscCloses => server.close(),
        End::EsmeCloses => esme.close(),
        End::SmscUnbinds => drop(tokio::spawn(unbind(server.clone()))),
        End::EsmeUnbinds => drop(tokio::spawn(unbind(esme.clone()))),
    }
}

async fn unbind(session: Session) {
    session.unbind(std::time::Duration::from_secs(1)).await;
}
