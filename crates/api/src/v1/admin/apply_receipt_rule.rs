//! `POST /v1/admin/connectors/{id}/receipt-rules/{rule}/apply`: a proposed rule becomes the connector's.

use axum::extract::Path;
use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;

use super::connectors::Connector;
use super::dry_run::DryRun;
use super::resource::refusals;
use super::shown::Thing;
use crate::access::{Admin, admin_scope};
use crate::input::{IfMatch, Parameters};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

refusals! {
    /// Of a rule that is taken.
    Taking: &[ANY_CALL, &[
        ErrorCode::NotFound,
        ErrorCode::InvalidRequest,
        ErrorCode::StaleVersion,
        ErrorCode::InvalidConfiguration,
        ErrorCode::Conflict,
    ]];
}

/// Take a proposed rule for ids into a connector's settings.
///
/// A change of the configuration with a version of its own: it can be taken back. The receipts that match nothing are tried by
/// the new rule at once. A rule that is not proposed any more is not found.
#[utoipa::path(
    post,
    path = "/v1/admin/connectors/{id}/receipt-rules/{rule}/apply",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(
        ("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n"),
        ("rule" = String, Path, description = "The rule's name", example = "5b1f0c66a2d3"),
        ("If-Match" = Option<String>, Header, description = "The connector's ETag that was read; `*` for any"),
        DryRun,
    ),
    responses((status = 200, description = "The connector as it is now", body = Connector, headers(
        ("ETag" = String, description = "For If-Match"))), Taking)
)]
pub(crate) async fn apply_receipt_rule(
    admin: Admin<admin_scope::ConfigWrite>,
    Path((id, rule)): Path<(String, String)>,
    IfMatch(if_match): IfMatch,
    Parameters(dry_run): Parameters<DryRun>,
) -> Result<Thing, Problem> {
    let id: ConnectorId = id.parse().map_err(|_| ErrorCode::NotFound)?;
    let condition = dry_run.with(if_match.as_deref());
    let changed = admin.engine().apply_receipt_proposal(admin.administrator(), id, &rule, condition).await?;
    Ok(if condition.dry_run { Thing::tried(changed) } else { Thing::changed(changed) })
}
