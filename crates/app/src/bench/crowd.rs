//! Many clients that are bound and silent, and come back when they are dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    bound: Arc<Bound>,
    drops: watch::Sender<u64>,
    _members: JoinSet<()>,
}

/// How many have bound since all were dropped last: some come back before the last one has gone.
#[derive(Default)]
struct Bound(Mutex<Since>);

#[derive(Clone, Copy, Default)]
struct Since {
    drop: u64,
    count: usize,
}

impl Bound {
    fn since(&self) -> MutexGuard<'_, Since> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, or one less, of those that have bound after this drop.
    fn changes(&self, drop: u64, change: impl FnOnce(usize) -> usize) {
        let mut since = self.since();
        if since.drop == drop {
            since.count = change(since.count);
        }
    }
}

impl Crowd {
    /// Lets `count` clients bind; [`Crowd::until_bound`] waits for them.
    pub(crate) fn start(credentials: &Credentials, count: usize) -> Self {
        let (drops, dropped) = watch::channel(0);
        let bound = Arc::new(Bound::default());
        let mut members = JoinSet::new();
        for number in 0..count {
            let member = Member { credentials: credentials.clone(), bound: Arc::clone(&bound), seed: number as u64 };
            members.spawn(member.run(dropped.clone()));
        }
        Self { bound, drops, _members: members }
    }

    /// Closes every connection at once, as a network does that fails.
    pub(crate) fn drop_all(&self) {
        let mut since = self.bound.since();
        *since = Since { drop: since.drop + 1, count: 0 };
        self.drops.send_replace(since.drop);
    }

    /// Waits until `count` are bound, again if they were dropped; gives how long that took.
    pub(crate) async fn until_bound(&self, count: usize, limit: Duration) -> Option<Duration> {
        let began = Instant::now();
        while self.bound.since().count < count {
            if began.elapsed() > limit {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
        Some(began.elapsed())
    }
}

struct Member {
    credentials: Credentials,
    bound: Arc<Bound>,
    seed: u64,
}

impl Member {
    async fn run(mut self, mut dropped: watch::Receiver<u64>) {
        let mut pause_ms = PAUSE_MIN_MS;
        loop {
            let drop_before = *dropped.borrow_and_update();
            let Some((session, events)) = open(&self.credentials).await else {
                tokio::time::sleep(Duration::from_millis(self.jitter(pause_ms))).await;
                pause_ms = (pause_ms * 2).min(PAUSE_MAX_MS);
                continue;
            };
            pause_ms = PAUSE_MIN_MS;
            self.bound.changes(drop_before, |count| count + 1);
            let left = tokio::select! {
                changed = dropped.changed() => changed.is_err(),
                () = session.closed() => false,
            };
            session.close();
            drop(events);
            self.bound.changes(drop_before, |count| count.saturating_sub(1));
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
