//! Starts the tasks of a session once it is bound.

use super::link::Link;
use super::wire::Wire;
use super::{BindKind, CloseReason, Events, Session, SessionConfig, keeper, reader, writer};
use crate::SEQUENCE_MAX;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

/// What the opening of a session settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub(super) kind: BindKind,
    pub(super) peer_interface_version: Option<u8>,
    pub(super) next_sequence: u32,
}

pub(super) fn start<IO>(wire: Wire<IO>, config: SessionConfig, opening: Opening) -> (Session, Events)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, receiver) = mpsc::channel(config.events_capacity.max(1));
    let link = Arc::new(Link::new(config, opening.kind, opening.peer_interface_version, opening.next_sequence));
    let Wire { io, buffer, .. } = wire;
    let (read_half, write_half) = tokio::io::split(io);

    let guard = EndGuard(Arc::clone(&link));
    let events = sender.clone();
    let reading = tokio::spawn(async move { reader::read(&guard.0, read_half, buffer, &events).await });
    let guard = EndGuard(Arc::clone(&link));
    let writing = tokio::spawn(async move { writer::write(&guard.0, write_half).await });
    tokio::spawn(keeper::keep(Arc::clone(&link), reading, writing, sender));
    (Session::new(link), Events::new(receiver))
}

/// Should a task end in a way that was not foreseen, the session ends with it, and its owner learns of it.
struct EndGuard(Arc<Link>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.close(CloseReason::Local);
    }
}

/// The sequence number that follows: after 0x7FFFFFFF comes 1.
pub(super) const fn sequence_after(sequence: u32) -> u32 {
    if sequence >= SEQUENCE_MAX { 1 } else { sequence + 1 }
}

/// A first sequence number within what is allowed.
pub(super) const fn sequence_within(sequence: u32) -> u32 {
    if sequence == 0 || sequence > SEQUENCE_MAX { 1 } else { sequence }
}
