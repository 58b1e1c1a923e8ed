//! `GET /v1/webhooks`: who is told.

use serde::Serialize;
use utoipa::ToSchema;

use super::webhook::Webhook;
use crate::access::{Authorised, scope};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// The account's webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhooks {
    data: Vec<Webhook>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL])
    }
}

/// List the webhooks.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    responses((status = 200, description = "All of them; secrets are not shown", body = Webhooks), Refusals)
)]
pub(crate) async fn list_webhooks(client: Authorised<scope::WebhooksWrite>) -> Result<axum::Json<Webhooks>, Problem> {
    let rows = client.engine().store().webhooks_of(client.account_id()).await?;
    Ok(axum::Json(Webhooks { data: rows.into_iter().map(Webhook::from).collect() }))
}
