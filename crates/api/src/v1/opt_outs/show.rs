//! `GET /v1/opt-outs/{id}`: one entry.

use sambac_domain::OptOutId;
use sambac_domain::error::ErrorCode;

use super::OptOut;
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

/// Show an entry of the opt-out list.
#[utoipa::path(
    get,
    path = "/v1/opt-outs/{id}",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(("id" = String, Path, description = "The entry", example = "out_01h2xcejqtf2n")),
    responses((status = 200, description = "What was said last", body = OptOut), Refusals)
)]
pub(crate) async fn show_opt_out(
    client: Authorised<scope::SmsRead>,
    Id(id): Id<OptOutId>,
) -> Result<axum::Json<OptOut>, Problem> {
    let view = client.opt_out(id).await?;
    Ok(axum::Json(view.into()))
}
