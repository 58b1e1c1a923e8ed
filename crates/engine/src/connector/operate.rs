//! What a person does to a connector: start, stop, drain, bind again. All but the last is stored before it is done, so that
//! it holds after a restart, too.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::ConnectorId;
use sambac_store::rows::{AskedState, ConnectorOrderRow};

use super::Connector;
use super::control::{Order, StopReason};
use crate::Engine;
use crate::admin::refusal;
use crate::refusal::Refusal;

/// How often draining looks whether everything is answered.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

impl Engine {
    /// Binds again, whatever stopped it: also after refused credentials. False when it is unknown or disabled.
    ///
    /// # Errors
    /// The database does not answer; nothing is done then.
    pub async fn connector_start(&self, id: ConnectorId, by: &str) -> Result<bool, Refusal> {
        if let Some(is_known) = self.ask_other_node(id, AskedState::Running, by).await? {
            return Ok(is_known);
        }
        let any = |_: &Connector| true;
        let Some(connector) = self.connector_asked(id, AskedState::Running, by, any).await? else { return Ok(false) };
        connector.inner.alerts.started_by_hand(&connector.name);
        connector.control.start();
        Ok(true)
    }

    /// Unbinds, and stays down until it is started, also when the process starts again; what waits for it waits on. False
    /// when it is unknown or disabled.
    ///
    /// # Errors
    /// The database does not answer; nothing is done then. Without the database nothing is sent either.
    pub async fn connector_stop(&self, id: ConnectorId, by: &str) -> Result<bool, Refusal> {
        if let Some(is_known) = self.ask_other_node(id, AskedState::Stopped, by).await? {
            return Ok(is_known);
        }
        let any = |_: &Connector| true;
        let Some(connector) = self.connector_asked(id, AskedState::Stopped, by, any).await? else { return Ok(false) };
        connector.control.stop(StopReason::Person);
        Ok(true)
    }

    /// Takes nothing more off the queue, and unbinds when everything on its way is answered, at the latest after `limit`.
    /// Receipts come in meanwhile. It stays down then as if it were stopped. False when it is unknown, disabled or stopped.
    ///
    /// # Errors
    /// The database does not answer; nothing is done then.
    pub async fn connector_drain(&self, id: ConnectorId, by: &str, limit: Duration) -> Result<bool, Refusal> {
        if let Some(is_known) = self.ask_other_node(id, AskedState::Drained, by).await? {
            return Ok(is_known);
        }
        let runs = |connector: &Connector| connector.control.order() == Order::Run;
        let Some(connector) = self.connector_asked(id, AskedState::Drained, by, runs).await? else { return Ok(false) };
        // Stopped meanwhile by its operator: then there is nothing to drain.
        if connector.control.drain() {
            self.0.tasks.spawn(drain(connector, limit));
        }
        Ok(true)
    }

    /// Unbinds every bind in good order and binds again. False when it is unknown or disabled, or no node has it.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the node that has it does not answer.
    pub async fn connector_unbind(&self, id: ConnectorId) -> Result<bool, Refusal> {
        let Some(office) = self.0.work.office() else {
            let connector = self.0.connectors.get(id);
            return Ok(connector.inspect(|connector| connector.control.renew()).is_some());
        };
        if !office.line(id).is_some_and(|line| line.is_heard()) {
            return Ok(false);
        }
        office.bind_again(&self.0, id).await.ok_or(ErrorCode::ServiceUnavailable)?;
        Ok(true)
    }

    /// Where another node has the binds it is stored what is asked: that node reads it within a second. Tells whether there is such a connector;
    /// `None` where this process has the binds itself.
    async fn ask_other_node(&self, id: ConnectorId, asked: AskedState, by: &str) -> Result<Option<bool>, Refusal> {
        let Some(office) = self.0.work.office() else { return Ok(None) };
        let _changing = self.0.admin_changes.lock().await;
        if office.line(id).is_none() {
            return Ok(Some(false));
        }
        let order = ConnectorOrderRow { id, asked, asked_by: by.to_owned(), asked_at: self.0.clock.now() };
        self.0.store.keep_connector_order(&order).await.map_err(|error| refusal::store(&error))?;
        self.0.connectors.note_asked(order);
        if asked == AskedState::Running {
            let name = office.status(id).map(|status| status.name).unwrap_or_default();
            self.0.alerts.started_by_hand(&name);
        }
        Ok(Some(true))
    }

    /// Stores what is asked of a connector that runs and may be asked for it; `None` otherwise.
    async fn connector_asked(
        &self,
        id: ConnectorId,
        asked: AskedState,
        by: &str,
        may_be_asked: impl Fn(&Connector) -> bool,
    ) -> Result<Option<Arc<Connector>>, Refusal> {
        // One after the other, and none while the connector is being removed.
        let _changing = self.0.admin_changes.lock().await;
        let Some(connector) = self.0.connectors.get(id).filter(|connector| may_be_asked(connector)) else {
            return Ok(None);
        };
        let order = ConnectorOrderRow { id, asked, asked_by: by.to_owned(), asked_at: self.0.clock.now() };
        self.0.store.keep_connector_order(&order).await.map_err(|error| refusal::store(&error))?;
        connector.control.asked(order);
        Ok(Some(connector))
    }
}

pub(super) async fn drain(connector: Arc<Connector>, limit: Duration) {
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
    pub(crate) fn is_idle(&self) -> bool {
        self.ready.len().0 == 0 && self.links().iter().all(|link| link.taken() == 0)
    }
}
