//! What is wanted of a connector beside its settings: to run, to drain, or to stop, and why. It outlives changes of the
//! settings, so that a connector whose credentials were refused stays stopped until a person starts it. What a person asked
//! is stored, and outlives the process, too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_store::rows::{AskedState, ConnectorOrderRow};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::Instant;

/// Why a connector does nothing although it is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The operator refused our credentials; what it said.
    Credentials(String),
    /// The operator's answer stands for "stop" in the connector's error map; what it said.
    Answer(String),
    /// A person stopped it.
    Person,
    /// A person drained it, and everything that was on its way has been answered.
    Drained,
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Credentials(said) => write!(f, "the operator refused our credentials: {said}"),
            Self::Answer(said) => write!(f, "the operator answered {said}, which stops the connector"),
            Self::Person => f.write_str("stopped by hand"),
            Self::Drained => f.write_str("drained"),
        }
    }
}

/// What the tasks of a connector are to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Run,
    /// Bound, but nothing more is taken off the queue.
    Drain,
    Stop(StopReason),
}

/// The order, and two numbers: one rises whenever the binds that are up must go, the other with every change of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) order: Order,
    pub(super) round: u64,
    pub(super) version: u64,
}

/// One for each connector, as long as it is configured.
pub(crate) struct Control {
    term: watch::Sender<Term>,
    /// Whether the operator has taken our credentials since they were last changed or refused.
    is_proven: AtomicBool,
    /// Held by the one that tries unproven credentials: many wrong attempts at once would lock us out.
    trying: Semaphore,
    /// Nobody binds before.
    held_until: Mutex<Option<Instant>>,
    /// What a person asked last, as it is stored.
    asked: Mutex<Option<ConnectorOrderRow>>,
}

impl Default for Control {
    fn default() -> Self {
        let term = watch::Sender::new(Term::default());
        Self {
            term,
            is_proven: AtomicBool::new(false),
            trying: Semaphore::new(1),
            held_until: Mutex::default(),
            asked: Mutex::default(),
        }
    }
}

impl Control {
    /// As a person asked before this process began. What was on its way is settled by then: a drain is over.
    pub(super) fn restored(order: ConnectorOrderRow) -> Self {
        let control = Self::default();
        match order.asked {
            AskedState::Running => {}
            AskedState::Stopped => control.stop(StopReason::Person),
            AskedState::Drained => control.stop(StopReason::Drained),
        }
        control.asked(order);
        control
    }

    /// A person has asked for this, and it is stored.
    pub(super) fn asked(&self, order: ConnectorOrderRow) {
        *self.last_asked() = Some(order);
    }

