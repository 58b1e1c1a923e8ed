//! `POST /v1/admin/versions/{number}/rollback`: back to how the configuration was after a version.

use sambac_domain::error::ErrorCode;

use super::difference;
use super::dry_run::{ChangeOfConfiguration, DryRun};
use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Parameters};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

refusals! {
    /// Of a rollback.
    Rolling: &[ANY_CALL, &[
        ErrorCode::NotFound,
        ErrorCode::InvalidRequest,
        ErrorCode::Conflict,
        ErrorCode::InUse,
        ErrorCode::InvalidConfiguration,
    ]];
}

/// Take the configuration back to how it was after a version.
///
/// This is a change with a version of its own. Passwords that are there stay, keys and webhooks are not touched, and what was
/// made since is switched off instead of removed, as messages may wait for it. Refused when what was is not possible any more.
#[utoipa::path(
    post,
    path = "/v1/admin/versions/{number}/rollback",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(("number" = i64, Path, description = "Its number"), DryRun),
    responses((status = 200, description = "What was changed", body = ChangeOfConfiguration), Rolling)
)]
pub(crate) async fn rollback(
    admin: Admin<admin_scope::ConfigWrite>,
    Id(number): Id<i64>,
    Parameters(dry_run): Parameters<DryRun>,
) -> Result<axum::Json<ChangeOfConfiguration>, Problem> {
    let done = admin.engine().rollback(admin.administrator(), number, dry_run.is_dry()).await?;
    let differences = difference::shown(done.differences);
    Ok(axum::Json(ChangeOfConfiguration { version: done.version, differences }))
}
