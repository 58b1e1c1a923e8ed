//! The ESME's side of opening a session (SMPP 3.4 §2.2, §4.1).

use super::start::{self, Opening};
use super::wire::{Wire, WireError};
use super::{Events, Session, SessionConfig};
use crate::{Address, Bind, BindResp, CommandId, CommandStatus, EncodeError, Pdu, interface_version};
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a session may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindKind {
    /// The ESME sends.
    Transmitter,
    /// The ESME receives.
    Receiver,
    /// Both.
    Transceiver,
}

impl BindKind {
    /// `transmitter`, `receiver` or `transceiver`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Transceiver => "transceiver",
        }
    }

    /// Whether an ESME may send this request on such a session (SMPP 3.4 §2.3, 5.0 §2.4).
    #[must_use]
    pub fn esme_may_send(self, request: CommandId) -> bool {
        match request {
            CommandId::UNBIND | CommandId::ENQUIRE_LINK => true,
            CommandId::DELIVER_SM | CommandId::ALERT_NOTIFICATION | CommandId::OUTBIND => false,
            id if id.is_bind() || id.is_response() => false,
            id => id.known_name().is_some() && self != Self::Receiver,
        }
    }

    /// Whether an SMSC may send this request on such a session (SMPP 3.4 §2.3, 5.0 §2.4).
    #[must_use]
    pub fn smsc_may_send(self, request: CommandId) -> bool {
        match request {
            CommandId::UNBIND | CommandId::ENQUIRE_LINK => true,
            CommandId::DELIVER_SM | CommandId::DATA_SM | CommandId::ALERT_NOTIFICATION => self != Self::Transmitter,
            _ => false,
        }
    }

    /// The command that opens such a session.
    #[must_use]
    pub const fn command_id(self) -> CommandId {
        match self {
            Self::Transmitter => CommandId::BIND_TRANSMITTER,
            Self::Receiver => CommandId::BIND_RECEIVER,
            Self::Transceiver => CommandId::BIND_TRANSCEIVER,
        }
    }
}

/// Who binds, as what.
#[derive(Clone, PartialEq, Eq)]
pub struct BindRequest {
    /// What the session shall carry.
    pub kind: BindKind,
    /// Who binds.
    pub system_id: Vec<u8>,
    /// The secret; never printed.
    pub password: Vec<u8>,
    /// Kind of ESME; often empty.
    pub system_type: Vec<u8>,
    /// SMPP version, see [`interface_version`].
    pub interface_version: u8,
    /// Type of number of the address range.
    pub addr_ton: u8,
    /// Numbering plan of the address range.
    pub addr_npi: u8,
    /// The addresses that a receiver serves; often empty.
    pub address_range: Vec<u8>,
}

impl BindRequest {
    /// A bind of SMPP 3.4 with nothing but the credentials.
    pub fn new(kind: BindKind, system_id: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            system_id: system_id.into(),
            password: password.into(),
            system_type: Vec::new(),
            interface_version: interface_version::V3_4,
            addr_ton: 0,
            addr_npi: 0,
            address_range: Vec::new(),
        }
    }

    /// The PDU that asks for this.
    #[must_use]
    pub fn pdu(&self) -> Pdu<'_> {
        let bind = Bind {
            system_id: &self.system_id,
            password: &self.password,
            system_type: &self.system_type,
            interface_version: self.interface_version,
            address: Address::new(self.addr_ton, self.addr_npi, &self.address_range),
        };
        match self.kind {
            BindKind::Transmitter => Pdu::BindTransmitter(bind),
            BindKind::Receiver => Pdu::BindReceiver(bind),
            BindKind::Transceiver => Pdu::BindTransceiver(bind),
        }
    }

    /// What this PDU asks for; `None` when it is no bind.
    #[must_use]
    pub fn from_pdu(pdu: &Pdu<'_>) -> Option<Self> {
        let (kind, bind) = match pdu {
            Pdu::BindTransmitter(bind) => (BindKind::Transmitter, bind),
            Pdu::BindReceiver(bind) => (BindKind::Receiver, bind),
            Pdu::BindTransceiver(bind) => (BindKind::Transceiver, bind),
            _ => return None,
        };
        Some(Self {
            kind,
            system_id: bind.system_id.to_vec(),
            password: bind.password.to_vec(),
            system_type: bind.system_type.to_vec(),
            interface_version: bind.interface_version,
            addr_ton: bind.address.ton,
            addr_npi: bind.address.npi,
            address_range: bind.address.addr.to_vec(),
        })
    }
}

