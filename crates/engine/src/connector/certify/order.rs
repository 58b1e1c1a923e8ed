//! A connector's SMSC is tried out on request, with the connector's own settings and password; the last report of each is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sambac_domain::error::ErrorCode;
use sambac_domain::id::ConnectorId;
use sambac_domain::profile::Profile;
use sambac_smpp::BindKind;

use super::Trial;
use super::checklist::Checklist;
use super::report::{Certification, SharedReport, Verdict};
use super::way::Way;
use crate::Engine;
use crate::connector::ConnectorState;
use crate::connector::dial::Plan;
use crate::connector::hosts::targets;
use crate::refusal::Refusal;

/// The last report of each connector, also of one that runs; there are no more than connectors.
#[derive(Default)]
pub(crate) struct Certifications(Mutex<HashMap<ConnectorId, SharedReport>>);

impl Certifications {
    fn get(&self, id: ConnectorId) -> Option<SharedReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Begins one; false while another one runs.
    fn begin(&self, id: ConnectorId, report: &SharedReport) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(&id).is_some_and(SharedReport::is_running) {
            return false;
        }
        all.insert(id, report.clone());
        true
    }
}

impl Engine {
    /// Begins to try out the SMSC of a connector, in the background: [`Engine::certification`] tells how far it is.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::WrongState`] while the connector runs, as its receipts would come by its own binds,
    /// or while it is tried out already; [`ErrorCode::InvalidConfiguration`] when its settings cannot be used.
    pub fn certify_connector(&self, id: ConnectorId, trial: Trial) -> Result<(), Refusal> {
        let row = self.snapshot().connectors.get(&id).cloned().ok_or(ErrorCode::NotFound)?;
        let row = Arc::new(row);
        let state = self.connector_status(id).map(|status| status.state);
        if !matches!(state, Some(ConnectorState::Disabled | ConnectorState::Stopped(_)) | None) {
            let text = "the connector runs, and receipts would come by its own binds: stop it first";
            return Err(Refusal::new(ErrorCode::WrongState, text));
        }
        let unusable = |why: String| Refusal::new(ErrorCode::InvalidConfiguration, why);
        let profile = Arc::new(Profile::parse(&row.settings).map_err(|error| unusable(error.to_string()))?);
        let plan = Plan::new(&row, &profile, &self.0).map_err(|error| unusable(error.to_string()))?;
        let hosts = targets(&row, &profile.bind, BindKind::Transceiver);
        let host = hosts.first().map_or_else(|| row.host.clone(), ToString::to_string);
        let report = SharedReport::new(&host, &row.system_id, self.0.clock.now());
        if !self.0.certifications.begin(id, &report) {
            return Err(Refusal::new(ErrorCode::WrongState, "it is being tried out"));
        }
        let way = Way::Connector(Box::new(plan), hosts);
        let checklist = Checklist::new(way, trial, self.0.clock.clone(), report.clone());
        let inner = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = checklist.run() => {}
                () = inner.stopping.cancelled() => {
                    report.add("time", Verdict::Untested, "the platform was stopped");
                    report.ended(inner.clock.now());
                }
            }
        });
        Ok(())
    }

    /// The last report of a connector since the start, also while it is being made.
    pub fn certification(&self, id: ConnectorId) -> Option<Certification> {
        self.0.certifications.get(id).map(|report| report.get())
    }
}
