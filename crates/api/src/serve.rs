//! The accept loop: HTTP/1.1 with time-outs that are armed, a limit of connections, and an end that drains.
//!
//! hyper's time-out for the head of a request works only with a timer, and is silently off without one; it is set here.
//! It runs from the first moment of a connection and between two requests, so it is the one that ends idle connections; a
//! head that has begun and a client that does not read have time-outs of their own, in [`stream`].

mod stream;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sambac_engine::doorway::Doorway;
use sambac_engine::places::{Place, Places};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::origin::Peer;
use stream::{Requests, Timed};

/// The bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of a request's body.
    pub body_octets_max: usize,
    /// Connections served at once; more wait in the listen queue.
    pub connections_max: usize,
    /// Connections from one address, or one /64 of IPv6; more are closed at once.
    pub connections_per_peer_max: usize,
    /// For the whole head of a request to arrive: the first from the start of the connection, others from their first octet.
    pub head_timeout: Duration,
    /// For a connection to be idle between two requests.
    pub idle_timeout: Duration,
    /// For the client to take an answer, from when it takes no more of it.
    pub write_timeout: Duration,
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
            connections_per_peer_max: 256,
            head_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
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
pub async fn serve(doorway: impl Into<Doorway>, router: Router, limits: Limits, shutdown: CancellationToken) {
    let doorway = doorway.into();
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let peers = Places::new(limits.connections_per_peer_max);
    let connections = TaskTracker::new();
    // Beyond `shutdown`: what still runs when the drain's time is over.
    let abandon = CancellationToken::new();
    while let Some((stream, peer, slot)) = next(&doorway, &slots, &peers, &shutdown).await {
        let connection = connection(stream, peer, router.clone(), limits, shutdown.clone());
        let abandon = abandon.clone();
        connections.spawn(async move {
            let _slot = slot;
            abandon.run_until_cancelled(connection).await;
        });
    }
    drop(doorway);
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

/// What a connection holds while it lasts: one place of all, and one of its peer's.
type Slot = (OwnedSemaphorePermit, Place);

/// The next connection and its slot; `None` once the end has begun.
async fn next(
    doorway: &Doorway,
    slots: &Arc<Semaphore>,
    peers: &Places,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, IpAddr, Slot)> {
    shutdown
        .run_until_cancelled(async {
            let slot = Arc::clone(slots).acquire_owned().await.ok()?;
            let (stream, peer, place) = accept(doorway, peers).await;
            Some((stream, peer, (slot, place)))
        })
        .await
        .flatten()
}

/// The next connection of a peer that has not too many.
async fn accept(doorway: &Doorway, peers: &Places) -> (TcpStream, IpAddr, Place) {
    loop {
        match doorway.accept().await {
            Ok((stream, peer)) => match peers.take(peer.ip()) {
                Some(place) => return (stream, peer.ip(), place),
                None => too_many(peer.ip()),
            },
            Err(error) => refused(&error).await,
        }
    }
}

/// The connection is closed by being dropped.
fn too_many(peer: IpAddr) {
    tracing::debug!(%peer, "a peer has too many connections");
}

/// A client that hung up again is nothing; all else is the system's and will not be better at once.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, router: Router, limits: Limits, shutdown: CancellationToken) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.idle_timeout).max_buf_size(HEAD_OCTETS_MAX);
    let requests = Requests::default();
    let stream = Timed::new(stream, requests.clone(), limits.head_timeout, limits.write_timeout);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        requests.step();
        let (answer, requests) = (router.call(request), requests.clone());
        async move {
            let answer = answer.await;
            // One that goes on as another protocol runs until its end.
            if answer.as_ref().is_ok_and(|answer| answer.status() != StatusCode::SWITCHING_PROTOCOLS) {
                requests.step();
            }
            answer
        }
    });
    let served = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
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
