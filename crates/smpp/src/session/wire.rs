//! A connection before its session has begun: whole PDUs, one at a time.

use super::state::error_response;
use super::{SessionConfig, Tap};
use crate::encode::encode_header;
use crate::{CommandId, CommandStatus, EncodeError, Frame, FrameError, Framer, Header, Pdu, encode};
use bytes::BytesMut;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The connection, and what was read of it and not used.
pub(super) struct Wire<IO> {
    pub(super) io: IO,
    pub(super) buffer: BytesMut,
    framer: Framer,
    tap: Option<Tap>,
}

/// What ends a connection before its session.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the peer closed the connection")]
    Closed,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(super) fn new(io: IO, config: &SessionConfig) -> Self {
        let framer = Framer::new(config.max_pdu_bytes);
        Self { io, buffer: BytesMut::new(), framer, tap: config.tap.clone() }
    }

    /// The next PDU. A senseless length is answered, as the stream cannot go on.
    pub(super) async fn next(&mut self) -> Result<Frame, WireError> {
        loop {
            match self.framer.next(&mut self.buffer) {
                Ok(Some(frame)) => {
                    if let Some(tap) = &self.tap {
                        tap.received(frame.bytes());
                    }
                    return Ok(frame);
                }
                Ok(None) if self.io.read_buf(&mut self.buffer).await? == 0 => return Err(WireError::Closed),
                Ok(None) => {}
                Err(error) => {
                    self.send_header(CommandId::GENERIC_NACK, error.sequence, CommandStatus::RINVCMDLEN).await?;
                    return Err(error.into());
                }
            }
        }
    }

    pub(super) async fn send(&mut self, pdu: &Pdu<'_>, sequence: u32, status: CommandStatus) -> Result<(), WireError> {
        let mut out = BytesMut::new();
        encode(pdu, sequence, status, &mut out)?;
        self.write(&out).await
    }

    /// Answers what may come before a bind: `enquire_link` as always, requests with `RINVBNDSTS`, unknown ones with
    /// `generic_nack`. Responses need no answer. `unbind` is answered and ends the connection.
    pub(super) async fn answer_unbound(&mut self, header: Header) -> Result<(), WireError> {
        match header.command_id {
            CommandId::ENQUIRE_LINK => self.answer(header, CommandStatus::ROK).await,
            CommandId::UNBIND => {
                self.answer(header, CommandStatus::ROK).await?;
                Err(WireError::Closed)
            }
            id if id.is_response() => Ok(()),
            id if id.known_name().is_none() => {
                self.send_header(CommandId::GENERIC_NACK, header.sequence_number, CommandStatus::RINVCMDID).await
            }
            _ => self.answer(header, CommandStatus::RINVBNDSTS).await,
        }
    }

    pub(super) async fn answer(&mut self, request: Header, status: CommandStatus) -> Result<(), WireError> {
        let mut out = BytesMut::new();
        error_response(request, status, &mut out);
        self.write(&out).await
    }

    async fn send_header(&mut self, id: CommandId, sequence: u32, status: CommandStatus) -> Result<(), WireError> {
        let mut out = BytesMut::new();
        encode_header(id, sequence, status, &mut out);
        self.write(&out).await
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), WireError> {
        if let Some(tap) = &self.tap {
            tap.sent(octets, None);
        }
        self.io.write_all(octets).await?;
        Ok(self.io.flush().await?)
    }
}
