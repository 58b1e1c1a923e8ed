//! Sessions, for both sides. The owner sends through [`Session`] and hears of everything through [`Events`].
//!
//! Three tasks carry a session: one reads, one writes, one keeps time. `enquire_link`, `unbind`, unknown commands and
//! unreadable bodies are dealt with inside; what the owner must decide comes as an [`Event`].
//!
//! ```
//! use sambac_smpp::*;
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let (here, there) = tokio::io::duplex(4096);
//! let smsc = tokio::spawn(async move {
//!     let pending = accept(there, SessionConfig::default()).await.unwrap();
//!     let (session, mut events) = pending.accept("smsc", Some(0x34), 10).await.unwrap();
//!     while let Some(Event::Request { header, .. }) = events.recv().await {
//!         let resp = Pdu::SubmitSmResp(SmResp::new(b"id-1"));
//!         session.respond(header.sequence_number, CommandStatus::ROK, &resp).unwrap();
//!     }
//! });
//! let request = BindRequest::new(BindKind::Transceiver, "bank", "secret");
//! let (session, mut events, _) = bind(here, &request, SessionConfig::default()).await.unwrap();
//! session.send(&Pdu::SubmitSm(Sm { short_message: b"hello", ..Sm::default() }), 42).await.unwrap();
//! assert!(matches!(events.recv().await, Some(Event::Response { token: 42, .. })));
//! session.unbind(std::time::Duration::from_secs(5)).await;
//! # smsc.await.unwrap();
//! # }
//! ```

mod accept;
mod bind;
mod config;
mod event;
mod keeper;
mod link;
mod outbind;
mod reader;
mod start;
mod state;
mod tap;
mod window;
mod wire;
mod writer;

pub use accept::{AcceptError, PendingBind, accept};
pub use bind::{BindError, BindKind, BindReply, BindRequest, bind};
pub use config::{BrokenTlvs, SessionConfig, WINDOW_MAX};
pub use event::{CloseReason, Event, Events};
pub use outbind::{PendingOutbind, outbind};
pub use state::SessionCounters;
pub use tap::{Direction, Tap, Tapped};

use crate::{CommandId, CommandStatus, EncodeError, Header, Pdu, encode};
use bytes::BytesMut;
use link::{Link, Over, Unqueued};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::TryAcquireError;
use tokio::time::timeout;

/// A handle to a session; clones are cheap. Dropping all of them leaves the session open, dropping its [`Events`]
/// closes it.
#[derive(Clone)]
pub struct Session {
    link: Arc<Link>,
}

