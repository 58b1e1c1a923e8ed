//! The ESME's side of a session that the SMSC asks for with `outbind` (SMPP 3.4 §2.2.2, §4.1.7).

use super::bind::{BindError, BindReply, BindRequest, bind_on};
use super::wire::{Wire, WireError};
use super::{Events, Session, SessionConfig};
use crate::Pdu;
use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection of an SMSC that wants us to bind on it.
pub struct PendingOutbind<IO> {
    wire: Wire<IO>,
    config: SessionConfig,
    system_id: Vec<u8>,
    password: Vec<u8>,
}

/// The password is left out.
impl<IO> fmt::Debug for PendingOutbind<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system_id = self.system_id.escape_ascii().to_string();
        f.debug_struct("PendingOutbind").field("system_id", &system_id).finish_non_exhaustive()
    }
}

/// Waits for an `outbind`. Before it, `enquire_link` is answered, and other requests are refused with `RINVBNDSTS`.
///
/// # Errors
/// When none comes within `bind_timeout`, or the peer does not speak SMPP.
pub async fn outbind<IO>(io: IO, config: SessionConfig) -> Result<PendingOutbind<IO>, BindError>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut wire = Wire::new(io, &config);
    let said = tokio::time::timeout(config.bind_timeout, next_outbind(&mut wire)).await;
    let (system_id, password) = said.map_err(|_| BindError::Timeout)??;
    Ok(PendingOutbind { wire, config, system_id, password })
}

async fn next_outbind<IO>(wire: &mut Wire<IO>) -> Result<(Vec<u8>, Vec<u8>), WireError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let frame = wire.next().await?;
        match frame.pdu() {
            Ok(Pdu::Outbind(outbind)) => return Ok((outbind.system_id.to_vec(), outbind.password.to_vec())),
            _ => wire.answer_unbound(frame.header()).await?,
        }
    }
}

impl<IO> PendingOutbind<IO> {
    /// Who the SMSC says it is.
    #[must_use]
    pub fn system_id(&self) -> &[u8] {
        &self.system_id
    }

    /// Its secret.
    #[must_use]
    pub fn password(&self) -> &[u8] {
        &self.password
    }
}

impl<IO> PendingOutbind<IO>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    /// Binds on this connection, and starts the session's tasks.
    ///
    /// # Errors
    /// As those of [`bind`](crate::bind()).
    pub async fn bind(self, request: &BindRequest) -> Result<(Session, Events, BindReply), BindError> {
        bind_on(self.wire, request, self.config).await
    }
}
