//! `POST /v1/admin/signing-keys`: another key signs from now on.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::access::{Admin, admin_scope};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// The new key.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSigningKey {
    /// Its id, by which signatures name it. Its public half is in the key set.
    #[schema(example = "sgn_01h2xcejqtf2n")]
    kid: String,
}

/// What it may be refused with.
struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL])
    }
}

/// Replace the signing key.
///
/// It happens by itself every 90 days. Signatures of the former key can be verified as before; access tokens that it has signed are
/// taken for an hour, which is the longest that one holds.
#[utoipa::path(
    post,
    path = "/v1/admin/signing-keys",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    responses((status = 201, description = "It signs from now on", body = NewSigningKey), Refusals)
)]
pub(crate) async fn rotate_signing_key(admin: Admin<admin_scope::ConfigWrite>) -> Result<impl IntoResponse, Problem> {
    let key = admin.engine().rotate_signing_key().await?;
    Ok((StatusCode::CREATED, axum::Json(NewSigningKey { kid: key.id().to_owned() })))
}
