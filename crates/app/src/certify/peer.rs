//! One bind to the SMSC that is tried out: sends, and remembers all that it is sent.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sambac_smpp::{
    BindError, BindKind, BindReply, BindRequest, CommandStatus, Event, Events, Pdu, Session, SessionConfig, Sm, SmResp,
    Tag, bind,
};
use tokio::net::TcpStream;

const BIND_TIMEOUT: Duration = Duration::from_secs(10);
const UNBIND_TIMEOUT: Duration = Duration::from_secs(2);

/// A bound session.
pub(super) struct Peer {
    session: Session,
    events: Events,
    next_token: u64,
    answers: Vec<(u64, Answer)>,
    /// What came of the peer's own accord, oldest first.
    pub(super) delivered: Vec<Delivered>,
    pub(super) is_closed: bool,
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
    /// Connects and binds; also says how long the bind took.
    pub(super) async fn bind(
        address: &str,
        system_id: &str,
        password: &str,
        kind: BindKind,
        window: u16,
    ) -> Result<Result<(Self, BindReply, Duration), BindError>> {
        let stream = tokio::time::timeout(BIND_TIMEOUT, TcpStream::connect(address)).await;
        let stream =
            stream.context("no connection in time")?.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let config = SessionConfig { window, bind_timeout: BIND_TIMEOUT, ..SessionConfig::default() };
        let begun = Instant::now();
        Ok(match bind(stream, &BindRequest::new(kind, system_id, password), config).await {
            Ok((session, events, reply)) => {
                let peer = Self {
                    session,
                    events,
                    next_token: 0,
                    answers: Vec::new(),
                    delivered: Vec::new(),
                    is_closed: false,
                };
                Ok((peer, reply, begun.elapsed()))
            }
            Err(error) => Err(error),
        })
    }

    /// Sends without waiting for the answer.
    pub(super) async fn send(&mut self, pdu: &Pdu<'_>) -> Result<u64> {
        self.next_token += 1;
        self.session.send(pdu, self.next_token).await?;
        Ok(self.next_token)
    }

    /// Sends, and waits for the answer.
    pub(super) async fn ask(&mut self, pdu: &Pdu<'_>, limit: Duration) -> Result<Answer> {
        let token = self.send(pdu).await?;
        self.answer(token, limit).await
    }

    /// Waits for the answer to what was sent under `token`.
    pub(super) async fn answer(&mut self, token: u64, limit: Duration) -> Result<Answer> {
        let answered = |peer: &Self| peer.answers.iter().any(|(of, _)| *of == token);
        self.until(limit, answered).await;
        let Some(at) = self.answers.iter().position(|(of, _)| *of == token) else {
            bail!("no answer within {limit:?}")
        };
        Ok(self.answers.swap_remove(at).1)
    }

    /// Takes in what comes until `enough`, or the time is over.
    pub(super) async fn until(&mut self, limit: Duration, enough: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + limit;
        while !enough(self) && !self.is_closed {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(event)) => self.hear(event),
                Ok(None) => self.is_closed = true,
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
                self.delivered.push(Delivered::of(&sm));
                let resp = Pdu::DeliverSmResp(SmResp::default());
                // A session that is over is heard of next.
                let _ = self.session.respond(header.sequence_number, CommandStatus::ROK, &resp);
            }
            Event::Timeout { .. } => {}
            Event::Closed { .. } => self.is_closed = true,
        }
    }

    pub(super) async fn unbind(self) {
        self.session.unbind(UNBIND_TIMEOUT).await;
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
