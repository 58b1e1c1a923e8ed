//! One node at a time does what only one may do, where several share a database: the one that holds its lease. Of the ledger, and of each
//! operator's binds where other nodes than the ledger's have them (`crate::work::node`).
//!
//! The lease has an end by the database's clock, and is held by renewing it. This process counts its own end from before each
//! renewal, by its monotonic clock, so that it stops sending before anybody else may begin, whatever became of its link to the
//! database; also when it was stopped itself and goes on later. What it still writes then is refused by the ledger's epoch, which
//! whoever takes the lease raises (`crate::ledger::fence`).
//!
//! ```text
//! let held = Standby::new(store.clone(), node, Duration::from_secs(8)).until_ours(|holder| …).await;
//! Engine::start(Settings { lease: Some(held), ..settings }, store, clock).await?;
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sambac_store::rows::LeaseRow;
use sambac_store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use crate::Inner;
use crate::ledger::holder;

/// The name of the one that whoever has the ledger holds.
const LEDGER: &str = "ledger";
/// How often who waits asks for it.
const ASK_INTERVAL: Duration = Duration::from_millis(250);
/// How long it may take to read who has it now.
const TELL_LIMIT: Duration = Duration::from_secs(1);
/// The end of a term that was given up, or is another's.
const ENDED: u64 = 0;
/// Renewals in the time of one lease.
const RENEWALS: u32 = 4;

/// A node that waits for the lease.
pub struct Standby {
    store: Store,
    holder: String,
    time: Duration,
}

/// The lease, held by this process.
#[derive(Clone)]
pub struct HeldLease(Arc<Held>);

struct Held {
    /// What is held, as the database calls it.
    name: String,
    /// Connections of its own: a renewal waits for nothing that the platform has to do.
    store: Store,
    epoch: i64,
    orderly_since: i64,
    time: Duration,
    term: Term,
    /// Why it is not held any more, once that is so.
    lost: watch::Sender<Option<String>>,
}

/// Until when it is held, by this process's monotonic clock.
struct Term {
    taken_at: Instant,
    /// In microseconds after `taken_at`.
    until_us: AtomicU64,
}

impl Standby {
    /// A node that is to hold the lease for `time` at once.
    pub fn new(store: Store, node: u8, time: Duration) -> Self {
        Self { store, holder: holder(node), time }
    }

    /// Waits until this process holds the lease. `waits` is told who has it, each time that this has changed.
    pub async fn until_ours(&self, mut waits: impl FnMut(&str)) -> HeldLease {
        let mut told = String::new();
        loop {
            let asked_at = Instant::now();
            match self.store.take_lease(LEDGER, &self.holder, self.time).await {
                Ok(Some(taken)) => return HeldLease::new(self.store.clone(), &taken, self.time, asked_at),
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "the lease was not asked for"),
            }
            match self.store.lease(LEDGER).await {
                Ok(Some(LeaseRow { holder, .. })) if holder != told => {
                    waits(&holder);
                    told = holder;
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "who holds the lease was not read"),
            }
            tokio::time::sleep(ASK_INTERVAL).await;
        }
    }
}

impl HeldLease {
    /// It is renewed from now on, also while the platform is still to start, until it is given up or dropped.
    fn new(store: Store, taken: &LeaseRow, time: Duration, asked_at: Instant) -> Self {
        let (term, lost) = (Term::new(asked_at, time), watch::Sender::new(None));
        let LeaseRow { epoch, orderly_since, .. } = *taken;
        let held = Arc::new(Held { name: taken.name.clone(), store, epoch, orderly_since, time, term, lost });
        tokio::spawn(keep(Arc::downgrade(&held), time / RENEWALS));
        Self(held)
    }

