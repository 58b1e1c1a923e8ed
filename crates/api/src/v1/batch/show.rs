//! `GET /v1/batches/{id}`: how far a batch is.

use sambac_domain::BatchId;
use sambac_domain::error::ErrorCode;

use super::{Batch, told};
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

/// Show a batch.
#[utoipa::path(
    get,
    path = "/v1/batches/{id}",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(("id" = String, Path, description = "Its id", example = "bat_01h2xcejqtf2n")),
    responses((status = 200, description = "How far it is", body = Batch), Refusals)
)]
pub(crate) async fn show_batch(
    client: Authorised<scope::SmsRead>,
    Id(id): Id<BatchId>,
) -> Result<axum::Json<Batch>, Problem> {
    client.reach_batch(id).await?;
    Ok(axum::Json(client.engine().batch(client.account_id(), id).await.map_err(told)?.into()))
}
