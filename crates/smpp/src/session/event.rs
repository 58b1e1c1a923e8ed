//! What a session tells its owner.

use crate::{Frame, Header};
use std::{io, time::Duration};
use tokio::sync::mpsc;

/// Something happened on a session.
#[derive(Debug)]
pub enum Event {
    /// The peer asks; answer with [`Session::respond`](crate::Session::respond). Its body reads without error.
    /// `enquire_link`, `unbind`, binds, unknown commands and bad bodies are answered inside.
    Request {
        /// The header.
        header: Header,
        /// The PDU.
        frame: Frame,
    },
    /// A request of ours was answered, be it by `generic_nack` or by a response of a wrong kind.
    Response {
        /// What the request was sent with.
        token: u64,
        /// The header of the answer; its status says how the request ended.
        header: Header,
        /// The answer. Its body may be unreadable.
        frame: Frame,
        /// From the sending to the answer.
        elapsed: Duration,
    },
    /// A request of ours was not answered in time. An answer that still comes is only counted.
    Timeout {
        /// What the request was sent with.
        token: u64,
    },
    /// The session is over: always the last event.
    Closed {
        /// Why.
        reason: CloseReason,
        /// The requests of ours that have neither an answer nor a time-out, oldest first.
        unanswered: Vec<u64>,
    },
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer sent `unbind`.
    PeerUnbind,
    /// We sent `unbind`, and it was answered or its time was over.
    Unbound,
    /// [`Session::close`](crate::Session::close) was called, or the events were dropped.
    Local,
    /// The peer closed the connection.
    PeerClosed,
    /// The connection broke.
    Io(io::ErrorKind),
    /// Not a sign of life after `enquire_link`.
    Silent,
    /// Nothing but `enquire_link` for too long.
    Inactive,
    /// A PDU began and did not end in time.
    SlowPdu,
    /// The peer took nothing of what we wrote.
    WriteStalled,
    /// A length out of bounds: the stream was out of step.
    BadLength {
        /// What the length field said.
        command_length: u32,
    },
}

/// The events of one session, in order. Dropping it closes the session.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    pub(super) const fn new(receiver: mpsc::Receiver<Event>) -> Self {
        Self(receiver)
    }

    /// The next event; `None` after [`Event::Closed`].
    pub async fn recv(&mut self) -> Option<Event> {
        self.0.recv().await
    }

    /// Waits for events and appends up to `limit` of them. Zero after [`Event::Closed`].
    pub async fn recv_many(&mut self, buffer: &mut Vec<Event>, limit: usize) -> usize {
        self.0.recv_many(buffer, limit).await
    }

    /// The next event if there is one now.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.0.try_recv().ok()
    }
}
