//! A peer that does exactly what a test says: nothing is answered by itself.

use bytes::{Bytes, BytesMut};
use sambac_smpp::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Octets between the two ends.
pub(crate) const PIPE_OCTETS: usize = 64 * 1024;

pub(crate) struct Peer {
    pub(crate) io: DuplexStream,
    buffer: BytesMut,
}

impl Peer {
    pub(crate) fn new(io: DuplexStream) -> Self {
        Self { io, buffer: BytesMut::new() }
    }

    /// Sends a request.
    pub(crate) async fn ask(&mut self, pdu: &Pdu<'_>, sequence: u32) {
        self.answer(pdu, sequence, CommandStatus::ROK).await;
    }

    pub(crate) async fn answer(&mut self, pdu: &Pdu<'_>, sequence: u32, status: CommandStatus) {
        let mut out = BytesMut::new();
        encode(pdu, sequence, status, &mut out).unwrap();
        self.raw(&out).await;
    }

    pub(crate) async fn raw(&mut self, octets: &[u8]) {
        self.io.write_all(octets).await.unwrap();
    }

    /// The next PDU, or `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = Framer::default().next(&mut self.buffer).unwrap() {
                return Some(frame);
            }
            if self.io.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// Whether the next PDU is of this kind, or the stream has ended with it before.
    pub(crate) async fn expect_any(&mut self, id: CommandId) -> bool {
        self.next().await.is_none_or(|frame| frame.header().command_id == id)
    }

    /// The next PDU, which must be of this kind; its sequence number and status.
    pub(crate) async fn expect(&mut self, id: CommandId) -> (u32, CommandStatus) {
        let header = self.next().await.expect("the stream ended").header();
        assert_eq!(header.command_id, id);
        (header.sequence_number, header.command_status)
    }
}

pub(crate) const REQUEST_ID: &[u8] = b"id-1";

pub(crate) fn submit_sm() -> Pdu<'static> {
    Pdu::SubmitSm(Sm { destination: Address::new(1, 1, b"447700900123"), short_message: b"hello", ..Sm::default() })
}

pub(crate) fn deliver_sm() -> Pdu<'static> {
    Pdu::DeliverSm(Sm { source: Address::new(1, 1, b"447700900123"), short_message: b"hello", ..Sm::default() })
}

pub(crate) fn submit_sm_resp() -> Pdu<'static> {
    Pdu::SubmitSmResp(SmResp::new(REQUEST_ID))
}

/// A bound ESME, its SMSC in the hands of the test. No timer but the response's runs unless the test sets it.
pub(crate) async fn esme(config: SessionConfig) -> (Session, Events, Peer) {
    let (here, there) = duplex(PIPE_OCTETS);
    let mut peer = Peer::new(there);
    let smsc = async {
        let (sequence, _) = peer.expect(CommandId::BIND_TRANSCEIVER).await;
        peer.ask(&Pdu::BindTransceiverResp(BindResp::default()), sequence).await;
    };
    let request = BindRequest::new(BindKind::Transceiver, "bank", "secret");
    let (bound, ()) = tokio::join!(bind(here, &request, config), smsc);
    let (session, events, _) = bound.unwrap();
    (session, events, peer)
}

/// Only the time-out of responses runs: 10 seconds.
pub(crate) fn quiet() -> SessionConfig {
    SessionConfig {
        enquire_link_interval: Duration::ZERO,
        response_timeout: Duration::from_secs(10),
        ..SessionConfig::default()
    }
}

pub(crate) async fn next_closed(events: &mut Events) -> (CloseReason, Vec<u64>) {
    loop {
        match events.recv().await.expect("Closed must come before the end") {
            Event::Closed { reason, unanswered } => {
                assert!(events.recv().await.is_none(), "Closed is the last event");
                return (reason, unanswered);
            }
            _ => continue,
        }
    }
}

/// The token of the next event, which must be a response.
pub(crate) async fn next_response(events: &mut Events) -> (u64, CommandStatus) {
    match events.recv().await.unwrap() {
        Event::Response { token, header, .. } => (token, header.command_status),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn octets(pdu: &Pdu<'_>, sequence: u32) -> Bytes {
    let mut out = BytesMut::new();
    encode(pdu, sequence, CommandStatus::ROK, &mut out).unwrap();
    out.freeze()
}
