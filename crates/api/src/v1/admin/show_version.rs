//! `GET /v1/admin/versions/{number}`: what one change changed.

use super::list_versions::Version;
use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Id;
use crate::problem::Problem;

/// Show what a version changed.
#[utoipa::path(
    get,
    path = "/v1/admin/versions/{number}",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    params(("number" = i64, Path, description = "Its number")),
    responses((status = 200, description = "Every field before and after", body = Version), Reading)
)]
pub(crate) async fn show_version(
    admin: Admin<admin_scope::ConfigRead>,
    Id(number): Id<i64>,
) -> Result<axum::Json<Version>, Problem> {
    Ok(axum::Json(admin.engine().version(number).await?.into()))
}
