//! A client that speaks octet by octet: for PDUs that no session would send, and answers that it would not show.

use std::collections::VecDeque;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use sambac_smpp::{Bind, CommandStatus, Frame, Framer, Pdu, encode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Secrets;
use super::wait::PATIENCE;

/// A connection of which nothing is hidden.
#[derive(Debug)]
pub struct Wire<IO = TcpStream> {
    io: IO,
    buffer: BytesMut,
    framer: Framer,
    sequence: u32,
    /// Requests of the peer that came before an answer.
    passed: VecDeque<Frame>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(at: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(at).await.with_context(|| format!("connecting to {at}"))?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Connects and binds as transceiver with this SMPP version.
    ///
    /// # Errors
    /// When the bind is refused.
    pub async fn bound(at: SocketAddr, secrets: &Secrets, system_id: &str, version: u8) -> Result<(Self, Frame)> {
        let mut wire = Self::connect(at).await?;
        let answer = wire.bind(system_id, secrets.smpp_password(system_id)?, version).await?;
        ensure!(answer.header().command_status.is_ok(), "refused: {}", answer.header().command_status);
        Ok((wire, answer))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    /// Over any stream.
    pub fn over(io: IO) -> Self {
        Self { io, buffer: BytesMut::new(), framer: Framer::default(), sequence: 0, passed: VecDeque::new() }
    }

    /// Binds as transceiver; returns the answer, whatever it says.
    ///
    /// # Errors
    /// When none comes.
    pub async fn bind(&mut self, system_id: &str, password: &str, version: u8) -> Result<Frame> {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: version,
            ..Bind::default()
        };
        self.ask(&Pdu::BindTransceiver(bind)).await
    }

    /// Sends a request and returns the next PDU that is its answer. Requests that come before it are kept for
    /// [`take_request`](Self::take_request); other answers are passed over.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn ask(&mut self, pdu: &Pdu<'_>) -> Result<Frame> {
        let octets = self.encoded(pdu)?;
        self.ask_octets(&octets).await
    }

    /// The same with a request as it is.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn ask_octets(&mut self, octets: &[u8]) -> Result<Frame> {
        let sequence = self.sequence;
        self.send(octets).await?;
        loop {
            let frame = self.next().await?.context("the connection ended before the answer")?;
            let header = frame.header();
            if header.sequence_number == sequence && header.command_id.is_response() {
                return Ok(frame);
            }
            if !header.command_id.is_response() {
                self.passed.push_back(frame);
            }
        }
    }

    /// A request under the next sequence number, encoded and not sent.
    ///
    /// # Errors
    /// When it breaks a limit.
    pub fn encoded(&mut self, pdu: &Pdu<'_>) -> Result<Vec<u8>> {
        self.sequence += 1;
        let mut octets = BytesMut::new();
        encode(pdu, self.sequence, CommandStatus::ROK, &mut octets)?;
        Ok(octets.to_vec())
    }

    /// Sends octets as they are.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn send(&mut self, octets: &[u8]) -> Result<()> {
        self.io.write_all(octets).await?;
        Ok(self.io.flush().await?)
    }

    /// The next PDU; `None` at the end of the connection.
    ///
    /// # Errors
    /// When nothing comes in time, or what comes is no PDU.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.framer.next(&mut self.buffer).map_err(|error| anyhow::anyhow!("{error}"))? {
                return Ok(Some(frame));
            }
            let read = timeout(PATIENCE, self.io.read_buf(&mut self.buffer)).await.context("nothing came")?;
            // A reset is an end too.
            if read.unwrap_or(0) == 0 {
                return Ok(None);
            }
        }
    }

    /// The next request of the peer of this kind, answered with `ROK`.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn take_request(&mut self, id: sambac_smpp::CommandId) -> Result<Frame> {
        loop {
            let frame = match self.passed.pop_front() {
                Some(frame) => frame,
                None => self.next().await?.context("the connection ended before the request")?,
            };
            let header = frame.header();
            if header.command_id == id {
                let mut octets = BytesMut::new();
                let answer = id.response().map(Pdu::empty).context("a request without an answer")?;
                encode(&answer, header.sequence_number, CommandStatus::ROK, &mut octets)?;
                self.send(&octets).await?;
                return Ok(frame);
            }
        }
    }
}

/// Appends octets to an encoded PDU, whatever they are, and mends its length.
pub fn append(pdu: &mut Vec<u8>, octets: &[u8]) {
    pdu.extend_from_slice(octets);
    let length = u32::try_from(pdu.len()).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(head) = pdu.first_chunk_mut() {
        *head = length;
    }
}
