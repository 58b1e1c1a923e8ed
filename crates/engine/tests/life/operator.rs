//! An operator's SMSC as the test plays it: one bind at a time, every answer given by hand.

use std::sync::Arc;
use std::time::Duration;

use sambac_smpp::{Address, CommandStatus, Event, Header, Pdu, Session, SessionConfig, Sm, SmResp};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};

/// A `submit_sm` as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    header: Header,
    pub(crate) source: Vec<u8>,
    pub(crate) destination: String,
    pub(crate) text: Vec<u8>,
    pub(crate) esm_class: u8,
}

pub(crate) struct Operator {
    pub(crate) port: u16,
    submits: Mutex<mpsc::Receiver<Sent>>,
    session: watch::Receiver<Option<Session>>,
}

impl Operator {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (submits_in, submits) = mpsc::channel(10_000);
        let (session_in, session) = watch::channel(None);
        tokio::spawn(serve(listener, submits_in, Arc::new(session_in)));
        Self { port, submits: Mutex::new(submits), session }
    }

    pub(crate) async fn next_submit(&self) -> Sent {
        let next = async { self.submits.lock().await.recv().await };
        tokio::time::timeout(Duration::from_secs(10), next).await.expect("a submit_sm in time").expect("an operator")
    }

    /// True when no further `submit_sm` has come in.
    pub(crate) async fn nothing_more(&self) -> bool {
        self.submits.lock().await.try_recv().is_err()
    }

    pub(crate) async fn accept(&self, sent: &Sent, id: &str) {
        let pdu = Pdu::SubmitSmResp(SmResp::new(id.as_bytes()));
        self.session().await.respond(sent.header.sequence_number, CommandStatus::ROK, &pdu).expect("a link");
    }

    pub(crate) async fn refuse(&self, sent: &Sent, status: CommandStatus) {
        self.session().await.respond_error(sent.header, status);
    }

    pub(crate) async fn receipt(&self, sent: &Sent, id: &str, stat: &str) {
        let text =
            format!("id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:{stat} err:000 text:");
        let pdu = Pdu::DeliverSm(Sm {
            source: Address { ton: 1, npi: 1, addr: sent.destination.as_bytes() },
            destination: Address { ton: 5, npi: 0, addr: &sent.source },
            esm_class: 0x04,
            short_message: text.as_bytes(),
            ..Sm::default()
        });
        self.session().await.send(&pdu, 0).await.expect("a link");
    }

    /// A handset's message to 12345, or a part of one.
    pub(crate) async fn handset(&self, esm_class: u8, octets: &[u8]) {
        let pdu = Pdu::DeliverSm(Sm {
            source: Address { ton: 1, npi: 1, addr: b"447700900123" },
            destination: Address { ton: 3, npi: 0, addr: b"12345" },
            esm_class,
            short_message: octets,
            ..Sm::default()
        });
        self.session().await.send(&pdu, 0).await.expect("a link");
    }

    /// Closes the link; the platform will bind again.
    pub(crate) async fn drop_link(&self) {
        self.session().await.close();
    }

    async fn session(&self) -> Session {
        let mut session = self.session.clone();
        let bound = session.wait_for(|session| session.as_ref().is_some_and(|session| !session.is_closed()));
        let bound = tokio::time::timeout(Duration::from_secs(10), bound).await.expect("a bind in time");
        bound.expect("an operator").clone().expect("bound")
    }
}

async fn serve(listener: TcpListener, submits: mpsc::Sender<Sent>, sessions: Arc<watch::Sender<Option<Session>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(pending) = sambac_smpp::accept(stream, SessionConfig::default()).await else { continue };
        let (session, mut events) = pending.accept("operator", Some(0x34), 100).await.expect("a bind");
        sessions.send_replace(Some(session));
        while let Some(event) = events.recv().await {
            if let Event::Request { header, frame } = event
                && let Ok(Pdu::SubmitSm(sm)) = frame.pdu()
            {
                let sent = Sent {
                    header,
                    source: sm.source.addr.to_vec(),
                    destination: String::from_utf8_lossy(sm.destination.addr).into_owned(),
                    text: sm.short_message.to_vec(),
                    esm_class: sm.esm_class,
                };
                submits.send(sent).await.expect("a test that listens");
            }
        }
    }
}
