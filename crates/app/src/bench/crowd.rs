//! Many clients that are bound and silent, and come back when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sambac_smpp::{BindKind, BindRequest, Events, Session, SessionConfig, bind};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::esme::Credentials;

/// After a bind that failed: at most so long at first, and at last. Anything between, so that not all come at once.
const PAUSE_MIN_MS: u64 = 100;
const PAUSE_MAX_MS: u64 = 5_000;
const LOOK: Duration = Duration::from_millis(10);

/// All of them. They leave when it is dropped.
pub(crate) struct Crowd {
    bound: Arc<AtomicUsize>,
    drops: watch::Sender<u64>,
    _members: JoinSet<()>,
}

impl Crowd {
    /// Lets `count` clients bind; [`Crowd::until_bound`] waits for them.
    pub(crate) fn start(credentials: &Credentials, count: usize) -> Self {
        let (drops, dropped) = watch::channel(0);
        let bound = Arc::new(AtomicUsize::new(0));
        let mut members = JoinSet::new();
        for number in 0..count {
            let member = Member { credentials: credentials.clone(), bound: Arc::clone(&bound), seed: number as u64 };
            members.spawn(member.run(dropped.clone()));
        }
        Self { bound, drops, _members: members }
    }

    /// Closes every connection at once, as a network does that fails.
    pub(crate) fn drop_all(&self) {
        self.drops.send_modify(|times| *times += 1);
    }

    /// Waits until `count` are bound; gives how long that took.
    pub(crate) async fn until_bound(&self, count: usize, limit: Duration) -> Option<Duration> {
        let began = Instant::now();
        while self.bound.load(Relaxed) < count {
            if began.elapsed() > limit {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
        Some(began.elapsed())
    }

    /// Waits until none is bound.
    pub(crate) async fn until_gone(&self) {
        while self.bound.load(Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

struct Member {
    credentials: Credentials,
    bound: Arc<AtomicUsize>,
    seed: u64,
}

impl Member {
    async fn run(mut self, mut dropped: watch::Receiver<u64>) {
        let mut pause_ms = PAUSE_MIN_MS;
        loop {
            let Some((session, events)) = open(&self.credentials).await else {
                tokio::time::sleep(Duration::from_millis(self.jitter(pause_ms))).await;
                pause_ms = (pause_ms * 2).min(PAUSE_MAX_MS);
                continue;
            };
            pause_ms = PAUSE_MIN_MS;
            self.bound.fetch_add(1, Relaxed);
            dropped.borrow_and_update();
            let left = tokio::select! {
                changed = dropped.changed() => changed.is_err(),
                () = session.closed() => false,
            };
            session.close();
            drop(events);
            self.bound.fetch_sub(1, Relaxed);
            if left {
                return;
            }
            tokio::time::sleep(Duration::from_millis(self.jitter(PAUSE_MIN_MS))).await;
        }
    }

    /// Anything up to `ms`: a small generator of its own, so that a run can be repeated.
    fn jitter(&mut self, ms: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % ms.max(1)
    }
}

async fn open(credentials: &Credentials) -> Option<(Session, Events)> {
    let stream = TcpStream::connect(credentials.address).await.ok()?;
    let request =
        BindRequest::new(BindKind::Transceiver, credentials.system_id.as_bytes(), credentials.password.as_bytes());
    let config = SessionConfig { window: 1, ..SessionConfig::default() };
    let (session, events, _) = bind(stream, &request, config).await.ok()?;
    Some((session, events))
}
