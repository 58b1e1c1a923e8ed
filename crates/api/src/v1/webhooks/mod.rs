//! `/v1/webhooks`: who is told of the account's events, and how that is signed.

mod log;
mod shape;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::WebhookId;
use sambac_domain::error::ErrorCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Authorised, Door, scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use shape::{AddWebhook, AddedWebhook, RotateWebhook, UpdateWebhook, Webhook, Webhooks};

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(add_webhook, list_webhooks))
        .routes(routes!(show_webhook, update_webhook, remove_webhook))
        .routes(routes!(rotate_webhook))
        .routes(routes!(log::list_deliveries))
        .routes(routes!(log::list_dead_letters))
        .routes(routes!(log::replay_webhook))
        .routes(routes!(log::test_webhook))
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $groups:expr;)+) => {$(
        $(#[$doc])*
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> Documented {
                openapi::problems($groups)
            }
        }
    )+};
}

refusals! {
    /// Of a new webhook.
    Adding: &[ANY_CALL, ANY_BODY, &[ErrorCode::InvalidWebhook]];
    /// Of the list.
    Listing: &[ANY_CALL];
    /// Of one.
    Showing: &[ANY_CALL, &[ErrorCode::NotFound]];
    /// Of a change.
    Changing: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::InvalidWebhook]];
    /// Of a new secret.
    Rotating: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound]];
}

/// Register a webhook.
///
/// Events of the types that it wants are posted to it: every final state of a message that was sent by this API (`message.delivered` and
/// so on), news of the account, and every message from a handset that a route leads to it (`message.received`, whatever types it wants).
/// They are signed as Standard Webhooks describes. A shared secret is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    request_body = AddWebhook,
    responses((status = 201, description = "Registered", body = AddedWebhook, headers(
        ("Location" = String, description = "The webhook"))), Adding)
)]
pub(crate) async fn add_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Json(wanted): Json<AddWebhook>,
) -> Result<impl IntoResponse, Problem> {
    let made =
        client.engine().register_webhook(client.account_id(), wanted.order(client.caller().environment)?).await?;
    let location = [(header::LOCATION, format!("/v1/webhooks/{}", made.row.id))];
    let added = AddedWebhook::new(made, client.engine());
    Ok((StatusCode::CREATED, location, axum::Json(added)))
}

/// List the webhooks.
#[utoipa::path(
    get,
    path = "/v1/webhooks",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    responses((status = 200, description = "All of them; secrets are not shown", body = Webhooks), Listing)
)]
pub(crate) async fn list_webhooks(client: Authorised<scope::WebhooksWrite>) -> Result<axum::Json<Webhooks>, Problem> {
    let mut rows = client.engine().store().webhooks_of(client.account_id()).await?;
    rows.retain(|row| client.sees_webhook(row));
    Ok(axum::Json(Webhooks::new(rows, client.engine())))
}

/// Show a webhook.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now; its secret is not shown", body = Webhook), Showing)
)]
pub(crate) async fn show_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
) -> Result<axum::Json<Webhook>, Problem> {
    let row = client.webhook(id).await?;
    Ok(axum::Json(Webhook::new(row, client.engine())))
}

/// Change a webhook.
///
/// What is named changes, all else stays. One that is enabled again is first told what waited for it.
#[utoipa::path(
    patch,
    path = "/v1/webhooks/{id}",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n")),
    request_body = UpdateWebhook,
    responses((status = 200, description = "As it is now", body = Webhook), Changing)
)]
pub(crate) async fn update_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
    Json(wanted): Json<UpdateWebhook>,
) -> Result<axum::Json<Webhook>, Problem> {
    client.reach_webhook(id).await?;
    let row = client.engine().change_webhook(client.account_id(), id, wanted.change()).await?;
    Ok(axum::Json(Webhook::new(row, client.engine())))
}

/// Rotate a webhook's secret.
///
/// Events are signed with a new secret from now on, and with the present one too for `keep_s` seconds: `webhook-signature` has both
/// signatures, so that the receiver can change over at any time between. Of two rotations in a row only the last two secrets sign. A
/// shared secret is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/rotate",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n")),
    request_body = RotateWebhook,
    responses((status = 200, description = "With its new secret", body = AddedWebhook), Rotating)
)]
pub(crate) async fn rotate_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
    Json(wanted): Json<RotateWebhook>,
) -> Result<axum::Json<AddedWebhook>, Problem> {
    client.reach_webhook(id).await?;
    let (keep_s, scheme) = (wanted.keep_s(), wanted.scheme()?);
    let rotated = client.engine().rotate_webhook(client.account_id(), id, keep_s, scheme).await?;
    Ok(axum::Json(AddedWebhook::new(rotated, client.engine())))
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
    responses((status = 204, description = "Removed"), Showing)
)]
pub(crate) async fn remove_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
) -> Result<StatusCode, Problem> {
    client.reach_webhook(id).await?;
    match client.engine().remove_webhook(client.account_id(), id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ErrorCode::NotFound.into()),
    }
}
