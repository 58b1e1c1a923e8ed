//! `DELETE /v1/webhooks/{id}`: tell it no more.

use axum::http::StatusCode;
use sambac_domain::WebhookId;
use sambac_domain::error::ErrorCode;

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

/// Remove a webhook.
///
/// Events that wait for it are dropped.
#[utoipa::path(
    delete,
    path = "/v1/webhooks/{id}",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n")),
    responses((status = 204, description = "Removed"), Refusals)
)]
pub(crate) async fn remove_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
) -> Result<StatusCode, Problem> {
    match client.engine().remove_webhook(client.account_id(), id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ErrorCode::NotFound.into()),
    }
}
