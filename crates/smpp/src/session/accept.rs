//! The SMSC's side of opening a session (SMPP 3.4 §2.2, §4.1).

use super::bind::BindRequest;
use super::start::{self, Opening};
use super::wire::{Wire, WireError};
use super::{Events, Session, SessionConfig};
use crate::{BindResp, CommandStatus, EncodeError, FrameError, Header, Pdu, Tag, TlvBuf};
use std::time::Duration;
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long a refusal may take to be written.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection brought no session.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No bind in time.
    #[error("no bind came in time")]
    Timeout,
    /// The peer closed the connection or sent `unbind`.
    #[error("the connection was closed before a bind")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The peer does not speak SMPP.
    #[error("the peer does not speak SMPP: {0}")]
    Protocol(#[from] FrameError),
    /// Our own answer breaks a limit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl From<WireError> for AcceptError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Closed => Self::Closed,
            WireError::Io(error) => Self::Io(error),
            WireError::Frame(error) => Self::Protocol(error),
            WireError::Encode(error) => Self::Encode(error),
        }
    }
}

/// Waits for a bind. Before it, `enquire_link` is answered, and other requests are refused with `RINVBNDSTS`.
///
/// # Errors
/// When no bind comes within `bind_timeout`, or the peer does not speak SMPP.
pub async fn accept<IO>(io: IO, config: SessionConfig) -> Result<PendingBind<IO>, AcceptError>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut wire = Wire::new(io, &config);
    let (header, request) =
        timeout(config.bind_timeout, next_bind(&mut wire)).await.map_err(|_| AcceptError::Timeout)??;
    Ok(PendingBind { wire, header, request, config })
}

async fn next_bind<IO>(wire: &mut Wire<IO>) -> Result<(Header, BindRequest), WireError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let frame = wire.next().await?;
        let header = frame.header();
        match frame.pdu() {
            Ok(pdu) => match BindRequest::from_pdu(&pdu) {
                Some(request) => return Ok((header, request)),
                None => wire.answer_unbound(header).await?,
            },
            Err(error) => wire.answer(header, error.status()).await?,
        }
    }
}

/// A bind that waits for its answer.
pub struct PendingBind<IO> {
    wire: Wire<IO>,
    header: Header,
    request: BindRequest,
    config: SessionConfig,
}

impl<IO> fmt::Debug for PendingBind<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingBind").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<IO> PendingBind<IO>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    /// Who binds, as what. Lengths are as they came.
    #[must_use]
    pub const fn request(&self) -> &BindRequest {
        &self.request
    }

    /// The same with other limits and timers from now on: who binds is known only now.
    #[must_use]
    pub fn with_config(self, config: SessionConfig) -> Self {
        // Who has heard the bind hears the rest, too.
        let tap = config.tap.or(self.config.tap);
        Self { config: SessionConfig { tap, ..config }, ..self }
    }

    /// Answers yes, with our name and, where wanted, our SMPP version, and starts the session's tasks. `window` is
    /// how many requests of ours the client may leave unanswered.
    ///
    /// # Errors
    /// When the answer cannot be written.
    pub async fn accept(
        mut self,
        system_id: &str,
        sc_interface_version: Option<u8>,
        window: u16,
    ) -> Result<(Session, Events), AcceptError> {
        let mut tlvs = TlvBuf::new();
        if let Some(version) = sc_interface_version {
            tlvs.push_u8(Tag::SC_INTERFACE_VERSION, version);
        }
        let resp = BindResp { system_id: system_id.as_bytes(), tlvs: tlvs.as_tlvs() };
        let pdu = self.response(resp);
        let sent = self.wire.send(&pdu, self.header.sequence_number, CommandStatus::ROK);
        timeout(self.config.bind_timeout, sent).await.map_err(|_| AcceptError::Timeout)??;
        let opening = Opening {
            kind: self.request.kind,
            peer_interface_version: Some(self.request.interface_version),
            next_sequence: start::sequence_within(self.config.first_sequence),
        };
        Ok(start::start(self.wire, SessionConfig { window, ..self.config }, opening))
    }

    /// Answers no and closes the connection.
    pub async fn refuse(mut self, status: CommandStatus) {
        let refusal = async {
            let written = self.wire.answer(self.header, status).await;
            written.is_ok() && self.wire.io.shutdown().await.is_ok()
        };
        // The client is told why if it still listens; the connection closes in any case.
        let _ = timeout(REFUSAL_TIMEOUT, refusal).await;
    }

    fn response<'r>(&self, resp: BindResp<'r>) -> Pdu<'r> {
        match self.request.kind {
            super::BindKind::Transmitter => Pdu::BindTransmitterResp(resp),
            super::BindKind::Receiver => Pdu::BindReceiverResp(resp),
            super::BindKind::Transceiver => Pdu::BindTransceiverResp(resp),
        }
    }
}
