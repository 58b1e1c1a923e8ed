//! Work that goes to other nodes, by RabbitMQ: segments to the node that has a connector's binds, and what became of them back.
//!
//! ```text
//! node with the ledger ── Batch ──► sambac.submit.<connector>.<lane> ──► node with the connector's binds
//!                      ── Ask ────► sambac.ask.<connector> ───────────►
//!                      ◄─ Report ── sambac.results ◄────────────────────
//! ```
//!
//! The broker only carries: the outbox in the database is the truth, and every queue can be made anew from it. What is in a queue is JSON with
//! a version, so that a person can read it and a node of the version before or after can, too; only texts are sealed.
//! Queues are quorum queues, which are on most nodes of a broker's cluster before a publish is confirmed.

mod ask;
mod batch;
mod broker;
mod queues;
mod report;

pub use ask::{Ask, Asked, Reply, Said};
pub use batch::{Batch, Carried, CarriedSegment};
pub use broker::{Acknowledging, Arrivals, Arrived, Confirm, WorkBroker};
pub use queues::{QueueCounts, QueueFound, WorkQueues};
pub use report::{AlertSeen, Answered, BindSeen, ConnectorSeen, HandsetSeen, Happened, ReceiptSeen, Report, StoppedBy};

/// The version of what is written. A node reads its own and older ones.
pub const VERSION: u16 = 1;

/// What came is of a version that this program does not know, or no such thing at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Written by a later version.
    #[error(
        "it has version {0}, and this node reads up to {VERSION}: let the nodes be of one version, or update this one"
    )]
    Later(u16),
    /// Not what was expected.
    #[error("it cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// What every message in a queue begins with.
#[derive(serde::Deserialize)]
struct Versioned {
    version: u16,
}

/// Reads what a node has written, if it is of a version that this one knows.
fn read<'a, T: serde::Deserialize<'a>>(octets: &'a [u8]) -> Result<T, Unreadable> {
    let Versioned { version } = serde_json::from_slice(octets)?;
    if version > VERSION {
        return Err(Unreadable::Later(version));
    }
    Ok(serde_json::from_slice(octets)?)
}
