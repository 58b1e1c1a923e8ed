//! A client over SMPP: sends, acknowledges every receipt, and remembers what it heard.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sambac_smpp::{
    Address, BindError, BindKind, BindRequest, CommandStatus, DataSm, Event, Events, Pdu, Session, SessionConfig, Sm,
    SmResp, Tag, esm_class,
};
use tokio::net::TcpStream;

use super::wait::{PATIENCE, until, until_true};

/// A bound session.
#[derive(Debug)]
pub struct Esme {
    session: Session,
    heard: Arc<Mutex<Heard>>,
    next_token: AtomicU64,
}

/// What came in so far.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// By token.
    pub answers: HashMap<u64, Answer>,
    /// When they came, by token.
    pub answered_at: HashMap<u64, Instant>,
    /// In order.
    pub receipts: Vec<Receipt>,
    /// When they came.
    pub receipts_at: Vec<Instant>,
    /// Messages from handsets, or their parts, in order.
    pub handsets: Vec<Handset>,
    /// Their texts and network_error_codes, and whether they came by data_sm.
    pub raw: Vec<RawReceipt>,
    /// Whether the session is over.
    pub closed: bool,
}

/// The answer to a submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// command_status.
    pub status: u32,
    /// The platform's id; empty in a refusal.
    pub message_id: String,
}

/// A receipt by deliver_sm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The id in its text.
    pub id: String,
    /// The state in its text: `DELIVRD` …
    pub stat: String,
    /// TLV receipted_message_id.
    pub tlv_id: String,
    /// TLV message_state.
    pub tlv_state: u8,
    /// esm_class.
    pub esm_class: u8,
    /// From which number.
    pub source: String,
    /// To which sender.
    pub destination: String,
}

/// A message from a handset by deliver_sm, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handset {
    /// From which number.
    pub source: String,
    /// To which number or short code.
    pub destination: String,
    /// As in the PDU.
    pub esm_class: u8,
    /// As in the PDU.
    pub data_coding: u8,
    /// short_message or message_payload, with its header.
    pub octets: Vec<u8>,
    /// sar_msg_ref_num, sar_total_segments and sar_segment_seqnum.
    pub sar: Option<(u16, u8, u8)>,
}

/// A receipt as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawReceipt {
    /// The whole text.
    pub text: String,
    /// TLV network_error_code.
    pub network_error: Vec<u8>,
    /// Whether it came by data_sm.
    pub by_data_sm: bool,
}

impl Esme {
    /// Binds.
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn bind(at: SocketAddr, kind: BindKind, system_id: &str, password: &str) -> Result<Self, BindError> {
        let stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        let config =
            SessionConfig { window: 100, response_timeout: Duration::from_secs(60), ..SessionConfig::default() };
        let (session, events, _) =
            sambac_smpp::bind(stream, &BindRequest::new(kind, system_id, password), config).await?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        tokio::spawn(listen(session.clone(), events, Arc::clone(&heard)));
        Ok(Self { session, heard, next_token: AtomicU64::new(1) })
    }

    /// The session itself.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends when the window allows it; the answer will be under the token returned.
    ///
    /// # Errors
    /// When the session is over.
    pub async fn send(&self, sm: Sm<'_>) -> Result<u64> {
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        self.session.send(&Pdu::SubmitSm(sm), token).await?;
        Ok(token)
    }

    /// Sends and waits for the answer.
    ///
    /// # Errors
    /// When the session ends or no answer comes.
    pub async fn submit(&self, sm: Sm<'_>) -> Result<Answer> {
        let token = self.send(sm).await?;
        until("an answer to submit_sm", PATIENCE, async || {
            let heard = self.heard();
            match heard.answers.get(&token) {
                Some(answer) => Ok(Some(answer.clone())),
                None if heard.closed => bail!("the session ended before the answer"),
                None => Ok(None),
            }
        })
        .await
    }

    /// Sends, and returns the id that the platform gave.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn accepted(&self, sm: Sm<'_>) -> Result<String> {
        let answer = self.submit(sm).await?;
        anyhow::ensure!(answer.status == 0, "refused: {}", CommandStatus(answer.status));
        Ok(answer.message_id)
    }

    /// What was heard so far.
    pub fn heard(&self) -> Heard {
        lock(&self.heard).clone()
    }

    /// Asks what was heard so far, without copying all of it.
    pub fn look<T>(&self, question: impl FnOnce(&Heard) -> T) -> T {
        question(&lock(&self.heard))
    }

    /// Waits until so many receipts came.
    ///
    /// # Errors
    /// When they do not.
    pub async fn receipts(&self, count: usize) -> Result<Vec<Receipt>> {
        let enough = async || Ok(self.look(|heard| heard.receipts.len() >= count));
        let waited = until_true(&format!("{count} receipts"), enough).await;
        waited.with_context(|| format!("{} came", self.look(|heard| heard.receipts.len())))?;
        Ok(self.heard().receipts)
    }

    /// Waits until so many messages from handsets, or parts of them, came.
    ///
    /// # Errors
    /// When they do not.
    pub async fn handsets(&self, count: usize) -> Result<Vec<Handset>> {
        let enough = async || Ok(self.look(|heard| heard.handsets.len() >= count));
        let waited = until_true(&format!("{count} messages from handsets"), enough).await;
        waited.with_context(|| format!("{} came", self.look(|heard| heard.handsets.len())))?;
        Ok(self.heard().handsets)
    }

    /// Waits until the session is over.
    ///
    /// # Errors
    /// When it stays open.
    pub async fn closed(&self) -> Result<()> {
        until_true("the end of the session", async || Ok(self.look(|heard| heard.closed))).await
    }

    /// Unbinds: nothing more is heard after it.
    pub async fn unbind(&self) {
        self.session.unbind(PATIENCE).await;
    }
}

