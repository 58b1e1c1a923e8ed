//! How a connector is, as it travels between nodes.

use sambac_bus::work::{BindSeen, ConnectorSeen, StoppedBy};
use sambac_domain::id::ConnectorId;
use sambac_domain::time::Timestamp;
use sambac_smpp::BindKind;

use crate::connector::{BindState, BindStatus, ConnectorState, ConnectorStatus, StopReason};

/// A status as the node with the ledger shows it; `None`: no node tells.
pub(super) fn status(id: ConnectorId, name: &str, seen: Option<&ConnectorSeen>, waiting: usize) -> ConnectorStatus {
    let state = seen.map_or(ConnectorState::Down, state);
    let binds = seen.map_or_else(Vec::new, |seen| seen.binds.iter().map(bind).collect());
    let bound = seen.map_or(0, |seen| seen.bound);
    ConnectorStatus { id, name: name.to_owned(), state, asked: None, binds, bound, queued: waiting }
}

fn state(seen: &ConnectorSeen) -> ConnectorState {
    match (&seen.stopped, seen.state.as_str()) {
        (Some(stopped), _) => ConnectorState::Stopped(match stopped.clone() {
            StoppedBy::Credentials(said) => StopReason::Credentials(said),
            StoppedBy::Answer(said) => StopReason::Answer(said),
            StoppedBy::Person => StopReason::Person,
            StoppedBy::Drained => StopReason::Drained,
        }),
        (None, "draining") => ConnectorState::Draining,
        (None, "bound") => ConnectorState::Bound,
        (None, "partly_bound") => ConnectorState::PartlyBound,
        _ => ConnectorState::Down,
    }
}

fn bind(seen: &BindSeen) -> BindStatus {
    let state = match seen.state.as_str() {
        "bound" => BindState::Bound,
        "listening" => BindState::Listening,
        "draining" => BindState::Draining,
        "waiting" => BindState::Waiting { until: seen.until.unwrap_or(Timestamp::EPOCH) },
        "stopped" => BindState::Stopped(seen.why.clone().unwrap_or_default()),
        _ => BindState::Connecting,
    };
    let kinds = [BindKind::Transmitter, BindKind::Receiver, BindKind::Transceiver];
    BindStatus {
        number: seen.number,
        kind: kinds.into_iter().find(|kind| kind.as_str() == seen.kind).unwrap_or(BindKind::Transceiver),
        state,
        since: seen.since.unwrap_or(Timestamp::EPOCH),
        last_error: seen.last_error.clone(),
        host: seen.host.clone(),
        peer_system_id: seen.peer_system_id.clone(),
        peer_version: seen.peer_version,
        window: seen.window,
        in_flight: seen.in_flight,
    }
}

/// What the node with the binds tells of a status.
pub(super) fn told(status: &ConnectorStatus) -> ConnectorSeen {
    let stopped = match &status.state {
        ConnectorState::Stopped(reason) => Some(match reason.clone() {
            StopReason::Credentials(said) => StoppedBy::Credentials(said),
            StopReason::Answer(said) => StoppedBy::Answer(said),
            StopReason::Person => StoppedBy::Person,
            StopReason::Drained => StoppedBy::Drained,
        }),
        _ => None,
    };
    let state = match status.state {
        ConnectorState::Disabled | ConnectorState::Down => "down",
        ConnectorState::PartlyBound => "partly_bound",
        ConnectorState::Bound => "bound",
        ConnectorState::Draining => "draining",
        ConnectorState::Stopped(_) => "stopped",
    };
    ConnectorSeen {
        bound: status.bound,
        state: state.to_owned(),
        stopped,
        queued: status.queued,
        binds: status.binds.iter().map(bind_told).collect(),
        alerts: None,
    }
}

fn bind_told(bind: &BindStatus) -> BindSeen {
    let (state, until, why) = match &bind.state {
        BindState::Connecting => ("connecting", None, None),
        BindState::Listening => ("listening", None, None),
        BindState::Bound => ("bound", None, None),
        BindState::Waiting { until } => ("waiting", Some(*until), None),
        BindState::Draining => ("draining", None, None),
        BindState::Stopped(why) => ("stopped", None, Some(why.clone())),
    };
    BindSeen {
        number: bind.number,
        kind: bind.kind.as_str().to_owned(),
        state: state.to_owned(),
        until,
        why,
        since: Some(bind.since),
        last_error: bind.last_error.clone(),
        host: bind.host.clone(),
        peer_system_id: bind.peer_system_id.clone(),
        peer_version: bind.peer_version,
        window: bind.window,
        in_flight: bind.in_flight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a node tells of a connector is what the other one shows.
    #[test]
    fn a_status_goes_round() {
        let bind = |state| BindStatus {
            number: 1,
            kind: BindKind::Receiver,
            state,
            since: Timestamp(5),
            last_error: Some((Timestamp(4), "refused".to_owned())),
            host: Some("smsc.example:2775".to_owned()),
            peer_system_id: "SMSC".to_owned(),
            peer_version: Some(0x34),
            window: 10,
            in_flight: 3,
        };
        let binds = [
            BindState::Connecting,
            BindState::Listening,
            BindState::Bound,
            BindState::Waiting { until: Timestamp(9) },
            BindState::Draining,
            BindState::Stopped("wrong password".to_owned()),
        ];
        let states = [
            ConnectorState::Down,
            ConnectorState::PartlyBound,
            ConnectorState::Bound,
            ConnectorState::Draining,
            ConnectorState::Stopped(StopReason::Person),
            ConnectorState::Stopped(StopReason::Credentials("0x0E".to_owned())),
        ];
        for state in states {
            let id = ConnectorId::from_raw(7);
            let binds: Vec<_> = binds.iter().cloned().map(bind).collect();
            let status_there =
                ConnectorStatus { id, name: "alpha".to_owned(), state, asked: None, binds, bound: 1, queued: 4 };
            let json = serde_json::to_string(&told(&status_there)).unwrap();
            let seen: ConnectorSeen = serde_json::from_str(&json).unwrap();
            assert_eq!(status(id, "alpha", Some(&seen), 4), status_there);
        }
        assert_eq!(status(ConnectorId::from_raw(7), "alpha", None, 0).state, ConnectorState::Down);
    }
}
