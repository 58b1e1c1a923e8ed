//! Connectors: our ESME side, towards the operators' SMSCs.
//!
//! Each enabled connector runs four kinds of task. The *announcer* takes segments off the queue and has the group commit
//! store the intent to send them; the *sender* writes them to a link that has a free place in its window, no faster than
//! agreed; one *bind* task per bind keeps a link up and hands every answer and receipt to the group commit; the *relay*
//! keeps the queue filled from the outbox. A place in the window is free again when the answer is stored, not when it came:
//! so a crash leaves at most one window of segments in doubt per bind.

mod announcer;
mod backoff;
mod bind;
mod link;
mod pdu;
mod ready;
mod receipts;
mod sender;
mod supervisor;
mod throughput;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_bus::TargetQueue;
use sambac_domain::id::ConnectorId;
use sambac_domain::profile::Profile;
use sambac_store::rows::ConnectorRow;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use link::Slot;
pub(crate) use supervisor::{Registry, apply_snapshot};

use crate::Inner;
use crate::metrics::ConnectorMetrics;
use link::Link;
use ready::Ready;
use throughput::Throughput;

/// One running connector: what its tasks share.
pub(crate) struct Connector {
    inner: Arc<Inner>,
    row: Arc<ConnectorRow>,
    profile: Arc<Profile>,
    queue: Arc<TargetQueue>,
    /// Announced segments that wait for a link.
    ready: Ready,
    links: Mutex<Vec<Arc<Link>>>,
    /// A link came up: the announcer may go on.
    linked: Notify,
    /// A link came up or a place in a window became free: the sender may go on.
    room: Arc<Notify>,
    throughput: Throughput,
    metrics: ConnectorMetrics,
    cancel: CancellationToken,
}

impl Connector {
    fn id(&self) -> ConnectorId {
        self.row.id
    }

    fn links(&self) -> MutexGuard<'_, Vec<Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds that are up.
    fn bound(&self) -> usize {
        self.links().len()
    }

    /// Receipts are matched among all connectors of one operator: they may come in by any of its hosts.
    fn receipt_group(&self) -> i64 {
        self.row.operator_id.raw()
    }
}
