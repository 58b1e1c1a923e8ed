//! Connectors: our ESME side, towards the operators' SMSCs.
//!
//! Each enabled connector runs four kinds of task. The *announcer* takes segments off the queue and has the group commit
//! store the intent to send them; the *sender* writes them to a link that has a free place in its window, no faster than
//! agreed; one *bind* task per bind (a *seat*) keeps a link up and hands every answer and receipt to the group commit; the *relay*
//! keeps the queue filled from the outbox. A place in the window is free again when the answer is stored, not when it came:
//! so a crash leaves at most one window of segments in doubt per bind.

mod alerts;
mod announcer;
pub(crate) mod away;
mod backoff;
mod bind;
pub mod certify;
mod control;
mod dial;
pub(crate) mod fed;
mod flow_status;
mod handset;
mod hosts;
mod hunger;
mod learned;
mod link;
mod omit;
mod operate;
mod outbind;
mod pdu;
mod pdu_time;
mod probe;
mod query;
mod ready;
mod recall;
mod receipts;
mod release;
mod response;
mod seat;
mod sender;
mod serve;
mod status;
mod supervisor;
mod throughput;
mod tls;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use sambac_bus::TargetQueue;
use sambac_domain::id::ConnectorId;
use sambac_domain::profile::Profile;
use sambac_store::rows::ConnectorRow;
use tokio::net::TcpListener;
use tokio::sync::{Notify, OnceCell, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use alerts::{Looks, Turn};
pub use control::StopReason;
pub use dial::Step;
pub use flow_status::FlowStatus;
pub(crate) use link::Slot;
pub use probe::BindReport;
pub(crate) use query::QUERIES_MAX;
pub use release::Releasing;
pub use seat::BindState;
pub use status::{BindStatus, ConnectorState, ConnectorStatus};
pub(crate) use supervisor::{Registry, apply_snapshot};

use crate::Inner;
use crate::commit::Write;
use crate::lease::HeldLease;
use crate::metrics::ConnectorMetrics;
use crate::overdue::Questions;
use control::Control;
use hunger::Hunger;
use link::Link;
use ready::Ready;
use seat::Seat;
use throughput::Throughput;

/// One running connector: what its tasks share.
pub(crate) struct Connector {
    inner: Arc<Inner>,
    /// The group commit, or who tells it on another node.
    writes: mpsc::Sender<Write>,
    /// By which this process may send.
    lease: Option<HeldLease>,
    id: ConnectorId,
    name: String,
    /// As it is configured now: what can change while it runs.
    setup: ArcSwap<Setup>,
    control: Arc<Control>,
    seats: Mutex<Vec<Arc<Seat>>>,
    seat_tasks: TaskTracker,
    /// Where the SMSC connects to us, when it does; bound on first use.
    outbind: OnceCell<TcpListener>,
    queue: Arc<TargetQueue>,
    /// Announced segments that wait for a link.
    ready: Ready,
    links: Mutex<Vec<Arc<Link>>>,
    /// A link came up: the announcer may go on.
    linked: Notify,
    /// A link came up or a place in a window became free: the sender may go on.
    room: Arc<Notify>,
    hunger: Hunger,
    looks: Looks,
    throughput: Throughput,
    questions: Questions,
    metrics: ConnectorMetrics,
    cancel: CancellationToken,
}

/// The configuration of a connector at one moment.
#[derive(Clone, PartialEq)]
struct Setup {
    row: Arc<ConnectorRow>,
    profile: Arc<Profile>,
}

impl Connector {
    /// Hands over what must not be lost; false only when the engine has ended.
    async fn write(&self, write: Write) -> bool {
        self.writes.send(write).await.is_ok()
    }

    pub(crate) fn id(&self) -> ConnectorId {
        self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its row as configured now.
    fn row(&self) -> Arc<ConnectorRow> {
        Arc::clone(&self.setup.load().row)
    }

    /// Its profile as configured now. Take it once for each piece of work, so that the work is of one piece.
    fn profile(&self) -> Arc<Profile> {
        Arc::clone(&self.setup.load().profile)
    }

    fn links(&self) -> MutexGuard<'_, Vec<Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds that are up; a pair counts when both of its binds are.
    pub(crate) fn bound(&self) -> usize {
        seat::bound(&self.seats())
    }

    /// Receipts are matched among the connectors of a group: they may come in by any of its hosts.
    fn receipt_group(&self) -> i64 {
        self.inner.snapshot.load().receipt_group(self.id)
    }
}
