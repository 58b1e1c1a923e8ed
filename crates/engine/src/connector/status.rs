//! How a connector and each of its binds are, for people.

use sambac_domain::id::ConnectorId;
use sambac_domain::time::Timestamp;
use sambac_smpp::BindKind;
use sambac_store::rows::ConnectorOrderRow;

use super::control::Order;
use super::seat::{BindState, Seat, Seen};
use super::{Connector, StopReason};
use crate::Engine;

/// A connector as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectorState {
    /// It is not meant to run, or its settings cannot be used.
    Disabled,
    /// No bind is up yet.
    Down,
    /// Some binds are up.
    PartlyBound,
    /// All binds are up.
    Bound,
    /// What is on its way is finished, nothing more is taken.
    Draining,
    /// It stays down until a person starts it; why.
    Stopped(StopReason),
}

/// How a connector is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorStatus {
    /// Its id.
    pub id: ConnectorId,
    /// Its name.
    pub name: String,
    /// As a whole.
    pub state: ConnectorState,
    /// What a person last asked of it, who and when; `None` when nobody ever did: it is to run.
    pub asked: Option<ConnectorOrderRow>,
    /// Each of its binds; two for each pair.
    pub binds: Vec<BindStatus>,
    /// Binds, or whole pairs, that are up.
    pub bound: usize,
    /// Segments that wait for it in memory; more may wait on disk.
    pub queued: usize,
}

/// How a bind is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindStatus {
    /// From 1; the two binds of a pair have the same.
    pub number: usize,
    /// Transmitter, receiver or transceiver.
    pub kind: BindKind,
    /// What it does.
    pub state: BindState,
    /// Since when.
    pub since: Timestamp,
    /// The last failed attempt: when, and why.
    pub last_error: Option<(Timestamp, String)>,
    /// Where it is bound to or tries to: `host:port`.
    pub host: Option<String>,
    /// What the SMSC calls itself.
    pub peer_system_id: String,
    /// Its SMPP version, when it says so: 0x33, 0x34, 0x50.
    pub peer_version: Option<u8>,
    /// Unanswered submits that it may have now.
    pub window: usize,
    /// Unanswered submits, and those whose answer is not stored yet.
    pub in_flight: usize,
}

impl Engine {
    /// How a connector is; `None` when there is none of this id.
    pub fn connector_status(&self, id: ConnectorId) -> Option<ConnectorStatus> {
        let row = self.snapshot().connectors.get(&id).cloned()?;
        let asked = self.0.connectors.last_asked(id);
        if let Some(status) = self.0.work.office().and_then(|office| office.status(id)) {
            return Some(ConnectorStatus { asked, ..status });
        }
        let Some(connector) = self.0.connectors.get(id) else {
            let (name, state) = (row.name.clone(), ConnectorState::Disabled);
            return Some(ConnectorStatus { id, name, state, asked, binds: Vec::new(), bound: 0, queued: 0 });
        };
        Some(ConnectorStatus { asked, ..connector.status() })
    }
}

impl Connector {
    pub(crate) fn status(&self) -> ConnectorStatus {
        let binds: Vec<_> = self.seats().iter().map(|seat| status(seat)).collect();
        let bound = self.bound();
        let state = match self.control.order() {
            Order::Stop(reason) => ConnectorState::Stopped(reason),
            Order::Drain => ConnectorState::Draining,
            Order::Run if bound == 0 => ConnectorState::Down,
            Order::Run if bound < usize::from(self.row().binds.max(1)) => ConnectorState::PartlyBound,
            Order::Run => ConnectorState::Bound,
        };
        let queued = self.queue.len() + self.ready.len().0;
        ConnectorStatus { id: self.id, name: self.name.clone(), state, asked: None, binds, bound, queued }
    }
}

fn status(seat: &Seat) -> BindStatus {
    let Seen { state, since, last_error, host, peer_system_id, peer_version, link } = seat.seen();
    BindStatus {
        number: seat.number + 1,
        kind: seat.kind,
        state,
        since,
        last_error,
        host,
        peer_system_id,
        peer_version,
        window: link.as_ref().map_or(0, |link| link.window()),
        in_flight: link.as_ref().map_or(0, |link| link.taken()),
    }
}