/// The buffers hold texts, so they are left out.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// A PDU was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The session is over, or about to be.
    #[error("the session is closed")]
    Closed,
    /// The PDU breaks a limit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A PDU was not sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrySendError {
    /// All slots of the window are taken, or the write buffer is full.
    #[error("the window is full")]
    WindowFull,
    /// The session is over, or about to be.
    #[error("the session is closed")]
    Closed,
    /// The PDU breaks a limit.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Session {
    fn new(link: Arc<Link>) -> Self {
        Self { link }
    }

    /// Sends a request as soon as a slot of the window is free, and returns its sequence number. `token` comes back
    /// exactly once: in a response, a time-out, or among the unanswered ones at the end.
    ///
    /// # Errors
    /// When the session is over, or the PDU breaks a limit.
    pub async fn send(&self, pdu: &Pdu<'_>, token: u64) -> Result<u32, SendError> {
        loop {
            let slot = self.link.slots.acquire().await.map_err(|_| SendError::Closed)?;
            match self.link.queue_request(pdu, token) {
                Ok(sequence) => {
                    slot.forget();
                    return Ok(sequence);
                }
                Err(Unqueued::Over) => return Err(SendError::Closed),
                Err(Unqueued::Encode(error)) => return Err(error.into()),
                Err(Unqueued::Full) => drop(slot),
            }
            self.link.ready().await;
        }
    }

    /// As [`send`](Self::send), but never waits.
    ///
    /// # Errors
    /// When there is no slot or no room now, when the session is over, or the PDU breaks a limit.
    pub fn try_send(&self, pdu: &Pdu<'_>, token: u64) -> Result<u32, TrySendError> {
        let slot = self.link.slots.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits => TrySendError::WindowFull,
            TryAcquireError::Closed => TrySendError::Closed,
        })?;
        let sequence = self.link.queue_request(pdu, token).map_err(|error| match error {
            Unqueued::Over => TrySendError::Closed,
            Unqueued::Full => TrySendError::WindowFull,
            Unqueued::Encode(error) => error.into(),
        })?;
        slot.forget();
        Ok(sequence)
    }

    /// Answers a request of the peer. This never waits: who answers many awaits [`ready`](Self::ready) between them.
    ///
    /// # Errors
    /// When the session is over, or the PDU breaks a limit.
    pub fn respond(&self, sequence: u32, status: CommandStatus, pdu: &Pdu<'_>) -> Result<(), SendError> {
        let written = self.link.queue_response(|out| encode(pdu, sequence, status, out));
        written.map_err(|Over| SendError::Closed)?.map_err(SendError::Encode)
    }

    /// Answers a request with a status alone, in the shape of its kind. Requests without an answer get none.
    pub fn respond_error(&self, request: Header, status: CommandStatus) {
        if request.command_id.response().is_none() {
            return;
        }
        let written = |out: &mut BytesMut| {
            state::error_response(request, status, out);
            Ok::<(), Infallible>(())
        };
        // When the session is over, there is nobody to answer.
        let _ = self.link.queue_response(written);
    }

    /// Waits until the write buffer is below its bound, or the session is over.
    pub async fn ready(&self) {
        self.link.ready().await;
    }

    /// Requests of ours that wait for their answer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.link.lock().window.len()
    }

    /// The sequence number of the next request. A session that begins with it as [`SessionConfig::first_sequence`] takes no answer that was meant for
    /// this one.
    #[must_use]
    pub fn next_sequence(&self) -> u32 {
        self.link.lock().next_sequence()
    }

    /// Requests that can be sent now.
    #[must_use]
    pub fn window_free(&self) -> usize {
        self.link.slots.available_permits()
    }

    /// What the session may carry.
    #[must_use]
    pub fn kind(&self) -> BindKind {
        self.link.kind
    }

    /// The SMPP version of the peer: of an ESME what its bind said, of an SMSC what its answer said, if it did.
    #[must_use]
    pub fn peer_interface_version(&self) -> Option<u8> {
        self.link.peer_interface_version
    }

    /// What went by without an event.
    #[must_use]
    pub fn counters(&self) -> SessionCounters {
        self.link.lock().counters
    }

    /// Whether requests can still be sent: the session is not over, and neither side has asked to unbind.
    #[must_use]
    pub fn takes_requests(&self) -> bool {
        let state = self.link.lock();
        state.closed.is_none() && !state.is_draining
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.link.lock().closed.is_some()
    }

    /// Waits until the session is over.
    pub async fn closed(&self) {
        self.link.until(|state| state.closed.is_some()).await;
    }

    /// [`unbind`](Self::unbind) once the owner has answered what the peer asked, for which it is waited up to `answers`: many a peer closes as
    /// soon as it reads `unbind`. For an owner that refuses whatever comes now.
    pub async fn answer_and_unbind(&self, answers: Duration, limit: Duration) {
        self.link.drain();
        // In time or not.
        let _ = timeout(answers, self.link.until(state::State::owes_nothing)).await;
        self.unbind(limit).await;
    }

    /// Ends the session in good order: takes no more requests, waits up to `limit` for open responses, sends `unbind`,
    /// waits up to `limit` again for its answer and until the owner has answered what the peer asked, and closes.
    pub async fn unbind(&self, limit: Duration) {
        self.link.drain();
        let answered = self.link.until(|state| state.window.is_empty() || state.closed.is_some());
        // Whether they were answered or not, the session ends now; `Closed` names the unanswered.
        let _ = timeout(limit, answered).await;
        self.link.with(|state| {
            if state.closed.is_none() && !state.unbind_sent {
                state.unbind_sent = true;
                state.own_request(CommandId::UNBIND);
            }
        });
        if timeout(limit, self.closed()).await.is_err() {
            self.link.close(CloseReason::Unbound);
        }
        self.link.until(|state| state.is_flushed).await;
    }

    /// Ends the session at once. What was queued before is still written.
    pub fn close(&self) {
        self.link.close(CloseReason::Local);
    }
}
