//! A tap hears every PDU of both sides of a session once, in order, and requests with the token they were sent with.

use crate::peer::*;
use sambac_smpp::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::duplex;

type Heard = Arc<Mutex<Vec<(Direction, CommandId, u32, Option<u64>)>>>;

fn tapped() -> (Heard, SessionConfig) {
    let heard = Heard::default();
    let list = Arc::clone(&heard);
    let tap = Tap::new(move |pdu| {
        let header = Header::parse(pdu.octets.first_chunk().unwrap());
        assert_eq!(header.command_length as usize, pdu.octets.len());
        list.lock().unwrap().push((pdu.direction, header.command_id, header.sequence_number, pdu.token));
    });
    (heard, SessionConfig { tap: Some(tap), ..quiet() })
}

/// What the other side must have heard.
fn seen_from_there(heard: &Heard) -> Vec<(Direction, CommandId, u32)> {
    let other = |direction| if direction == Direction::Sent { Direction::Received } else { Direction::Sent };
    heard.lock().unwrap().iter().map(|(direction, id, sequence, _)| (other(*direction), *id, *sequence)).collect()
}

#[tokio::test(start_paused = true)]
async fn both_sides_hear_the_same() {
    let (here, there) = duplex(PIPE_OCTETS);
    let ((client, client_config), (server, server_config)) = (tapped(), tapped());
    let smsc = async {
        let pending = accept(there, server_config).await.unwrap();
        let (session, mut events) = pending.accept("smsc", None, 10).await.unwrap();
        let Some(Event::Request { header, .. }) = events.recv().await else { panic!("no submit") };
        session.respond(header.sequence_number, CommandStatus::ROK, &submit_sm_resp()).unwrap();
        next_closed(&mut events).await
    };
    let esme = async {
        let request = BindRequest::new(BindKind::Transceiver, "bank", "secret");
        let (session, mut events, _) = bind(here, &request, client_config).await.unwrap();
        session.send(&submit_sm(), 4711).await.unwrap();
        assert_eq!(next_response(&mut events).await, (4711, CommandStatus::ROK));
        session.unbind(Duration::from_secs(5)).await;
    };
    tokio::join!(smsc, esme);
    use CommandId as Id;
    use Direction::{Received, Sent};
    let heard = client.lock().unwrap().clone();
    let wanted = [
        (Sent, Id::BIND_TRANSCEIVER, 1, None),
        (Received, Id::BIND_TRANSCEIVER_RESP, 1, None),
        (Sent, Id::SUBMIT_SM, 2, Some(4711)),
        (Received, Id::SUBMIT_SM_RESP, 2, None),
        (Sent, Id::UNBIND, 3, None),
        (Received, Id::UNBIND_RESP, 3, None),
    ];
    assert_eq!(heard, wanted);
    let there: Vec<_> =
        server.lock().unwrap().iter().map(|(direction, id, sequence, _)| (*direction, *id, *sequence)).collect();
    assert_eq!(seen_from_there(&client), there);
}

#[tokio::test(start_paused = true)]
async fn a_refused_bind_and_what_the_session_answers_itself_are_heard() {
    let (heard, config) = tapped();
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let smsc = async {
        let (sequence, _) = peer.expect(CommandId::BIND_TRANSCEIVER).await;
        peer.ask(&Pdu::EnquireLink, 9).await;
        peer.answer(&Pdu::BindTransceiverResp(BindResp::default()), sequence, CommandStatus::RINVPASWD).await;
    };
    let request = BindRequest::new(BindKind::Transceiver, "bank", "secret");
    let (bound, ()) = tokio::join!(bind(here, &request, config), smsc);
    assert!(bound.is_err());
    let ids: Vec<_> = heard.lock().unwrap().iter().map(|(direction, id, ..)| (*direction, *id)).collect();
    use Direction::{Received, Sent};
    let wanted = [
        (Sent, CommandId::BIND_TRANSCEIVER),
        (Received, CommandId::ENQUIRE_LINK),
        (Sent, CommandId::ENQUIRE_LINK_RESP),
        (Received, CommandId::BIND_TRANSCEIVER_RESP),
    ];
    assert_eq!(ids, wanted);
}
