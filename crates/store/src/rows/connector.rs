//! Operators and the connectors to them.

use sambac_domain::{ConnectorId, OperatorId, Timestamp};

use super::row;
use super::words::words;
use crate::Sealed;

words! {
    /// What a connector binds as (SMPP 3.4, 2.1).
    BindKind {
        /// bind_transmitter.
        Transmitter "transmitter",
        /// bind_receiver.
        Receiver "receiver",
        /// bind_transceiver.
        Transceiver "transceiver",
        /// bind_transmitter and bind_receiver, perhaps on different hosts or ports, which count as one.
        Pair "pair",
    }
}

words! {
    /// What a person asked of a connector.
    #[derive(Default)]
    AskedState {
        /// To bind and to send.
        #[default]
        Running "running",
        /// To unbind, and to stay down.
        Stopped "stopped",
        /// To finish what is on its way, and then to stay down.
        Drained "drained",
    }
}

row! {
    /// A mobile operator or aggregator.
    OperatorRow in "operators" {
        /// Its id.
        id: OperatorId,
        /// Its name, unique.
        name: String,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// A configured link to an operator's SMSC.
    ConnectorRow in "connectors" {
        /// Its id; also the target of segments that wait for it.
        id: ConnectorId,
        /// Whose SMSC it leads to.
        operator_id: OperatorId,
        /// Its name, unique.
        name: String,
        /// Where to connect.
        host: String,
        /// TCP port.
        port: u16,
        /// What we bind as.
        system_id: String,
        /// The password, encrypted.
        password_sealed: Sealed<String>,
        /// Transmitter, receiver, transceiver or a pair.
        bind_kind: BindKind,
        /// How many binds are kept open.
        binds: u8,
        /// Unanswered submits per bind.
        window_max: u16,
        /// Segments per second over all binds; 0: no limit.
        throughput_per_s_max: u32,
        /// Profile: JSON, read whole by the engine.
        settings: String,
        /// Whether it is used.
        enabled: bool,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// What was last asked of a connector.
    ConnectorOrderRow in "connector_orders" {
        /// The connector's.
        id: ConnectorId,
        /// What it is to do.
        asked: AskedState,
        /// Who asked.
        asked_by: String,
        /// When.
        asked_at: Timestamp,
    }
}