impl fmt::Debug for BindRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindRequest")
            .field("kind", &self.kind)
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}

/// What the SMSC said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindReply {
    /// The SMSC's name; may be empty or anything.
    pub system_id: Vec<u8>,
    /// Its SMPP version, when it says so.
    pub interface_version: Option<u8>,
}

/// No session came about.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The SMSC refused; the status says why.
    #[error("the bind was refused: {0}")]
    Refused(CommandStatus),
    /// No answer in time.
    #[error("the bind was not answered in time")]
    Timeout,
    /// The SMSC closed the connection or sent `unbind`.
    #[error("the connection was closed before the bind was answered")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The SMSC does not speak SMPP.
    #[error("the peer does not speak SMPP: {0}")]
    Protocol(&'static str),
    /// The request breaks a limit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl From<WireError> for BindError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Closed => Self::Closed,
            WireError::Io(error) => Self::Io(error),
            WireError::Frame(_) => Self::Protocol("a command_length is out of bounds"),
            WireError::Encode(error) => Self::Encode(error),
        }
    }
}

/// Binds to an SMSC over a connection that is already there, and starts the session's tasks.
///
/// # Errors
/// When the SMSC refuses, or does not answer within `bind_timeout`, or is no SMSC.
pub async fn bind<IO>(
    io: IO,
    request: &BindRequest,
    config: SessionConfig,
) -> Result<(Session, Events, BindReply), BindError>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let wire = Wire::new(io, &config);
    bind_on(wire, request, config).await
}

/// As [`bind`], when something may have been read already.
pub(super) async fn bind_on<IO>(
    mut wire: Wire<IO>,
    request: &BindRequest,
    config: SessionConfig,
) -> Result<(Session, Events, BindReply), BindError>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let sequence = start::sequence_within(config.first_sequence);
    let exchange = exchange(&mut wire, request, sequence);
    let reply = tokio::time::timeout(config.bind_timeout, exchange).await.map_err(|_| BindError::Timeout)??;
    let opening = Opening {
        kind: request.kind,
        peer_interface_version: reply.interface_version,
        next_sequence: start::sequence_after(sequence),
    };
    let (session, events) = start::start(wire, config, opening);
    Ok((session, events, reply))
}

async fn exchange<IO>(wire: &mut Wire<IO>, request: &BindRequest, sequence: u32) -> Result<BindReply, BindError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    wire.send(&request.pdu(), sequence, CommandStatus::ROK).await?;
    loop {
        let frame = wire.next().await?;
        let header = frame.header();
        let pdu = frame.pdu().ok();
        match pdu {
            _ if header.command_id == CommandId::GENERIC_NACK => return Err(refused(header.command_status)),
            Some(Pdu::BindTransmitterResp(resp) | Pdu::BindReceiverResp(resp) | Pdu::BindTransceiverResp(resp)) => {
                return reply(header.command_status, &resp);
            }
            _ => wire.answer_unbound(header).await?,
        }
    }
}

fn reply(status: CommandStatus, resp: &BindResp<'_>) -> Result<BindReply, BindError> {
    if !status.is_ok() {
        return Err(refused(status));
    }
    Ok(BindReply { system_id: resp.system_id.to_vec(), interface_version: resp.sc_interface_version() })
}

fn refused(status: CommandStatus) -> BindError {
    if status.is_ok() { BindError::Protocol("generic_nack without an error") } else { BindError::Refused(status) }
}
