//! `POST /v1/admin/connectors/{id}/release`: gives away what waits for a connector.

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use sambac_engine::Releasing;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Parameters};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

refusals! {
    /// Of giving away.
    Refusing: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::InvalidRequest]];
}

/// What becomes of segments that no other connector takes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Ending {
    /// Whether segments without another connector end as `failed` and cost nothing. Else they stay.
    #[param(default = false)]
    end: Option<bool>,
}

/// What became of the segments.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReleasedSegments {
    /// They wait for another connector now.
    #[schema(example = 12)]
    moved: usize,
    /// They ended as failed, and cost nothing.
    #[schema(example = 0)]
    ended: usize,
    /// They wait for it as before: no other connector takes them, or they are just being sent.
    #[schema(example = 0)]
    kept: usize,
    /// There was not time for all: call again.
    more: bool,
}

/// Give away what waits for a connector.
///
/// Each segment goes to the next enabled connector of its route; to the first if this one is not in the route any more. So a
/// connector with waiting segments can be removed: take it out of its routes, disable it, give away, remove.
#[utoipa::path(
    post,
    path = "/v1/admin/connectors/{id}/release",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n"), Ending),
    responses((status = 200, description = "What became of them", body = ReleasedSegments), Refusing)
)]
pub(crate) async fn release_segments(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
    Parameters(Ending { end }): Parameters<Ending>,
) -> Result<axum::Json<ReleasedSegments>, Problem> {
    let Releasing { released, more } = admin.engine().connector_release(id, end.unwrap_or(false)).await?;
    Ok(axum::Json(ReleasedSegments { moved: released.moved, ended: released.ended, kept: released.kept, more }))
}