    /// Takes the lease of this name, if nobody has it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take(store: &Store, name: &str, node: u8, time: Duration) -> Result<Option<Self>, StoreError> {
        let asked_at = Instant::now();
        let taken = store.take_lease(name, &holder(node), time).await?;
        Ok(taken.map(|taken| Self::new(store.clone(), &taken, time, asked_at)))
    }

    /// How often it has gone to another holder: who had it before has a smaller one.
    pub(crate) fn epoch(&self) -> i64 {
        self.0.epoch
    }

    /// Since which epoch each holder has gone in good order, or this one's own.
    pub(crate) fn orderly_since(&self) -> i64 {
        self.0.orderly_since
    }

    /// For how long this holder has had it.
    pub(crate) fn age(&self) -> Duration {
        self.0.term.taken_at.elapsed()
    }

    /// Waits until it is not held any more; tells why.
    pub(crate) async fn lost(&self) -> String {
        let mut lost = self.0.lost.subscribe();
        let why = lost.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
        why.unwrap_or_default()
    }

    /// Whether there is a lease to hold, and it is not held at this moment.
    pub(crate) fn is_over(lease: Option<&Self>) -> bool {
        lease.is_some_and(|lease| !lease.is_held())
    }

    /// Whether it is held at this moment.
    pub fn is_held(&self) -> bool {
        self.0.term.holds_at(Instant::now())
    }

    /// Gives it up, so that the next node need not wait for its end. Nothing is sent or written from now on. When the database
    /// does not answer it ends by itself.
    pub async fn release(self) {
        self.end_now();
        self.note(self.0.store.release_lease(&self.0.name, self.0.epoch).await);
    }

    /// Gives it up in good order: whatever was done by it is told.
    pub(crate) async fn hand_over(self) {
        self.end_now();
        self.note(self.0.store.hand_over_lease(&self.0.name, self.0.epoch).await);
    }

    fn end_now(&self) {
        self.0.term.end_now();
        self.0.lost.send_replace(Some("it was given up".to_owned()));
    }

    fn note(&self, given_up: Result<bool, StoreError>) {
        if let Err(error) = given_up {
            tracing::warn!(lease = self.0.name, %error, "a lease was not given up; it ends by itself");
        }
    }
}

impl Term {
    /// For `time` from when it was asked for, not from when the answer came.
    fn new(asked_at: Instant, time: Duration) -> Self {
        Self { taken_at: asked_at, until_us: AtomicU64::new(micros(time)) }
    }

    /// What was ended stays so, also when the answer to a renewal comes afterwards.
    fn renew(&self, asked_at: Instant, time: Duration) {
        let until = asked_at.saturating_duration_since(self.taken_at).saturating_add(time);
        let later = |now: u64| (now != ENDED).then(|| micros(until));
        // An error tells that it has ended.
        let _ = self.until_us.fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
    }

    fn end_now(&self) {
        self.until_us.store(ENDED, Ordering::Release);
    }

    fn end(&self) -> Instant {
        self.taken_at + Duration::from_micros(self.until_us.load(Ordering::Acquire))
    }

    fn holds_at(&self, now: Instant) -> bool {
        micros(now.saturating_duration_since(self.taken_at)) < self.until_us.load(Ordering::Acquire)
    }
}

impl Held {
    /// Holds it for longer. Says why not, when that is so.
    async fn renew(&self) -> Option<String> {
        let asked_at = Instant::now();
        // A connection that is dead leaves time for another one.
        let limit = self.term.end().min(asked_at + self.time * 5 / 8);
        match timeout_at(limit, self.store.renew_lease(&self.name, self.epoch, self.time)).await {
            Ok(Ok(true)) => self.term.renew(asked_at, self.time),
            Ok(Ok(false)) => {
                self.term.end_now();
                return Some(format!("{} works now", self.holder_now().await));
            }
            Ok(Err(error)) => tracing::error!(%error, "the lease was not renewed; tried again"),
            Err(_) => {}
        }
        let is_over = !self.term.holds_at(Instant::now());
        is_over.then(|| "the lease of this node could not be renewed in its time".to_owned())
    }

