//! The task that writes: everything that waits goes out in one write.

use super::CloseReason;
use super::link::{Link, Output};
use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// A buffer that grew beyond this in a burst is given back when it is not needed any more.
const KEPT_OCTETS: usize = 64 * 1024;

/// Writes until the session is over and all is written, then closes the sending side.
pub(super) async fn write<W: AsyncWrite + Unpin>(link: &Link, mut io: W) {
    let mut chunk = BytesMut::new();
    loop {
        match link.take_output(&mut chunk) {
            Output::Wait => link.written.notified().await,
            Output::Done => break,
            Output::Write => {
                if let Err(reason) = write_out(link, &mut io, &mut chunk).await {
                    link.close(reason);
                    break;
                }
            }
        }
    }
    // The peer may be gone already; there is nobody left to tell.
    let _ = io.shutdown().await;
}

/// Writes all of `chunk`. Only a write that moves nothing at all is a stall: a slow peer may take its time.
async fn write_out<W: AsyncWrite + Unpin>(link: &Link, io: &mut W, chunk: &mut BytesMut) -> Result<(), CloseReason> {
    let limit = link.config.write_timeout;
    let failed = |error: io::Error| CloseReason::Io(error.kind());
    let mut rest = chunk.as_ref();
    while !rest.is_empty() {
        let written = timeout(limit, io.write(rest)).await.map_err(|_| CloseReason::WriteStalled)?.map_err(failed)?;
        if written == 0 {
            return Err(CloseReason::Io(io::ErrorKind::WriteZero));
        }
        rest.advance(written);
    }
    let is_oversized = chunk.capacity() > KEPT_OCTETS && chunk.len() < chunk.capacity() / 8;
    if is_oversized {
        *chunk = BytesMut::new();
    }
    chunk.clear();
    timeout(limit, io.flush()).await.map_err(|_| CloseReason::WriteStalled)?.map_err(failed)
}
