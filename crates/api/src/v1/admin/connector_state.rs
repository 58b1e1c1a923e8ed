//! `GET /v1/admin/connectors/{id}/state`: how a connector and each of its binds are.

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use sambac_engine::{BindState, BindStatus, ConnectorState, ConnectorStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Id;
use crate::problem::Problem;
use crate::shown::Moment;

/// How a connector is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownConnector {
    #[schema(example = "con_01h2xcejqtf2n")]
    id: String,
    #[schema(example = "alpha-1")]
    name: String,
    /// `disabled`, `down`, `partly_bound`, `bound`, `draining` or `stopped`.
    #[schema(example = "bound")]
    state: &'static str,
    /// Why it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What was last asked of it: `running`, `stopped` or `drained`. It holds after a restart, too.
    #[schema(example = "running")]
    asked: &'static str,
    /// Who asked; missing when nobody ever did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "admin key operations")]
    asked_by: Option<String>,
    /// When they asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_at: Option<Moment>,
    /// Binds, or whole pairs of them, that are up.
    bound: usize,
    /// Segments that wait for it in memory; more may wait on disk.
    queued: usize,
    binds: Vec<ShownBind>,
}

/// How a bind is.
#[derive(Serialize, ToSchema)]
struct ShownBind {
    /// From 1; the two binds of a pair have the same.
    number: usize,
    /// `transmitter`, `receiver` or `transceiver`.
    #[schema(example = "transceiver")]
    kind: &'static str,
    /// `connecting`, `listening`, `bound`, `waiting`, `draining` or `stopped`.
    #[schema(example = "bound")]
    state: &'static str,
    since: Moment,
    /// When it tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Moment>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// When it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_at: Option<Moment>,
    /// Where it is bound to, or tries to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "smsc.alpha.example:2775")]
    host: Option<String>,
    /// What the SMSC calls itself.
    peer_system_id: String,
    /// Unanswered submits that it may have now.
    window: usize,
    /// Unanswered submits.
    in_flight: usize,
}

/// Show how a connector is.
#[utoipa::path(
    get,
    path = "/v1/admin/connectors/{id}/state",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
    responses((status = 200, description = "As a whole, and each of its binds", body = ShownConnector), Reading)
)]
pub(crate) async fn show_connector_state(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
) -> Result<axum::Json<ShownConnector>, Problem> {
    shown(&admin, id).map(axum::Json)
}

/// How it is now.
pub(super) fn shown(admin: &Admin<admin_scope::Operations>, id: ConnectorId) -> Result<ShownConnector, Problem> {
    Ok(admin.engine().connector_status(id).ok_or(ErrorCode::NotFound)?.into())
}

impl ShownConnector {
    /// Its state in a word.
    pub(super) fn word(&self) -> &'static str {
        self.state
    }
}

impl From<ConnectorStatus> for ShownConnector {
    fn from(status: ConnectorStatus) -> Self {
        let (state, reason) = match status.state {
            ConnectorState::Disabled => ("disabled", None),
            ConnectorState::Down => ("down", None),
            ConnectorState::PartlyBound => ("partly_bound", None),
            ConnectorState::Bound => ("bound", None),
            ConnectorState::Draining => ("draining", None),
            ConnectorState::Stopped(reason) => ("stopped", Some(reason.to_string())),
        };
        Self {
            id: status.id.to_string(),
            name: status.name,
            state,
            reason,
            asked: status.asked.as_ref().map(|order| order.asked).unwrap_or_default().as_str(),
            asked_at: status.asked.as_ref().map(|order| Moment(order.asked_at)),
            asked_by: status.asked.map(|order| order.asked_by),
            bound: status.bound,
            queued: status.queued,
            binds: status.binds.into_iter().map(ShownBind::from).collect(),
        }
    }
}

impl From<BindStatus> for ShownBind {
    fn from(bind: BindStatus) -> Self {
        let (state, until) = match bind.state {
            BindState::Connecting => ("connecting", None),
            BindState::Listening => ("listening", None),
            BindState::Bound => ("bound", None),
            BindState::Waiting { until } => ("waiting", Some(until)),
            BindState::Draining => ("draining", None),
            BindState::Stopped(_) => ("stopped", None),
        };
        let (last_error_at, last_error) =
            bind.last_error.map_or((None, None), |(at, why)| (Some(Moment(at)), Some(why)));
        Self {
            number: bind.number,
            kind: bind.kind.as_str(),
            state,
            since: Moment(bind.since),
            until: until.map(Moment),
            last_error,
            last_error_at,
            host: bind.host,
            peer_system_id: bind.peer_system_id,
            window: bind.window,
            in_flight: bind.in_flight,
        }
    }
}