    async fn holder_now(&self) -> String {
        let row = timeout(TELL_LIMIT, self.store.lease(&self.name)).await.ok().and_then(Result::ok).flatten();
        row.map_or_else(|| "somebody".to_owned(), |row| format!("{} (lease {})", row.holder, row.epoch))
    }
}

/// Renews the lease as long as somebody has it. That it is over is told at the end of its term, not at the renewal after.
async fn keep(held: Weak<Held>, interval: Duration) {
    let mut next = Instant::now() + interval;
    loop {
        let Some(end) = held.upgrade().map(|held| held.term.end()) else { return };
        tokio::time::sleep_until(end.min(next)).await;
        next = Instant::now() + interval;
        let Some(held) = held.upgrade().filter(|held| held.lost.borrow().is_none()) else { return };
        if let Some(why) = held.renew().await {
            held.lost.send_replace(Some(why));
            return;
        }
    }
}

/// A lease that is over ends this process, whether another has it or nobody: the operators' binds are the next holder's, and so are
/// the receipts that come by them. Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>, lease: HeldLease) {
    tokio::select! {
        why = lease.lost() => inner.lose_ledger(&why),
        () = inner.stopping.cancelled() => {}
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted is the time since the question, not since its answer; each renewal counts from its own.
    #[test]
    fn a_lease_is_held_from_when_it_was_asked_for() {
        let (asked_at, lease) = (Instant::now(), Duration::from_secs(8));
        let at = |ms: u64| asked_at + Duration::from_millis(ms);
        let term = Term::new(asked_at, lease);
        assert_eq!([0, 7_999, 8_000].map(|ms| term.holds_at(at(ms))), [true, true, false]);
        term.renew(at(2_000), lease);
        assert_eq!([9_999, 10_000].map(|ms| term.holds_at(at(ms))), [true, false]);
        assert_eq!(term.end(), at(10_000));
        term.end_now();
        assert!(!term.holds_at(at(2_000)));
        term.renew(at(4_000), lease);
        assert!(!term.holds_at(at(4_000)), "a renewal that was on its way");
    }

    const TIME: Duration = Duration::from_secs(8);

    /// A lease that somebody has just taken from a store in this file.
    async fn taken() -> (Store, LeaseRow, std::path::PathBuf) {
        let file = std::env::temp_dir().join(format!("sambac-lease-{}.db", sambac_testkit::unique()));
        let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
        store.migrate().await.unwrap();
        let taken = store.take_lease(LEDGER, "a node", TIME).await.unwrap().unwrap();
        (store, taken, file)
    }

    async fn removed(store: &Store, file: &std::path::Path) {
        store.close().await;
        std::fs::remove_file(file).unwrap();
    }

    /// Another one has it: this process stops then, and not only when its own term would have ended.
    #[tokio::test]
    async fn a_refused_renewal_ends_it_at_once() {
        let (store, taken, file) = taken().await;
        let held = HeldLease::new(store.clone(), &taken, TIME, Instant::now());
        assert_eq!(held.0.renew().await, None);
        assert!(held.is_held());
        assert!(store.release_lease(LEDGER, taken.epoch).await.unwrap());
        store.take_lease(LEDGER, "another node", TIME).await.unwrap().unwrap();
        let why = held.0.renew().await.unwrap();
        assert!(why.contains("another node"), "{why}");
        assert!(!held.is_held());
        removed(&store, &file).await;
    }

    /// Whoever must stop by its end is told at its end, whenever the next renewal would have been.
    #[tokio::test]
    async fn that_it_is_over_is_told_at_its_end() {
        let (store, taken, file) = taken().await;
        let left = Duration::from_secs(1);
        removed(&store, &file).await;

        // No renewal comes through from here on.
        tokio::time::pause();
        let now = Instant::now();
        HeldLease::new(store, &taken, TIME, now - (TIME - left)).lost().await;
        let told_after = now.elapsed();
        assert!(told_after >= left && told_after < left + Duration::from_millis(10), "{told_after:?}");
    }
}
