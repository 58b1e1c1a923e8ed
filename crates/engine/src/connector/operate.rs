//! What a person does to a connector: start, stop, drain, bind again.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::ConnectorId;

use super::Connector;
use super::control::StopReason;
use crate::Engine;
use crate::alert::AlertKind;

/// How often draining looks whether everything is answered.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

impl Engine {
    /// Binds again, whatever stopped it: also after refused credentials. False when it is unknown or disabled.
    pub fn connector_start(&self, id: ConnectorId) -> bool {
        self.with_connector(id, |connector| {
            connector.inner.alerts.clear(AlertKind::ConnectorCredentials, &connector.name, "started by hand");
            connector.control.start();
        })
    }

    /// Unbinds, and stays down until it is started or the process starts again; what waits for it waits on. False when it
    /// is unknown or disabled.
    pub fn connector_stop(&self, id: ConnectorId) -> bool {
        self.with_connector(id, |connector| connector.control.stop(StopReason::Person))
    }

    /// Takes nothing more off the queue, and unbinds when everything on its way is answered, at the latest after `limit`.
    /// Receipts come in meanwhile. False when it is unknown, disabled or stopped.
    pub fn connector_drain(&self, id: ConnectorId, limit: Duration) -> bool {
        let Some(connector) = self.0.connectors.get(id) else { return false };
        if !connector.control.drain() {
            return false;
        }
        self.0.tasks.spawn(drain(connector, limit));
        true
    }

    /// Unbinds every bind in good order and binds again. False when it is unknown or disabled.
    pub fn connector_unbind(&self, id: ConnectorId) -> bool {
        self.with_connector(id, |connector| connector.control.renew())
    }

    fn with_connector(&self, id: ConnectorId, act: impl FnOnce(&Connector)) -> bool {
        let connector = self.0.connectors.get(id);
        if let Some(connector) = &connector {
            act(connector);
        }
        connector.is_some()
    }
}

async fn drain(connector: Arc<Connector>, limit: Duration) {
    let answered = async {
        while !connector.is_idle() && connector.control.is_draining() {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    };
    tokio::select! {
        // In time or not, it ends now.
        _ = tokio::time::timeout(limit, answered) => {}
        () = connector.cancel.cancelled() => return,
    }
    connector.control.drained();
}

impl Connector {
    /// Whether nothing is announced or on its way.
    fn is_idle(&self) -> bool {
        self.ready.len().0 == 0 && self.links().iter().all(|link| link.taken() == 0)
    }
}
