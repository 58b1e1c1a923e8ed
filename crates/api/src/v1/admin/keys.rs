//! API keys of any account, for who runs the platform.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::{AccountId, ApiKeyId};
use sambac_engine::keyring::KeyHolder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Admin, Door, admin_scope};
use crate::input::{Id, Json, Parameters};
use crate::problem::Problem;
use crate::v1::keys::shape::{AddKey, AddedKey, Key, KeyPage, ListKeys, RotateKey, UpdateKey};
use crate::v1::keys::{Adding, Changing, Paging, Showing};
use crate::v1::paging;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list_account_keys, add_account_key))
        .routes(routes!(show_account_key, update_account_key, revoke_account_key))
        .routes(routes!(rotate_account_key))
}

/// Make an API key for an account.
///
/// The key is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/admin/accounts/{id}/keys",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(("id" = String, Path, description = "The account", example = "acc_01h2xcejqtf2n")),
    request_body = AddKey,
    responses((status = 201, description = "Made", body = AddedKey, headers(
        ("Location" = String, description = "The key"))), Adding)
)]
pub(crate) async fn add_account_key(
    admin: Admin<admin_scope::ConfigWrite>,
    Id(account): Id<AccountId>,
    Json(wanted): Json<AddKey>,
) -> Result<impl IntoResponse, Problem> {
    let by = KeyHolder::administrator(admin.administrator());
    let made = admin.engine().make_key(&by, account, wanted.order()?).await?;
    let location = [(header::LOCATION, format!("/v1/admin/keys/{}", made.row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(AddedKey::new(made, admin.engine().clock().now()))))
}

/// List the API keys of an account.
#[utoipa::path(
    get,
    path = "/v1/admin/accounts/{id}/keys",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    params(("id" = String, Path, description = "The account", example = "acc_01h2xcejqtf2n"), ListKeys),
    responses((status = 200, description = "A page, newest first; secrets are not shown", body = KeyPage), Paging)
)]
pub(crate) async fn list_account_keys(
    admin: Admin<admin_scope::ConfigRead>,
    Id(account): Id<AccountId>,
    Parameters(query): Parameters<ListKeys>,
) -> Result<axum::Json<KeyPage>, Problem> {
    let by = KeyHolder::administrator(admin.administrator());
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let keys = admin.engine().keys_of(&by, account, before, limit + 1).await?;
    Ok(axum::Json(KeyPage::new(keys, limit, admin.engine().clock().now())))
}

/// Show an API key of any account.
#[utoipa::path(
    get,
    path = "/v1/admin/keys/{id}",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now; its secret is not shown", body = Key), Showing)
)]
pub(crate) async fn show_account_key(
    admin: Admin<admin_scope::ConfigRead>,
    Id(id): Id<ApiKeyId>,
) -> Result<axum::Json<Key>, Problem> {
    let key = admin.engine().key(&KeyHolder::administrator(admin.administrator()), id).await?;
    Ok(axum::Json(Key::new(key, admin.engine().clock().now())))
}

/// Change an API key of any account.
///
/// What is named changes, all else stays.
#[utoipa::path(
    patch,
    path = "/v1/admin/keys/{id}",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    request_body = UpdateKey,
    responses((status = 200, description = "As it is now", body = Key), Changing)
)]
pub(crate) async fn update_account_key(
    admin: Admin<admin_scope::ConfigWrite>,
    Id(id): Id<ApiKeyId>,
    Json(wanted): Json<UpdateKey>,
) -> Result<axum::Json<Key>, Problem> {
    let by = KeyHolder::administrator(admin.administrator());
    let key = admin.engine().change_key(&by, id, wanted.change()).await?;
    Ok(axum::Json(Key::new(key, admin.engine().clock().now())))
}

/// Rotate an API key of any account.
///
/// It gets a new secret, which is in this answer only. The one that it has now works on for `keep_s` seconds.
#[utoipa::path(
    post,
    path = "/v1/admin/keys/{id}/rotate",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    request_body = RotateKey,
    responses((status = 200, description = "With its new secret", body = AddedKey), Changing)
)]
pub(crate) async fn rotate_account_key(
    admin: Admin<admin_scope::ConfigWrite>,
    Id(id): Id<ApiKeyId>,
    Json(wanted): Json<RotateKey>,
) -> Result<axum::Json<AddedKey>, Problem> {
    let by = KeyHolder::administrator(admin.administrator());
    let rotated = admin.engine().rotate_key(&by, id, wanted.keep_s()).await?;
    Ok(axum::Json(AddedKey::new(rotated, admin.engine().clock().now())))
}

/// Revoke an API key of any account.
///
/// For good: it is refused from the next request on, in other processes of the platform within a second.
#[utoipa::path(
    delete,
    path = "/v1/admin/keys/{id}",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(("id" = String, Path, description = "The key", example = "key_01h2xcejqtf2n")),
    responses((status = 204, description = "Revoked"), Showing)
)]
pub(crate) async fn revoke_account_key(
    admin: Admin<admin_scope::ConfigWrite>,
    Id(id): Id<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    admin.engine().revoke_key(&KeyHolder::administrator(admin.administrator()), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
