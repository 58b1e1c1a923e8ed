//! `POST /v1/webhooks`: be told about final states, and of messages from handsets.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::webhook::Webhook;
use crate::access::{Authorised, scope};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Moment;

/// A webhook to register.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddWebhook {
    /// A public https address.
    #[garde(length(chars, min = 1, max = 2048))]
    #[schema(format = "uri", min_length = 1, max_length = 2048, example = "https://example.com/sms-events")]
    url: String,
}

/// The new webhook with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// Verifies the events (Standard Webhooks). Shown this once.
    #[schema(example = "whsec_…")]
    secret: String,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::InvalidWebhook]])
    }
}

/// Register a webhook.
///
/// Every final state of a message is posted to it (`message.delivered` and so on), and every message from a handset that
/// a route leads to it (`message.received`), signed as Standard Webhooks describes. The secret is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    request_body = AddWebhook,
    responses((status = 201, description = "Registered", body = AddedWebhook, headers(
        ("Location" = String, description = "The webhook"))), Refusals)
)]
pub(crate) async fn add_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Json(wanted): Json<AddWebhook>,
) -> Result<impl IntoResponse, Problem> {
    let created_at = Moment(client.engine().clock().now());
    let new = client.engine().register_webhook(client.account_id(), &wanted.url).await?;
    let webhook = Webhook { id: new.id.to_string(), url: new.url, state: "enabled", created_at };
    let location = [(header::LOCATION, format!("/v1/webhooks/{}", webhook.id))];
    let added = AddedWebhook { webhook, secret: new.secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, location, axum::Json(added)))
}
