//! `POST /v1/admin/connectors/{id}/test-bind`: does the operator take us?

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use sambac_engine::{BindReport, Step};
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Id;
use crate::problem::Problem;

/// What the test came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct BindTest {
    /// Whether every bind was taken.
    bound: bool,
    /// For each host and kind of bind.
    data: Vec<TestedBind>,
}

/// One bind that was tried.
#[derive(Serialize, ToSchema)]
struct TestedBind {
    #[schema(example = "smsc.alpha.example:2775")]
    host: String,
    #[schema(example = "transceiver")]
    kind: &'static str,
    bound: bool,
    /// What a refusal is taken for: `credentials`, `limit`, `stale`, `temporary`, `link` or `setup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    /// What the SMSC calls itself.
    peer_system_id: String,
    /// What was done, in order; the last one failed unless it is `unbind`.
    steps: Vec<TestedStep>,
}

/// A step of an attempt.
#[derive(Serialize, ToSchema)]
struct TestedStep {
    /// `settings`, `resolve`, `connect`, `tls`, `bind` or `unbind`.
    #[schema(example = "bind")]
    name: &'static str,
    took_ms: u64,
    ok: bool,
    /// What came of it, or why it failed.
    text: String,
}

/// Test a connector's settings.
///
/// Connects and binds once to every host, beside the binds that are up, and tells each step. Nothing that runs is touched, but
/// the SMSC may count one bind too many while it lasts.
#[utoipa::path(
    post,
    path = "/v1/admin/connectors/{id}/test-bind",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
    responses((status = 200, description = "What it came to", body = BindTest), Reading)
)]
pub(crate) async fn test_bind_connector(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
) -> Result<axum::Json<BindTest>, Problem> {
    let reports = admin.engine().connector_test_bind_stored(id).await.ok_or(ErrorCode::NotFound)?;
    let bound = reports.iter().all(|report| report.is_bound);
    Ok(axum::Json(BindTest { bound, data: reports.into_iter().map(TestedBind::from).collect() }))
}

impl From<BindReport> for TestedBind {
    fn from(report: BindReport) -> Self {
        Self {
            host: report.host,
            kind: report.kind.as_str(),
            bound: report.is_bound,
            failure: report.failure,
            peer_system_id: report.peer_system_id,
            steps: report.steps.into_iter().map(TestedStep::from).collect(),
        }
    }
}

impl From<Step> for TestedStep {
    fn from(step: Step) -> Self {
        let ok = step.result.is_ok();
        let (Ok(text) | Err(text)) = step.result;
        Self { name: step.name, took_ms: step.took_ms, ok, text }
    }
}
