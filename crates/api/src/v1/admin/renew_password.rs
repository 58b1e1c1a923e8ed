//! `POST /v1/admin/smpp-accounts/{id}/password`: a new password, shown once.

use axum::extract::Path;
use sambac_domain::error::ErrorCode;

use super::resource::refusals;
use super::shown::Thing;
use super::smpp_accounts::SmppAccount;
use crate::access::{Admin, admin_scope};
use crate::input::IfMatch;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

refusals! {
    /// Of a new password.
    Renewing: &[ANY_CALL, &[
        ErrorCode::NotFound,
        ErrorCode::InvalidRequest,
        ErrorCode::StaleVersion,
        ErrorCode::InvalidConfiguration,
        ErrorCode::Conflict,
    ]];
}

/// Make a new password for an SMPP account.
///
/// The old one is worth nothing from now on; what is bound stays bound.
#[utoipa::path(
    post,
    path = "/v1/admin/smpp-accounts/{id}/password",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(
        ("id" = String, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read; `*` for any"),
    ),
    responses((status = 200, description = "The account with its new password", body = SmppAccount), Renewing)
)]
pub(crate) async fn renew_smpp_password(
    admin: Admin<admin_scope::ConfigWrite>,
    Path(id): Path<String>,
    IfMatch(if_match): IfMatch,
) -> Result<Thing, Problem> {
    let changed = admin.engine().renew_smpp_password(admin.administrator(), &id, if_match.as_deref()).await?;
    Ok(Thing::changed(changed))
}
