//! An ESME that is not ours (smpp34's client) binds to our side over TCP, submits, takes a receipt, and unbinds.

use sambac_smpp::*;
use smpp34::client::{BIND_TYPE, SMSC, SmppClient, SmppClientListener};
use smpp34::{SmppConnectionInformation, deliver_sm, deliver_sm_resp};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Hands over what the client hears.
struct Ear {
    bound: mpsc::Sender<SMSC>,
    delivered: mpsc::Sender<Vec<u8>>,
}

#[async_trait::async_trait]
impl SmppClientListener for Ear {
    async fn on_smsc_bound(&self, smsc: SMSC, _session: &String) {
        self.bound.send(smsc).await.unwrap();
    }

    async fn on_deliver_sm(&self, sm: deliver_sm, _: &SmppConnectionInformation, _: &String) -> deliver_sm_resp {
        self.delivered.send(sm.short_message.clone()).await.unwrap();
        sm.accept()
    }
}

/// Answers every message with an id and sends a receipt for it; says how the session ended.
async fn smsc(listener: TcpListener, acknowledged: mpsc::Sender<CommandStatus>) -> (Vec<Vec<u8>>, CloseReason) {
    let (stream, _) = listener.accept().await.unwrap();
    let pending = accept(stream, SessionConfig::default()).await.unwrap();
    assert_eq!(
        (pending.request().system_id.as_slice(), pending.request().password.as_slice()),
        (&b"bank"[..], &b"secret"[..])
    );
    let (session, mut events) = pending.accept("sambac", Some(interface_version::V3_4), 10).await.unwrap();
    let mut texts = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Request { header, frame } => {
                let Ok(Pdu::SubmitSm(sm)) = frame.pdu() else { panic!("{frame:?}") };
                texts.push(sm.short_message.to_vec());
                let resp = Pdu::SubmitSmResp(SmResp::new(b"id-1"));
                session.respond(header.sequence_number, CommandStatus::ROK, &resp).unwrap();
                let receipt = Sm { esm_class: esm_class::TYPE_RECEIPT, short_message: b"id:id-1 stat:DELIVRD", ..sm };
                session.send(&Pdu::DeliverSm(receipt), 1).await.unwrap();
            }
            Event::Response { header, .. } => acknowledged.send(header.command_status).await.unwrap(),

            Event::Timeout { .. } => panic!("the client did not answer"),
            Event::Closed { reason, .. } => return (texts, reason),
        }
    }
    panic!("no Closed")
}

#[tokio::test]
async fn a_client_that_is_not_ours_does_the_main_job() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (acknowledged, mut acknowledgements) = mpsc::channel(1);
    let serving = tokio::spawn(smsc(listener, acknowledged));
    let (bound, mut binds) = mpsc::channel(1);
    let (delivered, mut receipts) = mpsc::channel(10);
    let ear = Arc::new(Ear { bound, delivered });
    let (host, id, secret) = ("127.0.0.1".to_owned(), "bank".to_owned(), "secret".to_owned());
    let none = String::new;
    let mut client = SmppClient::new(host, port, false, BIND_TYPE::TRX, id, secret, none(), 0, 0, none(), ear, 5);
    client.start().await;

    let smsc = binds.recv().await.unwrap();
    for text in ["one", "two", "three"] {
        let sm = smsc.submit_sm().source_addr("BANK").destination_addr("447700900123").short_message(text);
        assert_eq!(sm.send().await.unwrap().message_id.as_deref(), Some("id-1"));
        assert_eq!(receipts.recv().await.unwrap(), b"id:id-1 stat:DELIVRD");
        assert_eq!(acknowledgements.recv().await, Some(CommandStatus::ROK));
    }
    smsc.send_unbind().await.unwrap();
    let (texts, reason) = serving.await.unwrap();
    assert_eq!(texts, [&b"one"[..], b"two", b"three"]);
    assert_eq!(reason, CloseReason::PeerUnbind);
    client.stop().await;
}
