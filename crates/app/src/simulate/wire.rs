//! What goes wrong on the way: PDUs in pieces or in heaps, answers of a wrong shape, order or kind, links that die in silence.
//!
//! The simulated SMSC itself knows nothing of it: its session speaks into a pipe, and this relay carries the octets between the
//! pipe and the connection, changing what the scenario's `[wire]` says.

mod mangle;

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use sambac_smpp::Framer;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, sleep, sleep_until};

use super::connection::Connection;
use super::core::Core;
use mangle::{Mangler, Verdict};

/// Octets in the pipe, either way.
const PIPE_OCTETS: usize = 256 * 1024;
/// Between the pieces of what is written in pieces, so that they travel alone.
const PIECE_PAUSE: Duration = Duration::from_millis(1);
/// How long answers are held back for others to overtake them.
const SHUFFLE_WAIT: Duration = Duration::from_millis(100);

/// `[wire]`: every key is off by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WireSettings {
    /// Writes so many octets at a time.
    split_octets: usize,
    /// Gathers what is written for so long.
    coalesce_ms: u64,
    /// Holds back so many answers to submits and gives them in reverse.
    shuffle: usize,
    /// After so many answers these octets are written, in hexadecimal.
    garbage: String,
    garbage_after: u32,
    /// With every so-manieth answer comes a request of an unknown command.
    unknown_command_every: u32,
    /// Every so-manieth answer to a submit comes twice.
    answer_twice_every: u32,
    /// With every so-manieth answer comes a copy for a submit that never was.
    unasked_every: u32,
    /// Every so-manieth answer is kept, and comes on the next connection, before its first answer.
    late_every: u32,
    /// Refusals of submits carry a body.
    error_body: bool,
    /// Refusals of submits come as generic_nack: with the submit's sequence number, or with 0.
    nack: Option<Nack>,
    /// Answers to submits are of another kind: this command_id instead of submit_sm_resp.
    answer_command_id: Option<u32>,
    /// Probes before the bind is answered, and answers it only when the probe was.
    probe_before_bind_resp: bool,
    /// Never answers enquire_link.
    ignore_probes: bool,
    /// The sequence number of the first request of its own.
    sequence_first: Option<u32>,
    /// After so many submits nothing is read or written any more; the connection stays.
    silent_after: u32,
    /// Closes instead of answering the so-manieth submit.
    close_after: u32,
    /// Asks to unbind after so many answers; what is open is still answered.
    unbind_after: u32,
    /// Closes when nothing came for so long.
    idle_close_ms: u64,
    /// Cuts the link when more submits than this are unanswered.
    window_cut: usize,
}

/// With which sequence number a generic_nack answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Nack {
    Sequence,
    Zero,
}

/// The connection as the session sees it: itself, or the end of a pipe with the relay behind it.
pub(crate) fn through(core: &Arc<Core>, io: Connection) -> Connection {
    if core.wire == WireSettings::default() {
        return io;
    }
    let (session, relayed) = tokio::io::duplex(PIPE_OCTETS);
    let relay = Relay {
        mangler: Mangler::new(Arc::clone(core)),
        io,
        pipe: relayed,
        from_io: BytesMut::new(),
        from_pipe: BytesMut::new(),
        heard_at: Instant::now(),
        written_at: None,
    };
    tokio::spawn(relay.run());
    Box::new(session)
}

struct Relay {
    mangler: Mangler,
    io: Connection,
    pipe: DuplexStream,
    from_io: BytesMut,
    from_pipe: BytesMut,
    /// When something came the last time.
    heard_at: Instant,
    /// When what is gathered is written.
    written_at: Option<Instant>,
}

impl Relay {
    /// Until either side ends.
    async fn run(mut self) {
        while self.turn().await.is_some_and(|goes_on| goes_on) {}
        // What is left is still written: the other side may listen.
        let _ = self.write_gathered().await;
    }

    /// One piece of work; none when a side has ended.
    async fn turn(&mut self) -> Option<bool> {
        let settings = self.mangler.settings();
        let (idle, is_silent) = (Duration::from_millis(settings.idle_close_ms), self.mangler.is_silent);
        let (idle_at, due_at) = (self.heard_at + idle, self.written_at);
        tokio::select! {
            read = self.io.read_buf(&mut self.from_io), if !is_silent => {
                self.heard_at = Instant::now();
                if read.ok()? == 0 { return None; }
                self.inbound().await
            }
            read = self.pipe.read_buf(&mut self.from_pipe) => {
                if read.ok()? == 0 { return None; }
                self.outbound().await
            }
            () = sleep_until(idle_at), if !idle.is_zero() => None,
            () = sleep_until(due_at.unwrap_or(idle_at)), if due_at.is_some() => {
                self.mangler.release();
                self.write_gathered().await
            }
        }
    }

    async fn inbound(&mut self) -> Option<bool> {
        while let Some(frame) = Framer::default().next(&mut self.from_io).ok()? {
            match self.mangler.inbound(&frame) {
                Verdict::Pass => self.pipe.write_all(frame.bytes()).await.ok()?,
                Verdict::PassAs(octets) => self.pipe.write_all(&octets).await.ok()?,
                Verdict::Keep => {}
                Verdict::Close => return None,
            }
        }
        self.gather().await
    }

    async fn outbound(&mut self) -> Option<bool> {
        while let Some(frame) = Framer::default().next(&mut self.from_pipe).ok()? {
            if !self.mangler.is_silent {
                self.mangler.outbound(&frame);
            }
        }
        self.gather().await
    }

    /// Writes what there is, now or when it has gathered.
    async fn gather(&mut self) -> Option<bool> {
        let settings = self.mangler.settings();
        let wait = match (settings.coalesce_ms, self.mangler.holds()) {
            (0, false) => return self.write_gathered().await,
            (0, true) => SHUFFLE_WAIT,
            (ms, _) => Duration::from_millis(ms),
        };
        if self.mangler.holds() && settings.coalesce_ms == 0 {
            self.write_gathered().await?;
        }
        self.written_at.get_or_insert(Instant::now() + wait);
        Some(true)
    }

    async fn write_gathered(&mut self) -> Option<bool> {
        self.written_at = None;
        let octets = std::mem::take(&mut self.mangler.out);
        let pieces = self.mangler.settings().split_octets;
        write(&mut self.io, &octets, pieces).await.ok()?;
        Some(true)
    }
}

async fn write(io: &mut (impl AsyncWrite + Unpin), octets: &[u8], piece_octets: usize) -> std::io::Result<()> {
    if piece_octets == 0 {
        io.write_all(octets).await?;
        return io.flush().await;
    }
    for piece in octets.chunks(piece_octets) {
        io.write_all(piece).await?;
        io.flush().await?;
        sleep(PIECE_PAUSE).await;
    }
    Ok(())
}
