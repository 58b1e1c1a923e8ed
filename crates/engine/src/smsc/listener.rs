//! Accepts connections of client ESMEs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sambac_smpp::{CommandStatus, SessionConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{bind, session};
use crate::{Engine, Inner};

/// A connection that has not bound by then is closed.
const BIND_TIMEOUT: Duration = Duration::from_secs(5);
/// The answer to a wrong credential takes this long, so that guessing is slow.
const REFUSAL_DELAY: Duration = Duration::from_secs(1);
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What we call ourselves in a bind_resp.
const SYSTEM_ID: &str = "sambac";
/// SMPP 3.4 is what we speak.
const INTERFACE_VERSION: u8 = 0x34;

impl Engine {
    /// Serves client ESMEs on `listener` until the engine stops.
    pub fn listen_smpp(&self, listener: TcpListener) {
        let inner = Arc::clone(&self.0);
        self.0.tasks.spawn(run(inner, listener));
    }
}

async fn run(inner: Arc<Inner>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(inner.settings.smpp_connections_max));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = inner.draining.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => drop(inner.tasks.spawn(connection(Arc::clone(&inner), stream, peer, place))),
                Err(_) => inner.metrics.connection_refused(),
            },
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(inner: Arc<Inner>, stream: TcpStream, peer: SocketAddr, _place: OwnedSemaphorePermit) {
    if stream.set_nodelay(true).is_err() {
        return; // It has gone already.
    }
    let config = SessionConfig { bind_timeout: BIND_TIMEOUT, ..SessionConfig::default() };
    let pending = match sambac_smpp::accept(stream, config).await {
        Ok(pending) => pending,
        Err(error) => return tracing::debug!(%peer, %error, "no bind"),
    };
    let account = match bind::verify(&inner, pending.request(), peer.ip()).await {
        Ok(account) => account,
        Err(code) => {
            inner.metrics.bind_refused();
            tracing::warn!(%peer, reason = code.code(), "bind refused");
            tokio::time::sleep(REFUSAL_DELAY).await;
            return pending.refuse(CommandStatus(code.command_status())).await;
        }
    };
    let window = account.row.window_max;
    match pending.accept(SYSTEM_ID, Some(INTERFACE_VERSION), window).await {
        Ok((session, events)) => session::run(inner, account, session, events).await,
        Err(error) => tracing::debug!(%peer, %error, "the bind was not finished"),
    }
}
