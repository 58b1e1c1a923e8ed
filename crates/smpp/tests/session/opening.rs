//! Opening a session, from both sides.

use crate::peer::*;
use sambac_smpp::*;
use std::time::Duration;
use tokio::io::duplex;

fn request() -> BindRequest {
    BindRequest::new(BindKind::Transceiver, "bank", "secret")
}

/// Binds against a peer that the test plays, after the bind has arrived there.
async fn bound_by<F: Future<Output = Peer>>(play: impl FnOnce(Peer, u32) -> F) -> Result<BindReply, BindError> {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let smsc = async {
        let (sequence, _) = peer.expect(CommandId::BIND_TRANSCEIVER).await;
        play(peer, sequence).await
    };
    let request = request();
    let (bound, _peer) = tokio::join!(bind(here, &request, quiet()), smsc);
    bound.map(|(_, _, reply)| reply)
}

#[tokio::test(start_paused = true)]
async fn both_sides_of_this_crate_bind_each_other() {
    for kind in [BindKind::Transmitter, BindKind::Receiver, BindKind::Transceiver] {
        let (here, there) = duplex(PIPE_OCTETS);
        let request = BindRequest {
            system_type: b"otp".to_vec(),
            address_range: b"4477009".to_vec(),
            ..BindRequest::new(kind, "bank", "secret")
        };
        let esme = bind(here, &request, quiet());
        let smsc = async {
            let pending = accept(there, quiet()).await.unwrap();
            assert_eq!(pending.request(), &request);
            pending.accept("smsc", Some(interface_version::V5_0), 3).await.unwrap()
        };
        let (bound, (server, _server_events)) = tokio::join!(esme, smsc);
        let (client, _events, reply) = bound.unwrap();
        assert_eq!(reply, BindReply { system_id: b"smsc".to_vec(), interface_version: Some(0x50) });
        assert_eq!((client.kind(), server.kind()), (kind, kind));
        assert_eq!((client.peer_interface_version(), server.peer_interface_version()), (Some(0x50), Some(0x34)));
        assert_eq!(server.window_free(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn enquire_link_before_the_answer_is_answered() {
    let reply = bound_by(|mut peer, sequence| async move {
        peer.ask(&Pdu::EnquireLink, 5).await;
        assert_eq!(peer.expect(CommandId::ENQUIRE_LINK_RESP).await.0, 5);
        peer.ask(&deliver_sm(), 6).await;
        assert_eq!(peer.expect(CommandId::DELIVER_SM_RESP).await, (6, CommandStatus::RINVBNDSTS));
        peer.ask(&Pdu::BindTransceiverResp(BindResp { system_id: b"any", ..BindResp::default() }), sequence).await;
        peer
    });
    assert_eq!(reply.await.unwrap(), BindReply { system_id: b"any".to_vec(), interface_version: None });
}

#[tokio::test(start_paused = true)]
async fn a_refused_bind_says_why() {
    for status in [CommandStatus::RINVPASWD, CommandStatus::RALYBND, CommandStatus(0x0000_0410)] {
        let refused = bound_by(|mut peer, sequence| async move {
            peer.answer(&Pdu::BindTransceiverResp(BindResp::default()), sequence, status).await;
            peer
        });
        assert!(matches!(refused.await, Err(BindError::Refused(found)) if found == status));
    }
    let refused = bound_by(|mut peer, sequence| async move {
        peer.answer(&Pdu::GenericNack, sequence, CommandStatus::RINVCMDID).await;
        peer
    });
    assert!(matches!(refused.await, Err(BindError::Refused(CommandStatus::RINVCMDID))));
}

#[tokio::test(start_paused = true)]
async fn no_answer_a_closed_connection_and_no_smpp_are_told_apart() {
    let timeout = bound_by(|peer, _| async move { peer }).await;
    assert!(matches!(timeout, Err(BindError::Timeout)));
    let unbind = bound_by(|mut peer, _| async move {
        peer.ask(&Pdu::Unbind, 9).await;
        peer.expect(CommandId::UNBIND_RESP).await;
        peer
    });
    assert!(matches!(unbind.await, Err(BindError::Closed)));
    let no_smpp = bound_by(|mut peer, _| async move {
        peer.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer.expect(CommandId::GENERIC_NACK).await;
        peer
    });
    assert!(matches!(no_smpp.await, Err(BindError::Protocol(_))));
    let (here, there) = duplex(PIPE_OCTETS);
    drop(there);
    assert!(matches!(bind(here, &request(), quiet()).await, Err(BindError::Closed | BindError::Io(_))));
}

#[tokio::test(start_paused = true)]
async fn an_over_long_credential_is_refused_before_anything_is_sent() {
    let (here, there) = duplex(PIPE_OCTETS);
    let request = BindRequest::new(BindKind::Transmitter, "a-name-of-too-many-octets", "secret");
    assert!(matches!(bind(here, &request, quiet()).await, Err(BindError::Encode(_))));
    assert!(Peer::new(there).next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn pdus_that_come_with_the_answer_are_not_lost() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let smsc = async {
        let (sequence, _) = peer.expect(CommandId::BIND_TRANSCEIVER).await;
        let answer = octets(&Pdu::BindTransceiverResp(BindResp::default()), sequence);
        peer.raw(&[answer, octets(&deliver_sm(), 3)].concat()).await;
    };
    let request = request();
    let (bound, ()) = tokio::join!(bind(here, &request, quiet()), smsc);
    let (_session, mut events, _) = bound.unwrap();
    assert!(matches!(events.recv().await, Some(Event::Request { header, .. }) if header.sequence_number == 3));
}

#[tokio::test(start_paused = true)]
async fn before_a_bind_requests_are_refused_and_probes_answered() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let client = async {
        peer.ask(&Pdu::EnquireLink, 1).await;
        assert_eq!(peer.expect(CommandId::ENQUIRE_LINK_RESP).await, (1, CommandStatus::ROK));
        peer.ask(&submit_sm(), 2).await;
        assert_eq!(peer.expect(CommandId::SUBMIT_SM_RESP).await, (2, CommandStatus::RINVBNDSTS));
        peer.ask(&Pdu::Unknown { command_id: CommandId(0x999), body: b"" }, 3).await;
        assert_eq!(peer.expect(CommandId::GENERIC_NACK).await, (3, CommandStatus::RINVCMDID));
        let mut half = octets(&Pdu::BindReceiver(Bind::default()), 4).to_vec();
        half.truncate(17);
        half[3] = 17;
        peer.raw(&half).await;
        assert_eq!(peer.expect(CommandId::BIND_RECEIVER_RESP).await.0, 4);
        peer.ask(&Pdu::BindReceiver(Bind { system_id: b"late", ..Bind::default() }), 5).await;
    };
    let (pending, ()) = tokio::join!(accept(here, quiet()), client);
    assert_eq!(pending.unwrap().request().system_id, b"late");
}

#[tokio::test(start_paused = true)]
async fn who_never_binds_is_not_waited_for() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let client = async {
        for sequence in 1..=20 {
            peer.ask(&Pdu::EnquireLink, sequence).await;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        peer
    };
    let (pending, _peer) = tokio::join!(accept(here, quiet()), client);
    assert!(matches!(pending, Err(AcceptError::Timeout)));
}

#[tokio::test(start_paused = true)]
async fn a_client_without_smpp_gets_a_nack_and_is_closed() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    peer.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let pending = accept(here, quiet()).await;
    assert!(matches!(pending, Err(AcceptError::Protocol(_))));
    assert_eq!(peer.expect(CommandId::GENERIC_NACK).await.1, CommandStatus::RINVCMDLEN);
    assert!(peer.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_no_body_and_closes() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    peer.ask(&Pdu::BindTransmitter(Bind::default()), 1).await;
    accept(here, quiet()).await.unwrap().refuse(CommandStatus::RINVPASWD).await;
    let frame = peer.next().await.unwrap();
    assert_eq!(frame.header().command_id, CommandId::BIND_TRANSMITTER_RESP);
    assert_eq!((frame.header().command_status, frame.body().len()), (CommandStatus::RINVPASWD, 0));
    assert!(peer.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_pending_bind_shows_no_password() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    peer.ask(&request().pdu(), 1).await;
    let pending = accept(here, quiet()).await.unwrap();
    let shown = format!("{pending:?} {:?}", pending.request());
    assert!(shown.contains("bank") && !shown.contains("secret") && !shown.contains("115, 101"), "{shown}");
}

#[test]
fn kinds_allow_what_the_specification_allows() {
    use BindKind::{Receiver, Transceiver, Transmitter};
    for (kind, esme_submits, smsc_delivers) in
        [(Transmitter, true, false), (Receiver, false, true), (Transceiver, true, true)]
    {
        assert_eq!(kind.esme_may_send(CommandId::SUBMIT_SM), esme_submits);
        assert_eq!(kind.smsc_may_send(CommandId::DELIVER_SM), smsc_delivers);
        assert!(!kind.esme_may_send(CommandId::DELIVER_SM) && !kind.smsc_may_send(CommandId::SUBMIT_SM));
        assert!(kind.esme_may_send(CommandId::UNBIND) && kind.smsc_may_send(CommandId::ENQUIRE_LINK));
        assert!(!kind.esme_may_send(CommandId(0x999)) && !kind.esme_may_send(kind.command_id()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outbind_is_bound_on() {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let smsc = async {
        peer.ask(&Pdu::EnquireLink, 1).await;
        assert_eq!(peer.expect(CommandId::ENQUIRE_LINK_RESP).await.0, 1);
        peer.ask(&Pdu::Outbind(Outbind { system_id: b"smsc", password: b"secret" }), 2).await;
        let (sequence, _) = peer.expect(CommandId::BIND_RECEIVER).await;
        peer.ask(&Pdu::BindReceiverResp(BindResp::default()), sequence).await;
        peer
    };
    let esme = async {
        let pending = outbind(here, quiet()).await.unwrap();
        assert_eq!((pending.system_id(), pending.password()), (&b"smsc"[..], &b"secret"[..]));
        assert!(!format!("{pending:?}").contains("secret"));
        pending.bind(&BindRequest::new(BindKind::Receiver, "bank", "secret")).await.unwrap()
    };
    let ((session, _events, _), _peer) = tokio::join!(esme, smsc);
    assert_eq!(session.kind(), BindKind::Receiver);
}

#[tokio::test(start_paused = true)]
async fn an_outbind_that_never_comes_is_not_waited_for() {
    let (here, _there) = duplex(PIPE_OCTETS);
    assert!(matches!(outbind(here, quiet()).await, Err(BindError::Timeout)));
}
