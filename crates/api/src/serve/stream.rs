//! A connection with the time-outs that hyper does not have: for a client that does not read what it asked for, and for a
//! head that has begun, apart from the longer time in which nothing need come.
//!
//! The service tells by [`Requests`] when a request runs; the stream sees the octets. A time-out is an error of the stream,
//! so hyper ends the connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Beginnings and ends of requests: odd while one runs.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<AtomicU64>);

impl Requests {
    /// A request begins or ends.
    pub(super) fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The stream and its two time-outs.
pub(super) struct Timed<S> {
    stream: S,
    requests: Requests,
    head: Deadline,
    /// Which head is awaited.
    head_of: u64,
    write: Deadline,
}

impl<S> Timed<S> {
    /// The first head is awaited from now on, a later one from its first octet on. What is written must be taken within
    /// `write_timeout` as a whole, from the moment that the client takes no more.
    pub(super) fn new(stream: S, requests: Requests, head_timeout: Duration, write_timeout: Duration) -> Self {
        let mut head = Deadline::new(head_timeout);
        head.arm();
        Self { stream, head_of: requests.now(), requests, head, write: Deadline::new(write_timeout) }
    }

    /// Ends the wait for a head that has come.
    fn look_at_requests(&mut self) {
        if self.head_of != self.requests.now() {
            self.head_of = self.requests.now();
            self.head.disarm();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.look_at_requests();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if read.is_pending() {
            ready!(this.head.poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if this.requests.now().is_multiple_of(2) {
            this.head.arm();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> Timed<S> {
    fn timed<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_pending() {
            self.write.arm();
            ready!(self.write.poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, octets);
        self.timed(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.timed(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes once it has nothing more to write: all was taken.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.write.disarm();
        }
        self.timed(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.timed(cx, closed)
    }
}

/// A time-out that may run. The timer is made once and kept.
struct Deadline {
    after: Duration,
    armed: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn new(after: Duration) -> Self {
        Self { after, armed: false, timer: None }
    }

    /// Lets it run, unless it does.
    fn arm(&mut self) {
        if self.armed {
            return;
        }
        self.armed = true;
        let at = Instant::now() + self.after;
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(at),
            None => self.timer = Some(Box::pin(sleep_until(at))),
        }
    }

    fn disarm(&mut self) {
        self.armed = false;
    }

    /// Ready when it runs and its time is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            Some(timer) if self.armed => timer.as_mut().poll(cx),
            _ => Poll::Pending,
        }
    }
}
