//! `DELETE /v1/opt-outs/{id}`: a number gets messages again.

use sambac_domain::OptOutId;
use sambac_domain::error::ErrorCode;

use super::{OptOut, told};
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

/// Take an entry off the opt-out list.
///
/// Only when its person has agreed. The entry stays, as `opted_in`, and tells who took it off and when; another entry of the same number counts
/// on.
#[utoipa::path(
    delete,
    path = "/v1/opt-outs/{id}",
    tag = "Messages",
    security(("key" = ["opt_outs:write"]), ("key_header" = ["opt_outs:write"])),
    params(("id" = String, Path, description = "The entry", example = "out_01h2xcejqtf2n")),
    responses((status = 200, description = "It counts no more", body = OptOut), Refusals)
)]
pub(crate) async fn remove_opt_out(
    client: Authorised<scope::OptOutsWrite>,
    Id(id): Id<OptOutId>,
) -> Result<axum::Json<OptOut>, Problem> {
    client.opt_out(id).await?;
    let by = client.caller().actor();
    let view = client.engine().remove_opt_out((client.account_id(), &by), id).await.map_err(told)?;
    Ok(axum::Json(view.into()))
}
