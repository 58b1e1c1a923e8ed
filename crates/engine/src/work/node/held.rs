//! A connector that this node has the lease of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_bus::work::Batch;
use sambac_domain::id::ConnectorId;
use sambac_domain::time::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use super::SKEW_MAX;
use super::sent::Sent;
use crate::connector::Connector;
use crate::lease::HeldLease;

/// How often handing over looks whether everything is answered.
const LOOK: Duration = Duration::from_millis(20);
/// How often it is looked whether it has been without a bind for too long.
const DOWN_LOOK: Duration = Duration::from_millis(500);
/// How long the answers to what is on its way are waited for.
const ANSWERS_LIMIT: Duration = Duration::from_secs(3);
/// How long unbinding may take.
const UNBIND_LIMIT: Duration = Duration::from_secs(2);
/// How long it may take until the last reports are with the broker.
const REPORTS_LIMIT: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Held {
    connector: Arc<Connector>,
    /// Cancelled once the connector has ended.
    ended: CancellationToken,
    lease: HeldLease,
    /// When this node has got it, by its own clock.
    since: Timestamp,
    sent: Mutex<Sent>,
    /// Another node is to have it.
    leaves: AtomicBool,
    /// Since when no bind is up.
    down_since: Mutex<Option<Instant>>,
    /// Nothing more is taken from the broker.
    pub(super) closed: CancellationToken,
    /// What was taken from the broker is given back, or in the hands of the sender.
    pub(super) emptied: CancellationToken,
    /// It is another node's now.
    pub(super) given: CancellationToken,
}

impl Held {
    pub(super) fn new(
        connector: Arc<Connector>,
        ended: CancellationToken,
        lease: HeldLease,
        since: Timestamp,
    ) -> Arc<Self> {
        Arc::new(Self {
            connector,
            ended,
            lease,
            since,
            sent: Mutex::default(),
            leaves: AtomicBool::new(false),
            down_since: Mutex::new(Some(Instant::now())),
            closed: CancellationToken::new(),
            emptied: CancellationToken::new(),
            given: CancellationToken::new(),
        })
    }

    pub(super) fn id(&self) -> ConnectorId {
        self.connector.id()
    }

    pub(super) fn name(&self) -> &str {
        self.connector.name()
    }

    pub(super) const fn connector(&self) -> &Arc<Connector> {
        &self.connector
    }

    pub(super) const fn lease(&self) -> &HeldLease {
        &self.lease
    }

    pub(super) fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a copy of this may have come to another node before: what this one has not seen itself may have been sent then. Who had the
    /// connector when it was announced is known by the lease, or, where a node of an earlier version announced it, by the time.
    pub(super) fn may_be_anothers(&self, batch: &Batch) -> bool {
        match batch.epoch {
            0 => batch.announced_at <= self.since.saturating_add(SKEW_MAX),
            epoch => epoch != self.lease.epoch(),
        }
    }

    /// Whether it has had no bind for so long; looked at now and then.
    pub(super) fn is_down_for(&self, time: Duration) -> bool {
        let mut since = self.down_since.lock().unwrap_or_else(PoisonError::into_inner);
        if self.connector.bound() > 0 {
            *since = None;
            return false;
        }
        since.get_or_insert_with(Instant::now).elapsed() >= time
    }

    /// What waits for a bind goes back when there has been none for so long: it may go another way.
    pub(super) async fn gives_back_while_down(&self, time: Duration) {
        let mut look = tokio::time::interval(DOWN_LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = self.closed.cancelled() => return,
            }
            if self.is_down_for(time) {
                self.connector.give_back().await;
            }
        }
    }

    /// Whether the connector has ended by itself: its settings want another one.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Nothing more is taken, and the binds go.
    pub(super) fn stops(&self) {
        self.closed.cancel();
        self.connector.end();
    }

    /// From now on it is being handed over.
    pub(super) fn leaves(&self) {
        self.leaves.store(true, Ordering::Release);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaves.load(Ordering::Acquire)
    }

    /// Ends the connector for whoever comes next: nothing more is taken, what was not sent is given back, what was is waited for, then the binds go. Whether
    /// the broker has everything that there is to tell, in time: [`release`](Self::release) is the last step.
    pub(super) async fn wind_up(&self) -> bool {
        self.closed.cancel();
        if !self.lease.is_held() {
            // What it has is the next holder's.
            self.connector.end();
            return false;
        }
        let is_emptied = timeout(ANSWERS_LIMIT, self.emptied.cancelled()).await.is_ok();
        self.connector.give_back().await;
        let idle = async {
            while !self.connector.is_idle() {
                tokio::time::sleep(LOOK).await;
            }
        };
        let is_answered = timeout(ANSWERS_LIMIT, idle).await.is_ok();
        self.connector.end();
        let has_ended = timeout(UNBIND_LIMIT, self.ended.cancelled()).await.is_ok();
        let told = async {
            while self.sent().open() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        let is_told = timeout(REPORTS_LIMIT, told).await.is_ok();
        is_emptied && is_answered && has_ended && is_told
    }

    /// Lets somebody else have it. `is_told`: what this node has said nothing about it has not sent.
    pub(super) async fn release(&self, is_told: bool) {
        let lease = self.lease.clone();
        if is_told {
            lease.hand_over().await;
        } else {
            lease.release().await;
        }
        self.given.cancel();
    }

    /// The lease is another's, or nobody's: nothing more is sent, and what is open is the next holder's.
    pub(super) fn drop_all(&self) {
        self.stops();
        self.given.cancel();
    }
}
