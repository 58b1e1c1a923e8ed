//! Stands between the platform and PostgreSQL, and plays a trick at the next COMMIT: what a network or a machine does that
//! fails at the worst moment.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::frames::{Frames, is_commit, is_ready};

/// How long a connection is held for whoever is about to kill one of its ends.
const HOLD_LIMIT: Duration = Duration::from_secs(30);

/// What is played at a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// It does not go on; the connection stands still until the platform is gone.
    HoldBefore,
    /// It was carried out, and the platform is not told; the connection stands still until the platform is gone.
    HoldAfter,
    /// It was carried out and answered.
    Pass,
    /// It was carried out, and then the connection breaks: the answer is lost.
    LoseAnswer,
    /// It is on its way when the connection breaks.
    CutOnTheWay,
    /// The platform's side breaks at once, and the COMMIT reaches the server so much later.
    Late(Duration),
}

/// The proxy; it and all its connections end with this.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    stage: Arc<Stage>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Stage {
    armed: Mutex<Option<(Trick, oneshot::Sender<()>)>>,
    cut: Notify,
}

impl Proxy {
    /// Listens on a port of its own, for the server at this socket.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(socket: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, stage) = (listener.local_addr()?.port(), Arc::new(Stage::default()));
        let listening = tokio::spawn(listen(listener, socket, Arc::clone(&stage)));
        Ok(Self { port, stage, listening })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Plays the trick at the next COMMIT, whoever asks for it, and returns when it was played.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn play(&self, trick: Trick, limit: Duration) -> Result<()> {
        let (played, seen) = oneshot::channel();
        *self.stage.armed() = Some((trick, played));
        timeout(limit, seen)
            .await
            .with_context(|| format!("no COMMIT for {trick:?} in {limit:?}"))?
            .context("the proxy ended")
    }

    /// Breaks every connection.
    pub fn cut(&self) {
        self.stage.cut.notify_waiters();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

impl Stage {
    fn armed(&self) -> std::sync::MutexGuard<'_, Option<(Trick, oneshot::Sender<()>)>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(listener: TcpListener, socket: PathBuf, stage: Arc<Stage>) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, stage) = (socket.clone(), Arc::clone(&stage));
        tokio::spawn(async move {
            // A server that is away is a connection that closes at once.
            let Ok(server) = UnixStream::connect(socket).await else { return };
            let cut = stage.cut.notified();
            let link = Link { client, server, up: Frames::of_client(), down: Frames::of_server(), stage: &stage };
            tokio::select! {
                // Whatever breaks, both ends are closed then.
                _ = link.carry() => {}
                () = cut => {}
            }
        });
    }
}

/// One connection.
struct Link<'a> {
    client: TcpStream,
    server: UnixStream,
    up: Frames,
    down: Frames,
    stage: &'a Stage,
}

impl Link<'_> {
    async fn carry(mut self) -> Result<()> {
        self.client.set_nodelay(true)?;
        loop {
            tokio::select! {
                read = self.client.read_buf(&mut self.up.octets) => if read? == 0 { return Ok(()) },
                read = self.server.read_buf(&mut self.down.octets) => if read? == 0 { return Ok(()) },
            }
            while let Some(frame) = self.up.next() {
                if is_commit(&frame) {
                    let armed = self.stage.armed().take();
                    if let Some((trick, played)) = armed {
                        if trick == Trick::Pass {
                            self.pass(&frame).await?;
                            let _ = played.send(());
                            continue;
                        }
                        return self.play(trick, &frame, played).await;
                    }
                }
                self.server.write_all(&frame).await?;
            }
            while let Some(frame) = self.down.next() {
                self.client.write_all(&frame).await?;
            }
        }
    }

    async fn pass(&mut self, commit: &[u8]) -> Result<()> {
        self.server.write_all(commit).await?;
        let answer = self.answer().await?;
        Ok(self.client.write_all(&answer).await?)
    }

    async fn play(mut self, trick: Trick, commit: &[u8], played: oneshot::Sender<()>) -> Result<()> {
        if let Trick::Late(delay) = trick {
            let Self { client, .. } = &mut self;
            client.shutdown().await?;
            let _ = played.send(());
            tokio::time::sleep(delay).await;
            self.server.write_all(commit).await?;
            return self.answer().await.map(drop);
        }
        if trick != Trick::HoldBefore {
            self.server.write_all(commit).await?;
        }
        if matches!(trick, Trick::HoldAfter | Trick::LoseAnswer) {
            self.answer().await?;
        }
        // Whoever plays may have given up.
        let _ = played.send(());
        if matches!(trick, Trick::HoldBefore | Trick::HoldAfter) {
            let _ = timeout(HOLD_LIMIT, self.client.read_buf(&mut self.up.octets)).await;
        }
        Ok(())
    }

    /// All that the server says until it has answered.
    async fn answer(&mut self) -> Result<Vec<u8>> {
        let mut answer = Vec::new();
        loop {
            while let Some(frame) = self.down.next() {
                answer.extend_from_slice(&frame);
                if is_ready(&frame) {
                    return Ok(answer);
                }
            }
            anyhow::ensure!(self.server.read_buf(&mut self.down.octets).await? > 0, "the server has gone");
        }
    }
}
