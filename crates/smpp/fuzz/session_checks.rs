//! What must hold for a bound session whose peer sends any octets whatever, on either side.
//!
//! The session ends by itself when the stream ends; its owner hears of every request at most once and of the end exactly
//! once; each token comes back exactly once; what the session wrote is whole PDUs, and no answer is answered.

use std::collections::HashSet;

use bytes::BytesMut;
use sambac_smpp::{
    BindKind, BindRequest, BindResp, BrokenTlvs, CommandStatus, Event, Events, Framer, Pdu, Session, SessionConfig, Sm,
    accept, bind, encode,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Runtime;

/// Requests of our own that are open while the peer talks.
const OPEN: u64 = 3;
/// The system allocates larger ones page by page, which took longer than the session.
const PIPE_OCTETS: usize = 16 * 1024;

thread_local! {
    static RUNTIME: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
}

/// The first octet chooses the side and how broken parameters are taken; the rest is what the peer sends.
pub(crate) fn session(octets: &[u8]) {
    let [choice, stream @ ..] = octets else { return };
    RUNTIME.with(|runtime| runtime.block_on(exchange(*choice, stream)));
}

async fn exchange(choice: u8, stream: &[u8]) {
    let (ours, theirs) = duplex(PIPE_OCTETS);
    let config = SessionConfig {
        window: OPEN as u16,
        broken_tlvs: if choice & 2 == 0 { BrokenTlvs::Refuse } else { BrokenTlvs::Keep },
        first_sequence: u32::from(choice >> 2) + 1,
        ..SessionConfig::default()
    };
    let peer = tokio::spawn(talk(theirs, opening(choice & 1 == 0), stream.to_vec()));
    let session = open(ours, choice & 1 == 0, config).await;
    let (session, events) = session.expect("the opening is whole and well formed");
    let requests = own(session, events).await;
    let answers = peer.await.unwrap();
    assert!(answers <= requests + stream.len() / 16 + OPEN as usize + 4, "{answers} PDUs were written");
}

/// What the peer sends so that the session begins.
fn opening(is_smsc: bool) -> BytesMut {
    let mut out = BytesMut::new();
    let pdu = BindRequest::new(BindKind::Transceiver, "fuzz", "secret");
    let written = match is_smsc {
        true => encode(&pdu.pdu(), 1, CommandStatus::ROK, &mut out),
        false => encode(&Pdu::BindTransceiverResp(BindResp::default()), 1, CommandStatus::ROK, &mut out),
    };
    written.unwrap();
    out
}

async fn open(io: DuplexStream, is_smsc: bool, config: SessionConfig) -> Option<(Session, Events)> {
    if is_smsc {
        let window = config.window;
        return accept(io, config).await.ok()?.accept("smsc", Some(0x34), window).await.ok();
    }
    let request = BindRequest::new(BindKind::Transceiver, "fuzz", "secret");
    let (session, events, _) = bind(io, &request, config).await.ok()?;
    Some((session, events))
}

/// The owner: keeps requests open, answers what comes, and hears the end. Returns how many requests came.
async fn own(session: Session, mut events: Events) -> usize {
    let mut open = HashSet::new();
    for token in 0..OPEN {
        let is_sent = session.try_send(&Pdu::SubmitSm(Sm::default()), token).is_ok();
        assert!(!is_sent || open.insert(token));
    }
    let (mut requests, mut is_over) = (0, false);
    while let Some(event) = events.recv().await {
        assert!(!is_over, "something came after the end");
        match event {
            Event::Request { header, .. } => {
                requests += 1;
                session.respond_error(header, CommandStatus::ROK);
            }
            Event::Response { token, .. } | Event::Timeout { token } => {
                assert!(open.remove(&token), "token {token} came back twice");
            }
            Event::Closed { unanswered, .. } => {
                is_over = true;
                unanswered.into_iter().for_each(|token| assert!(open.remove(&token), "token {token} came back twice"));
            }
        }
    }
    assert!(is_over && open.is_empty(), "{open:?} never came back");
    requests
}

/// The peer: sends everything, then listens to the end. Returns how many PDUs came.
async fn talk(io: DuplexStream, opening: BytesMut, stream: Vec<u8>) -> usize {
    let (mut reader, mut writer) = tokio::io::split(io);
    let writing = tokio::spawn(async move {
        // The session may end before it has read everything.
        let _ = writer.write_all(&opening).await;
        let _ = writer.write_all(&stream).await;
        let _ = writer.shutdown().await;
    });
    let mut heard = BytesMut::new();
    while reader.read_buf(&mut heard).await.unwrap_or(0) > 0 {}
    writing.await.unwrap();
    let mut count = 0;
    while let Some(frame) = Framer::default().next(&mut heard).expect("lengths that we write are right") {
        frame.pdu().expect("what we write can be read");
        count += 1;
    }
    assert!(heard.is_empty(), "what we write is whole PDUs");
    count
}
