//! The accept loop: HTTP/1.1 with time-outs that are armed, a limit of connections, and an end that drains.
//!
//! hyper's time-out for the head of a request works only with a timer, and is silently off without one; it is set here.
//! It runs from the first moment of a connection and between two requests, so it also ends idle connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of a request's body.
    pub body_octets_max: usize,
    /// Connections served at once; more wait in the listen queue.
    pub connections_max: usize,
    /// For the whole head of a request to arrive, and for a connection to be idle.
    pub head_timeout: Duration,
    /// From the head to the answer, the body's arrival included.
    pub request_timeout: Duration,
    /// For requests that run when the end begins.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_octets_max: 64 * 1024,
            connections_max: 4_096,
            head_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Octets of a request's head, hyper's read buffer.
const HEAD_OCTETS_MAX: usize = 32 * 1024;
/// How long to wait after the system refused to accept, as it does when file handles run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `router` until `shutdown`, then lets requests that run finish and returns.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, shutdown: CancellationToken) {
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let connections = TaskTracker::new();
    // Beyond `shutdown`: what still runs when the drain's time is over.
    let abandon = CancellationToken::new();
    while let Some((stream, slot)) = next(&listener, &slots, &shutdown).await {
        let connection = connection(stream, router.clone(), limits, shutdown.clone());
        let abandon = abandon.clone();
        connections.spawn(async move {
            let _slot = slot;
            abandon.run_until_cancelled(connection).await;
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain_timeout, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests still ran at the end of the drain and were abandoned"
        );
        abandon.cancel();
        connections.wait().await;
    }
}

/// The next connection and its slot; `None` once the end has begun.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    shutdown
        .run_until_cancelled(async {
            let slot = Arc::clone(slots).acquire_owned().await.ok()?;
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => return Some((stream, slot)),
                    Err(error) => refused(&error).await,
                }
            }
        })
        .await
        .flatten()
}

/// A client that hung up again is nothing; all else is the system's and will not be better at once.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, shutdown: CancellationToken) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(HEAD_OCTETS_MAX);
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    // What ends a connection early (a client that left, a head that is no HTTP) is the client's business.
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = shutdown.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
