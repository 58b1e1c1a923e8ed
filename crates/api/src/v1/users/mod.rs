//! `/v1/users`: the account's own users, made and changed by its administrators. None gives a role that can do more than he can.

pub(super) mod shape;

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::UserId;
use sambac_domain::error::ErrorCode;
use sambac_engine::user::UserHolder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::paging;
use crate::access::{Authorised, Door, scope};
use crate::input::{Id, Json, Parameters};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use shape::{AddUser, Invitation, InvitedUser, ListUsers, ResetUser, UpdateUser, User, UserPage};

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
    /// Of a new user.
    Adding: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::Conflict]];
    /// Of a page.
    Paging: &[ANY_CALL, &[ErrorCode::InvalidRequest]];
    /// Of one.
    Showing: &[ANY_CALL, &[ErrorCode::NotFound]];
    /// Of a change.
    Changing: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::WrongState]];
}

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list_users, add_user))
        .routes(routes!(show_user, update_user))
        .routes(routes!(reset_user))
}

/// Make a user.
///
/// The person chooses a password by the invitation's token, which is in this answer only, and then a second factor.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "Users",
    security(("key" = ["team:write"]), ("key_header" = ["team:write"])),
    request_body = AddUser,
    responses((status = 201, description = "Made", body = InvitedUser, headers(
        ("Location" = String, description = "The user"))), Adding)
)]
pub(crate) async fn add_user(
    client: Authorised<scope::TeamWrite>,
    Json(wanted): Json<AddUser>,
) -> Result<impl IntoResponse, Problem> {
    let by = UserHolder::client(client.caller());
    let (row, invited) = client.engine().make_user(&by, wanted.order(Some(client.account_id()))?).await?;
    let location = [(header::LOCATION, format!("/v1/users/{}", row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(InvitedUser::new(row, &invited))))
}

/// List the users.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "Users",
    security(("key" = ["team:write"]), ("key_header" = ["team:write"])),
    params(ListUsers),
    responses((status = 200, description = "A page, newest first", body = UserPage), Paging)
)]
pub(crate) async fn list_users(
    client: Authorised<scope::TeamWrite>,
    Parameters(query): Parameters<ListUsers>,
) -> Result<axum::Json<UserPage>, Problem> {
    let by = UserHolder::client(client.caller());
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let rows = client.engine().users(&by, before, limit + 1).await?;
    Ok(axum::Json(UserPage::new(rows, limit)))
}

/// Show a user.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    tag = "Users",
    security(("key" = ["team:write"]), ("key_header" = ["team:write"])),
    params(("id" = String, Path, description = "The user", example = "usr_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now", body = User), Showing)
)]
pub(crate) async fn show_user(
    client: Authorised<scope::TeamWrite>,
    Id(id): Id<UserId>,
) -> Result<axum::Json<User>, Problem> {
    let row = client.engine().user(&UserHolder::client(client.caller()), id).await?;
    Ok(axum::Json(User::new(row)))
}

/// Change a user.
///
/// What is named changes, all else stays. Who gets another role, or may not log in any more, is logged out at once.
#[utoipa::path(
    patch,
    path = "/v1/users/{id}",
    tag = "Users",
    security(("key" = ["team:write"]), ("key_header" = ["team:write"])),
    params(("id" = String, Path, description = "The user", example = "usr_01h2xcejqtf2n")),
    request_body = UpdateUser,
    responses((status = 200, description = "As it is now", body = User), Changing)
)]
pub(crate) async fn update_user(
    client: Authorised<scope::TeamWrite>,
    Id(id): Id<UserId>,
    Json(wanted): Json<UpdateUser>,
) -> Result<axum::Json<User>, Problem> {
    let by = UserHolder::client(client.caller());
    let row = client.engine().change_user(&by, id, wanted.change()?).await?;
    Ok(axum::Json(User::new(row)))
}

/// Invite a user anew.
///
/// For who has lost a password, or with it the second factor. The user's sessions end, and links made before are no good any more.
#[utoipa::path(
    post,
    path = "/v1/users/{id}/invitation",
    tag = "Users",
    security(("key" = ["team:write"]), ("key_header" = ["team:write"])),
    params(("id" = String, Path, description = "The user", example = "usr_01h2xcejqtf2n")),
    request_body = ResetUser,
    responses((status = 201, description = "The link's token, shown only now", body = Invitation), Changing)
)]
pub(crate) async fn reset_user(
    client: Authorised<scope::TeamWrite>,
    Id(id): Id<UserId>,
    Json(wanted): Json<ResetUser>,
) -> Result<impl IntoResponse, Problem> {
    let by = UserHolder::client(client.caller());
    let invited = client.engine().reset_user(&by, id, wanted.resets_factor()).await?;
    Ok((StatusCode::CREATED, axum::Json(Invitation::new(&invited))))
}
