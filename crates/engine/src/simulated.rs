//! What is outside of the engine, as a simulation plays it: operators, receivers of webhooks, and clients over SMPP. A program that was
//! built for users has none of this.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::DuplexStream;

use crate::Engine;
use crate::smsc;

/// What was answered: a status and how long to wait, or why there is no answer.
pub type Posted = Result<(u16, Option<Duration>), &'static str>;

/// Everybody else.
pub trait World: Send + Sync {
    /// Opens a connection to an SMSC.
    ///
    /// # Errors
    /// When nobody is there.
    fn connect(&self, host: &str, port: u16) -> io::Result<DuplexStream>;

    /// Posts an event to a webhook.
    fn post(&self, url: &str, event_id: &str, body: String) -> Pin<Box<dyn Future<Output = Posted> + Send>>;
}

impl Engine {
    /// Serves a client's ESME on a pipe.
    pub fn serve_smpp(&self, io: DuplexStream, peer: SocketAddr) {
        smsc::serve_pipe(&self.0, io, peer);
    }
}

/// As an HTTP client would tell it.
pub(crate) async fn post(
    world: &Arc<dyn World>,
    (url, event_id): (&str, &str),
    body: String,
) -> Result<(StatusCode, HeaderMap), &'static str> {
    let (status, after) = world.post(url, event_id, body).await?;
    let after = after.map(|after| (HeaderName::from_static("retry-after"), HeaderValue::from(after.as_secs())));
    Ok((StatusCode::from_u16(status).map_err(|_| "connection broke")?, HeaderMap::from_iter(after)))
}
