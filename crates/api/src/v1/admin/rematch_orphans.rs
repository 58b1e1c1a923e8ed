//! `POST /v1/admin/orphan-receipts/rematch`: receipts that match nothing are tried again.

use serde::Serialize;
use utoipa::ToSchema;

use super::list_orphans::OrphansQuery;
use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::problem::Problem;

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rematched {
    /// Receipts that were tried.
    tried: usize,
    /// Those that have found their segment.
    matched: usize,
    /// Those that match nothing still.
    left: usize,
}

/// Try receipts again that match nothing.
///
/// All that the parameters name; with none, all there are. A change of the rules for ids does this by itself.
#[utoipa::path(
    post,
    path = "/v1/admin/orphan-receipts/rematch",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(OrphansQuery),
    responses((status = 200, description = "How many have matched", body = Rematched), Reading)
)]
pub(crate) async fn rematch_orphans(
    admin: Admin<admin_scope::Operations>,
    Parameters(wanted): Parameters<OrphansQuery>,
) -> Result<axum::Json<Rematched>, Problem> {
    let done = admin.engine().rematch_orphans(&wanted.filter()?).await?;
    let matched = done.tried.saturating_sub(done.left);
    Ok(axum::Json(Rematched { tried: done.tried, matched, left: done.left }))
}
