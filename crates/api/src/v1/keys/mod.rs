//! `/v1/keys`: the account's API keys, made, changed, rotated and revoked by one of them. None gives what it does not have.

mod request_keys;
pub(super) mod shape;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::ApiKeyId;
use sambac_domain::error::ErrorCode;
use sambac_engine::keyring::KeyHolder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::paging;
use crate::access::{Authorised, Door, scope};
use crate::input::{Id, Json, Parameters};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use shape::{AddKey, AddedKey, Key, KeyPage, ListKeys, RotateKey, UpdateKey};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $groups:expr;)+) => {$(
        $(#[$doc])*
        pub(in crate::v1) struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> Documented {
                openapi::problems($groups)
            }
        }
    )+};
}

refusals! {
    /// Of a new key.
    Adding: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::Conflict]];
    /// Of a page.
    Paging: &[ANY_CALL, &[ErrorCode::InvalidRequest, ErrorCode::NotFound]];
    /// Of one.
    Showing: &[ANY_CALL, &[ErrorCode::NotFound]];
    /// Of what goes.
    Removing: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::WrongState]];
    /// Of a change.
    Changing: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::Conflict, ErrorCode::WrongState]];
}

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, add_key))
        .routes(routes!(show_key, update_key, revoke_key))
        .routes(routes!(rotate_key))
        .routes(routes!(request_keys::list_request_keys, request_keys::add_request_key))
        .routes(routes!(request_keys::remove_request_key))
}

/// Make an API key.
///
/// It can have no scope, network, environment, life or rate that the key which makes it does not have. The key is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    request_body = AddKey,
    responses((status = 201, description = "Made", body = AddedKey, headers(
        ("Location" = String, description = "The key"))), Adding)
)]
pub(crate) async fn add_key(
    client: Authorised<scope::KeysWrite>,
    Json(wanted): Json<AddKey>,
) -> Result<impl IntoResponse, Problem> {
    let by = KeyHolder::client(client.caller());
    let made = client.engine().make_key(&by, client.account_id(), wanted.order()?).await?;
    let location = [(header::LOCATION, format!("/v1/keys/{}", made.row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(AddedKey::new(made, client.engine().clock().now()))))
}

/// List the API keys.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(ListKeys),
    responses((status = 200, description = "A page, newest first; secrets are not shown", body = KeyPage), Paging)
)]
pub(crate) async fn list_keys(
    client: Authorised<scope::KeysWrite>,
    Parameters(query): Parameters<ListKeys>,
) -> Result<axum::Json<KeyPage>, Problem> {
    let by = KeyHolder::client(client.caller());
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let keys = client.engine().keys_of(&by, client.account_id(), before, limit + 1).await?;
    Ok(axum::Json(KeyPage::new(keys, limit, client.engine().clock().now())))
}

/// Show an API key.
#[utoipa::path(
    get,
    path = "/v1/keys/{id}",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now; its secret is not shown", body = Key), Showing)
)]
pub(crate) async fn show_key(
    client: Authorised<scope::KeysWrite>,
    Id(id): Id<ApiKeyId>,
) -> Result<axum::Json<Key>, Problem> {
    let key = client.engine().key(&KeyHolder::client(client.caller()), id).await?;
    Ok(axum::Json(Key::new(key, client.engine().clock().now())))
}

/// Change an API key.
///
/// What is named changes, all else stays. Neither the key as it was nor as it will be may go beyond the key that is used.
#[utoipa::path(
    patch,
    path = "/v1/keys/{id}",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    request_body = UpdateKey,
    responses((status = 200, description = "As it is now", body = Key), Changing)
)]
pub(crate) async fn update_key(
    client: Authorised<scope::KeysWrite>,
    Id(id): Id<ApiKeyId>,
    Json(wanted): Json<UpdateKey>,
) -> Result<axum::Json<Key>, Problem> {
    let key = client.engine().change_key(&KeyHolder::client(client.caller()), id, wanted.change()).await?;
    Ok(axum::Json(Key::new(key, client.engine().clock().now())))
}

/// Rotate an API key.
///
/// It gets a new secret, which is in this answer only. The one that it has now works on for `keep_s` seconds, so that all who use it
/// can change over; of two rotations in a row only the last two secrets work.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotate",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    request_body = RotateKey,
    responses((status = 200, description = "With its new secret", body = AddedKey), Changing)
)]
pub(crate) async fn rotate_key(
    client: Authorised<scope::KeysWrite>,
    Id(id): Id<ApiKeyId>,
    Json(wanted): Json<RotateKey>,
) -> Result<axum::Json<AddedKey>, Problem> {
    let rotated = client.engine().rotate_key(&KeyHolder::client(client.caller()), id, wanted.keep_s()).await?;
    Ok(axum::Json(AddedKey::new(rotated, client.engine().clock().now())))
}

/// Revoke an API key.
///
/// For good: it is refused from the next request on, in other processes of the platform within a second.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    responses((status = 204, description = "Revoked"), Showing)
)]
pub(crate) async fn revoke_key(
    client: Authorised<scope::KeysWrite>,
    Id(id): Id<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    client.engine().revoke_key(&KeyHolder::client(client.caller()), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
