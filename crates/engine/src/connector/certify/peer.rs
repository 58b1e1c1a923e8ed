//! One bind to the SMSC that is tried out: sends, and remembers all that it is sent.

use std::time::Duration;

use sambac_smpp::{CloseReason, CommandStatus, Event, Events, Pdu, Session, Sm, SmResp, Tag};

const UNBIND_TIMEOUT: Duration = Duration::from_secs(2);
/// What the peer sent of its own accord and is remembered at most: a peer that floods us is none that can be tried out.
const DELIVERED_MAX: usize = 10_000;

/// Why a check could not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("the session ended: {0}")]
    Closed(String),
    #[error("{0} messages were sent: no more are allowed")]
    Spent(u32),
    #[error("the SMSC was too busy: it answered {0} to each of {1} attempts")]
    Busy(CommandStatus, u32),
    #[error("a text cannot be written: {0}")]
    Unwritable(String),
}

/// A bound session.
pub(super) struct Peer {
    session: Session,
    events: Events,
    next_token: u64,
    answers: Vec<(u64, Answer)>,
    /// What came of the peer's own accord, oldest first.
    pub(super) delivered: Vec<Delivered>,
    /// Why the session is over.
    pub(super) closed: Option<String>,
}

/// How a request was answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: CommandStatus,
    pub(super) message_id: String,
    pub(super) took: Duration,
}

/// A `deliver_sm`.
#[derive(Clone, Debug)]
pub(super) struct Delivered {
    pub(super) esm_class: u8,
    pub(super) data_coding: u8,
    pub(super) message: Vec<u8>,
    pub(super) tlv_id: Option<String>,
    pub(super) tags: Vec<Tag>,
}

impl Peer {
    pub(super) fn new(session: Session, events: Events) -> Self {
        let (answers, delivered) = (Vec::new(), Vec::new());
        Self { session, events, next_token: 0, answers, delivered, closed: None }
    }

    /// Sends without waiting for the answer.
    pub(super) async fn send(&mut self, pdu: &Pdu<'_>, limit: Duration) -> Result<u64, Trouble> {
        self.next_token += 1;
        let token = self.next_token;
        match tokio::time::timeout(limit, self.session.send(pdu, token)).await {
            Ok(Ok(_)) => Ok(token),
            Ok(Err(error)) => {
                // Why the session is over is told by its last event.
                self.until(limit, |peer| peer.closed.is_some()).await;
                Err(Trouble::Closed(self.closed.clone().unwrap_or_else(|| error.to_string())))
            }
            Err(_) => Err(Trouble::Silent(limit)),
        }
    }

    /// Sends, and waits for the answer.
    pub(super) async fn ask(&mut self, pdu: &Pdu<'_>, limit: Duration) -> Result<Answer, Trouble> {
        let token = self.send(pdu, limit).await?;
        self.answer(token, limit).await
    }

    /// Waits for the answer to what was sent under `token`.
    pub(super) async fn answer(&mut self, token: u64, limit: Duration) -> Result<Answer, Trouble> {
        let answered = |peer: &Self| peer.answers.iter().any(|(of, _)| *of == token);
        self.until(limit, answered).await;
        let Some(at) = self.answers.iter().position(|(of, _)| *of == token) else {
            return Err(self.closed.clone().map_or(Trouble::Silent(limit), Trouble::Closed));
        };
        Ok(self.answers.swap_remove(at).1)
    }

    /// Takes in what comes until `enough`, or the time is over.
    pub(super) async fn until(&mut self, limit: Duration, enough: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + limit;
        while !enough(self) && self.closed.is_none() {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => self.hear(event),
                Ok(None) => self.closed = Some("its events ended".to_owned()),
                Err(_) => return,
            }
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Response { token, header, frame, elapsed } => {
                let message_id = match frame.pdu() {
                    Ok(Pdu::SubmitSmResp(resp)) => String::from_utf8_lossy(resp.message_id).into_owned(),
                    _ => String::new(),
                };
                self.answers.push((token, Answer { status: header.command_status, message_id, took: elapsed }));
            }
            Event::Request { header, frame } => {
                let Ok(Pdu::DeliverSm(sm)) = frame.pdu() else {
                    return self.session.respond_error(header, CommandStatus::RINVCMDID);
                };
                if self.delivered.len() < DELIVERED_MAX {
                    self.delivered.push(Delivered::of(&sm));
                }
                let resp = Pdu::DeliverSmResp(SmResp::default());
                // A session that is over is heard of next.
                let _ = self.session.respond(header.sequence_number, CommandStatus::ROK, &resp);
            }
            Event::Timeout { .. } => {}
            Event::Closed { reason, .. } => self.closed = Some(told(reason)),
        }
    }

    pub(super) async fn unbind(self) {
        self.session.unbind(UNBIND_TIMEOUT).await;
    }
}

fn told(reason: CloseReason) -> String {
    match reason {
        CloseReason::PeerUnbind => "it asked to unbind".to_owned(),
        CloseReason::PeerClosed => "it closed the connection".to_owned(),
        CloseReason::Io(kind) => format!("the connection broke: {kind}"),
        CloseReason::Silent => "it did not answer enquire_link".to_owned(),
        CloseReason::SlowPdu => "a PDU began and did not end".to_owned(),
        CloseReason::WriteStalled => "it took nothing of what we wrote".to_owned(),
        CloseReason::BadLength { command_length } => format!("what it sent is no PDU: command_length {command_length}"),
        other => format!("{other:?}"),
    }
}

impl Delivered {
    fn of(sm: &Sm<'_>) -> Self {
        let tlv_id = sm.tlvs.cstr(Tag::RECEIPTED_MESSAGE_ID).map(|id| String::from_utf8_lossy(id).into_owned());
        Self {
            esm_class: sm.esm_class,
            data_coding: sm.data_coding,
            message: sm.message().to_vec(),
            tlv_id,
            tags: sm.tlvs.iter().map(|(tag, _)| tag).collect(),
        }
    }

    /// The message octet by octet.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.message).into_owned()
    }

    /// A field of a receipt's text.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let text = self.text();
        let at = text.to_ascii_lowercase().find(&format!("{name}:"))? + name.len() + 1;
        let value = text.get(at..)?.trim_start();
        Some(value.split(' ').next().unwrap_or_default().to_owned())
    }

    pub(super) fn is_receipt(&self) -> bool {
        self.esm_class & 0x3C != 0 || self.tlv_id.is_some() || self.field("stat").is_some()
    }
}
