//! `GET /v1/sms/inbound/{id}`: one message from a handset.

use sambac_domain::MoId;
use sambac_domain::error::ErrorCode;

use super::inbound::Inbound;
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

/// Show a message from a handset.
///
/// Another account's message is answered exactly like one that does not exist.
#[utoipa::path(
    get,
    path = "/v1/sms/inbound/{id}",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(("id" = String, Path, description = "The message", example = "mo_01h2xcejqtf2n")),
    responses((status = 200, description = "The message", body = Inbound), Refusals)
)]
pub(crate) async fn show_inbound(
    client: Authorised<scope::SmsRead>,
    Id(id): Id<MoId>,
) -> Result<axum::Json<Inbound>, Problem> {
    let row = client.engine().store().mo_message(client.account_id(), id).await?;
    let row = row.filter(|row| client.reaches_source(row)).ok_or(ErrorCode::NotFound)?;
    Ok(axum::Json(Inbound::new(client.engine(), &row)))
}
