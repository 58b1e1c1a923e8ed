//! A test of a connector's settings: connects and binds once to every host, beside the binds that are up, and tells each step.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::ConnectorId;
use sambac_domain::profile::Profile;
use sambac_smpp::BindKind;
use sambac_store::rows::ConnectorRow;
use tokio::time::Instant;

use super::dial::{DialError, Dialled, Plan, Step, Steps};
use super::hosts::targets;
use super::seat;
use crate::Engine;

/// What a test of one bind came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindReport {
    /// `host:port`.
    pub host: String,
    /// As what it bound.
    pub kind: BindKind,
    /// What was done, in order; the last one failed, unless it is `unbind`.
    pub steps: Vec<Step>,
    /// Whether the SMSC took the bind.
    pub is_bound: bool,
    /// What a refusal is taken for: `credentials`, `limit`, `stale`, `temporary`, `link` or `setup`.
    pub failure: Option<&'static str>,
    /// What the SMSC calls itself.
    pub peer_system_id: String,
    /// Its SMPP version, when it says so: 0x33, 0x34, 0x50.
    pub peer_version: Option<u8>,
}

impl Engine {
    /// Tests these settings, stored or not: one report for each host and kind of bind. Nothing that runs is touched, but the
    /// SMSC may count one bind too many while it lasts.
    pub async fn connector_test_bind(&self, row: &ConnectorRow) -> Vec<BindReport> {
        let row = Arc::new(row.clone());
        let plan = match Profile::parse(&row.settings) {
            Ok(profile) => {
                let profile = Arc::new(profile);
                Plan::new(&row, &profile, &self.0).map(|plan| (plan, profile))
            }
            Err(error) => Err(DialError::Setup(error.to_string())),
        };
        let (plan, profile) = match plan {
            Ok(plan) => plan,
            Err(error) => return vec![unusable(&row, &error)],
        };
        let mut reports = Vec::new();
        for (_, kind) in seat::wanted(row.bind_kind, 1) {
            for target in targets(&row, &profile.bind, kind) {
                let mut steps = Steps::default();
                let dialled = plan.dial(&target, kind, &mut steps).await;
                let failure = dialled.as_ref().err().map(|error| plan.failure(error).as_str());
                let limit = Duration::from_millis(profile.bind.unbind_timeout_ms);
                let (peer_system_id, peer_version) = leave(dialled.ok(), limit, &mut steps).await;
                let (host, is_bound) = (target.to_string(), failure.is_none());
                let steps = steps.0;
                reports.push(BindReport { host, kind, steps, is_bound, failure, peer_system_id, peer_version });
            }
        }
        reports
    }

    /// Tests the stored settings of a connector; `None` when there is none of this id.
    pub async fn connector_test_bind_stored(&self, id: ConnectorId) -> Option<Vec<BindReport>> {
        let row = self.snapshot().connectors.get(&id).cloned()?;
        Some(self.connector_test_bind(&row).await)
    }
}

/// Unbinds, and says who it was.
async fn leave(dialled: Option<Dialled>, limit: Duration, steps: &mut Steps) -> (String, Option<u8>) {
    let Some(Dialled { session, events, reply, .. }) = dialled else { return (String::new(), None) };
    let begun = Instant::now();
    session.unbind(limit).await;
    drop(events);
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    steps.0.push(Step { name: "unbind", took_ms, result: Ok("unbound".to_owned()) });
    (String::from_utf8_lossy(&reply.system_id).into_owned(), reply.interface_version)
}

fn unusable(row: &ConnectorRow, error: &DialError) -> BindReport {
    BindReport {
        host: format!("{}:{}", row.host, row.port),
        kind: BindKind::Transceiver,
        steps: vec![Step { name: "settings", took_ms: 0, result: Err(error.to_string()) }],
        is_bound: false,
        failure: Some("setup"),
        peer_system_id: String::new(),
        peer_version: None,
    }
}
