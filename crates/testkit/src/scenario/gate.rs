//! A way to a server that can be shut: nothing passes then, in neither direction, and no connection ends. It is what a network does
//! that is cut in two: who waits for an answer cannot tell a peer that is slow from one that is gone.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Octets that pass at once.
const CHUNK: usize = 16_384;

/// Where a way leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A socket in the file system.
    Socket(PathBuf),
    /// A port of this machine.
    Port(u16),
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::Socket(path.to_owned())
    }
}

impl From<u16> for Place {
    fn from(port: u16) -> Self {
        Self::Port(port)
    }
}

/// The way, open at first; it and all its connections end with this.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    place: watch::Sender<Place>,
    open: watch::Sender<bool>,
    listening: JoinHandle<()>,
}

impl Gate {
    /// A port that leads to the server there.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn to(place: impl Into<Place>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, (open, is_open)) = (listener.local_addr()?.port(), watch::channel(true));
        let (place, leads_to) = watch::channel(place.into());
        let listening = tokio::spawn(listen(listener, leads_to, is_open));
        Ok(Self { port, place, open, listening })
    }

    /// Where it is on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to another server. Those that are there stay where they are.
    pub fn lead_to(&self, place: impl Into<Place>) {
        self.place.send_replace(place.into());
    }

    /// Nothing passes from now on; what has passed is not called back.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// All passes again, also what has waited.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, leads_to: watch::Receiver<Place>, is_open: watch::Receiver<bool>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (leads_to, mut is_open) = (leads_to.clone(), is_open.clone());
        connections.spawn(async move {
            if is_open.wait_for(|is_open| *is_open).await.is_err() {
                return;
            }
            let place = leads_to.borrow().clone();
            match place {
                Place::Socket(path) => {
                    let Ok(server) = UnixStream::connect(path).await else { return };
                    carry(client, server.into_split(), is_open).await;
                }
                Place::Port(port) => {
                    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    carry(client, server.into_split(), is_open).await;
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Until either side has ended.
async fn carry(
    client: TcpStream,
    (from_server, to_server): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    is_open: watch::Receiver<bool>,
) {
    let (from_client, to_client) = client.into_split();
    tokio::select! {
        () = pass(from_client, to_server, is_open.clone()) => {}
        () = pass(from_server, to_client, is_open) => {}
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut is_open: watch::Receiver<bool>) {
    let mut octets = vec![0; CHUNK];
    loop {
        let read = match from.read(&mut octets).await {
            Ok(count) if count > 0 => count,
            _ => return,
        };
        if is_open.wait_for(|is_open| *is_open).await.is_err() || to.write_all(&octets[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::UnixListener;

    use super::*;

    /// What is sent while it is shut waits, and comes when it is open again, on the connection that was there.
    #[tokio::test]
    async fn what_was_shut_in_comes_later() -> Result<()> {
        let socket = std::env::temp_dir().join(format!("sambac-gate-{}", crate::unique()));
        let server = UnixListener::bind(&socket)?;
        let gate = Gate::to(socket.as_path()).await?;
        let mut client = TcpStream::connect(("127.0.0.1", gate.port())).await?;
        let (mut served, _) = server.accept().await?;
        client.write_all(b"one").await?;
        let mut octets = [0; 3];
        served.read_exact(&mut octets).await?;
        gate.shut();
        client.write_all(b"two").await?;
        let waited = tokio::time::timeout(Duration::from_millis(100), served.read_exact(&mut octets)).await;
        assert!(waited.is_err(), "it passed");
        gate.open();
        served.read_exact(&mut octets).await?;
        assert_eq!(&octets, b"two");
        std::fs::remove_file(&socket)?;
        Ok(())
    }
}