/// A message from `Bank` that asks for a receipt; the rest is the caller's.
pub fn message<'a>(destination: &'a str, text: &'a [u8]) -> Sm<'a> {
    Sm {
        source: Address::new(5, 0, b"Bank"),
        destination: Address::new(1, 1, destination.trim_start_matches('+').as_bytes()),
        registered_delivery: 1,
        short_message: text,
        ..Sm::default()
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(session: Session, mut events: Events, heard: Arc<Mutex<Heard>>) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Response { token, header, frame, .. } => {
                let id = match frame.pdu() {
                    Ok(Pdu::SubmitSmResp(resp)) => String::from_utf8_lossy(resp.message_id).into_owned(),
                    _ => String::new(),
                };
                let (now, mut heard) = (Instant::now(), lock(&heard));
                heard.answered_at.insert(token, now);
                heard.answers.insert(token, Answer { status: header.command_status.0, message_id: id });
            }
            Event::Request { header, frame } => {
                let (sm, answer) = match frame.pdu() {
                    Ok(Pdu::DeliverSm(sm)) => (sm, Pdu::DeliverSmResp(SmResp::default())),
                    Ok(Pdu::DataSm(data)) => {
                        let DataSm { source, destination, esm_class, tlvs, .. } = data;
                        let sm = Sm { source, destination, esm_class, tlvs, ..Sm::default() };
                        (sm, Pdu::DataSmResp(SmResp::default()))
                    }
                    _ => {
                        session.respond_error(header, CommandStatus::RINVCMDID);
                        continue;
                    }
                };
                let mut heard = lock(&heard);
                match sm.esm_class & esm_class::TYPE_MASK {
                    0 => heard.handsets.push(Handset::read(&sm)),
                    _ => {
                        heard.receipts_at.push(Instant::now());
                        heard.receipts.push(Receipt::read(&sm));
                        heard.raw.push(RawReceipt {
                            text: String::from_utf8_lossy(sm.message()).into_owned(),
                            network_error: sm.tlvs.get(Tag::NETWORK_ERROR_CODE).unwrap_or_default().to_vec(),
                            by_data_sm: matches!(answer, Pdu::DataSmResp(_)),
                        });
                    }
                }
                // Only a session that is over cannot take it, and that is heard next.
                let _ = session.respond(header.sequence_number, CommandStatus::ROK, &answer);
            }
            Event::Timeout { .. } => {}
            Event::Closed { .. } => lock(&heard).closed = true,
        }
    }
}

impl Handset {
    fn read(sm: &Sm<'_>) -> Self {
        let owned = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let sar = |tlvs: sambac_smpp::Tlvs<'_>| {
            let total = tlvs.u8(Tag::SAR_TOTAL_SEGMENTS)?;
            Some((tlvs.u16(Tag::SAR_MSG_REF_NUM)?, total, tlvs.u8(Tag::SAR_SEGMENT_SEQNUM)?))
        };
        Self {
            source: owned(sm.source.addr),
            destination: owned(sm.destination.addr),
            esm_class: sm.esm_class,
            data_coding: sm.data_coding,
            octets: sm.message().to_vec(),
            sar: sar(sm.tlvs),
        }
    }
}

impl Receipt {
    fn read(sm: &Sm<'_>) -> Self {
        let text = String::from_utf8_lossy(sm.message()).into_owned();
        let field = |name: &str| {
            let value = text.split_once(name).map_or("", |(_, rest)| rest);
            value.split(' ').next().unwrap_or_default().to_owned()
        };
        let owned = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Self {
            id: field("id:"),
            stat: field("stat:"),
            tlv_id: owned(sm.tlvs.cstr(Tag::RECEIPTED_MESSAGE_ID).unwrap_or_default()),
            tlv_state: sm.tlvs.u8(Tag::MESSAGE_STATE).unwrap_or_default(),
            esm_class: sm.esm_class,
            source: owned(sm.source.addr),
            destination: owned(sm.destination.addr),
        }
    }
}