    /// What a person asked last; `None` when nobody ever did.
    pub(super) fn last_asked(&self) -> MutexGuard<'_, Option<ConnectorOrderRow>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn term(&self) -> Term {
        self.term.borrow().clone()
    }

    pub(super) fn order(&self) -> Order {
        self.term.borrow().order.clone()
    }

    /// Waits until another round has begun.
    pub(super) async fn round_over(&self, round: u64) {
        let mut term = self.term.subscribe();
        // The sender lives as long as we do.
        let _ = term.wait_for(|term| term.round != round).await;
    }

    /// Waits until the settings are other ones.
    pub(super) async fn settings_changed(&self, version: u64) {
        let mut term = self.term.subscribe();
        let _ = term.wait_for(|term| term.version != version).await;
    }

    /// Waits until the order is another one.
    pub(super) async fn changed_from(&self, order: &Order) {
        let mut term = self.term.subscribe();
        let _ = term.wait_for(|term| term.order != *order).await;
    }

    /// Binds again, after whatever stopped it.
    pub(super) fn start(&self) {
        *self.held() = None;
        self.term.send_if_modified(|term| {
            let was_stopped = matches!(term.order, Order::Stop(_));
            term.round += u64::from(was_stopped);
            std::mem::replace(&mut term.order, Order::Run) != Order::Run
        });
    }

    /// Takes nothing more off the queue; false when it does not run.
    pub(super) fn drain(&self) -> bool {
        self.term.send_if_modified(|term| {
            let runs = term.order == Order::Run;
            if runs {
                term.order = Order::Drain;
            }
            runs
        })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.term.borrow().order == Order::Drain
    }

    /// Everything is answered: it stops, unless it was started again meanwhile.
    pub(super) fn drained(&self) {
        if self.is_draining() {
            self.stop(StopReason::Drained);
        }
    }

    /// Unbinds, and binds no more. The first reason stays.
    pub(crate) fn stop(&self, reason: StopReason) {
        self.is_proven.store(false, Ordering::Release);
        self.term.send_if_modified(|term| {
            if matches!(term.order, Order::Stop(_)) {
                return false;
            }
            (term.order, term.round) = (Order::Stop(reason), term.round + 1);
            true
        });
    }

    /// Unbinds, and binds again.
    pub(super) fn renew(&self) {
        self.term.send_modify(|term| term.round += 1);
    }

    /// The settings are other ones; the binds have to go when they depend on them.
    pub(super) fn change(&self, renews: bool) {
        self.term.send_modify(|term| {
            term.version += 1;
            term.round += u64::from(renews);
        });
    }

    /// Other credentials are set: those that were refused are no reason to stop any more. That a person asked for it
    /// meanwhile is one.
    pub(super) fn credentials_changed(&self) {
        self.is_proven.store(false, Ordering::Release);
        if !matches!(self.order(), Order::Stop(StopReason::Credentials(_))) {
            return;
        }
        match self.last_asked().as_ref().map(|order| order.asked).unwrap_or_default() {
            AskedState::Running => self.start(),
            AskedState::Stopped => self.stopped_for(StopReason::Person),
            AskedState::Drained => self.stopped_for(StopReason::Drained),
        }
    }

    /// It stays stopped, for another reason.
    fn stopped_for(&self, reason: StopReason) {
        self.term.send_modify(|term| term.order = Order::Stop(reason));
    }

    /// Leave to bind: at once when the credentials are proven, one after the other when they are not.
    pub(super) async fn leave_to_bind(&self) -> Option<SemaphorePermit<'_>> {
        if self.is_proven.load(Ordering::Acquire) {
            return None;
        }
        let permit = self.trying.acquire().await.ok();
        permit.filter(|_| !self.is_proven.load(Ordering::Acquire))
    }

    pub(super) fn proven(&self) {
        self.is_proven.store(true, Ordering::Release);
    }

    /// The credentials were refused: nobody tries them for so long.
    pub(super) fn hold(&self, pause: Duration) {
        self.is_proven.store(false, Ordering::Release);
        *self.held() = Some(Instant::now() + pause);
    }

    pub(super) fn held_until(&self) -> Option<Instant> {
        *self.held()
    }

    fn held(&self) -> MutexGuard<'_, Option<Instant>> {
        self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_start_or_other_credentials_end_a_stop_for_refused_credentials() {
        let control = Control::default();
        let refused = StopReason::Credentials("0x0E".to_owned());
        control.stop(refused.clone());
        control.stop(StopReason::Person);
        control.renew();
        assert!(!control.drain(), "it does not run");
        assert_eq!(control.order(), Order::Stop(refused.clone()));
        control.credentials_changed();
        assert_eq!(control.order(), Order::Run);
        control.stop(StopReason::Person);
        control.credentials_changed();
        assert_eq!(control.order(), Order::Stop(StopReason::Person), "a person's stop has nothing to do with them");
        control.start();
        assert_eq!(control.order(), Order::Run);
    }

    #[tokio::test]
    async fn what_a_person_asked_outlives_the_process_and_other_credentials() {
        let asked = |asked| ConnectorOrderRow {
            id: sambac_domain::id::ConnectorId::from_raw(1 << 8),
            asked,
            asked_by: "admin key operations".to_owned(),
            asked_at: sambac_domain::time::Timestamp(1),
        };
        let order_of = |state| Control::restored(asked(state)).order();
        assert_eq!(order_of(AskedState::Running), Order::Run);
        assert_eq!(order_of(AskedState::Stopped), Order::Stop(StopReason::Person));
        assert_eq!(order_of(AskedState::Drained), Order::Stop(StopReason::Drained));
        let control = Control::default();
        control.stop(StopReason::Credentials("0x0E".to_owned()));
        control.asked(asked(AskedState::Stopped));
        control.credentials_changed();
        assert_eq!(control.order(), Order::Stop(StopReason::Person), "a person wants it stopped all the same");
    }

    #[tokio::test]
    async fn draining_keeps_the_binds_and_stopping_ends_them() {
        let control = Control::default();
        let round = control.term().round;
        assert!(control.drain());
        assert_eq!(control.term().round, round);
        control.stop(StopReason::Drained);
        control.round_over(round).await;
        assert_eq!(control.order(), Order::Stop(StopReason::Drained));
    }

    #[tokio::test]
    async fn unproven_credentials_are_tried_by_one_at_a_time() {
        let control = Control::default();
        let first = control.leave_to_bind().await;
        assert!(first.is_some());
        let second = control.leave_to_bind();
        tokio::pin!(second);
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut second).await.is_err(), "it waits for the first");
        control.proven();
        drop(first);
        assert!(second.await.is_none(), "proven meanwhile: no need to wait");
    }
}
