//! `GET /v1/otp/{id}`: how far a code is.

use sambac_domain::OtpId;
use sambac_domain::error::ErrorCode;

use super::{Otp, told};
use crate::access::{Authorised, scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Show a one-time code's state.
#[utoipa::path(
    get,
    path = "/v1/otp/{id}",
    tag = "OTP",
    security(("key" = ["otp:read"]), ("key_header" = ["otp:read"])),
    params(("id" = String, Path, description = "Its id", example = "otp_01h2xcejqtf2n")),
    responses((status = 200, description = "The code as it is now", body = Otp), Refusals)
)]
pub(crate) async fn show_otp(
    client: Authorised<scope::OtpRead>,
    Id(id): Id<OtpId>,
) -> Result<axum::Json<Otp>, Problem> {
    client.reach_otp(id).await?;
    let view = client.engine().otp(client.account_id(), id).await.map_err(told)?;
    let receipt = client.engine().otp_evidence(&view.row, &view.sends).await?;
    Ok(axum::Json(Otp { receipt, ..Otp::from(view) }))
}
