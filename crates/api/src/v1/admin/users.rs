//! Users of the platform and of all accounts, made and changed by administrators. None gives a role that can do more than he can.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::UserId;
use sambac_engine::user::UserHolder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Admin, Door, admin_scope};
use crate::input::{Id, Json, Parameters};
use crate::problem::Problem;
use crate::v1::paging;
use crate::v1::users::shape::{AddAnyUser, Invitation, InvitedUser, ListUsers, ResetUser, UpdateUser, User, UserPage};
use crate::v1::users::{Adding, Changing, Paging, Showing};

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(list_all_users, add_any_user))
        .routes(routes!(show_any_user, update_any_user))
        .routes(routes!(reset_any_user))
}

/// Make a user of any account, or of the platform.
///
/// The person chooses a password by the invitation's token, which is in this answer only, and then a second factor.
#[utoipa::path(
    post,
    path = "/v1/admin/users",
    tag = "Admin",
    security(("admin_key" = ["users:write"])),
    request_body = AddAnyUser,
    responses((status = 201, description = "Made", body = InvitedUser, headers(
        ("Location" = String, description = "The user"))), Adding)
)]
pub(crate) async fn add_any_user(
    admin: Admin<admin_scope::UsersWrite>,
    Json(wanted): Json<AddAnyUser>,
) -> Result<impl IntoResponse, Problem> {
    let by = UserHolder::administrator(admin.administrator());
    let (row, invited) = admin.engine().make_user(&by, wanted.order()?).await?;
    let location = [(header::LOCATION, format!("/v1/admin/users/{}", row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(InvitedUser::new(row, &invited))))
}

/// List all users.
#[utoipa::path(
    get,
    path = "/v1/admin/users",
    tag = "Admin",
    security(("admin_key" = ["users:write"])),
    params(ListUsers),
    responses((status = 200, description = "A page, newest first", body = UserPage), Paging)
)]
pub(crate) async fn list_all_users(
    admin: Admin<admin_scope::UsersWrite>,
    Parameters(query): Parameters<ListUsers>,
) -> Result<axum::Json<UserPage>, Problem> {
    let by = UserHolder::administrator(admin.administrator());
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let rows = admin.engine().users(&by, before, limit + 1).await?;
    Ok(axum::Json(UserPage::new(rows, limit)))
}

/// Show any user.
#[utoipa::path(
    get,
    path = "/v1/admin/users/{id}",
    tag = "Admin",
    security(("admin_key" = ["users:write"])),
    params(("id" = String, Path, description = "The user", example = "usr_01h2xcejqtf2n")),
    responses((status = 200, description = "As it is now", body = User), Showing)
)]
pub(crate) async fn show_any_user(
    admin: Admin<admin_scope::UsersWrite>,
    Id(id): Id<UserId>,
) -> Result<axum::Json<User>, Problem> {
    let row = admin.engine().user(&UserHolder::administrator(admin.administrator()), id).await?;
    Ok(axum::Json(User::new(row)))
}

/// Change any user.
///
/// What is named changes, all else stays. Who gets another role, or may not log in any more, is logged out at once.
#[utoipa::path(
    patch,
    path = "/v1/admin/users/{id}",
    tag = "Admin",
    security(("admin_key" = ["users:write"])),
    params(("id" = String, Path, description = "The user", example = "usr_01h2xcejqtf2n")),
    request_body = UpdateUser,
    responses((status = 200, description = "As it is now", body = User), Changing)
)]
pub(crate) async fn update_any_user(
    admin: Admin<admin_scope::UsersWrite>,
    Id(id): Id<UserId>,
    Json(wanted): Json<UpdateUser>,
) -> Result<axum::Json<User>, Problem> {
    let by = UserHolder::administrator(admin.administrator());
    let row = admin.engine().change_user(&by, id, wanted.change()?).await?;
    Ok(axum::Json(User::new(row)))
}

/// Invite any user anew.
///
/// For who has lost a password, or with it the second factor. The user's sessions end, and links made before are no good any more.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{id}/invitation",
    tag = "Admin",
    security(("admin_key" = ["users:write"])),
    params(("id" = String, Path, description = "The user", example = "usr_01h2xcejqtf2n")),
    request_body = ResetUser,
    responses((status = 201, description = "The link's token, shown only now", body = Invitation), Changing)
)]
pub(crate) async fn reset_any_user(
    admin: Admin<admin_scope::UsersWrite>,
    Id(id): Id<UserId>,
    Json(wanted): Json<ResetUser>,
) -> Result<impl IntoResponse, Problem> {
    let by = UserHolder::administrator(admin.administrator());
    let invited = admin.engine().reset_user(&by, id, wanted.resets_factor()).await?;
    Ok((StatusCode::CREATED, axum::Json(Invitation::new(&invited))))
}
