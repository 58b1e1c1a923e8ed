//! `/v1/session`: a person logs in, chooses a password and a second factor, sees where it is logged in, and logs out.

mod factor;
mod invitation;
mod list;
mod passkey;
mod passkey_shape;
mod shape;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::error::ErrorCode;
use sambac_engine::user::{Begun, ENDS_AFTER_S};
use secrecy::ExposeSecret as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Door, Person, SESSION_COOKIE, Stranger};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, Documented};
use crate::problem::Problem;
use shape::{BegunSession, ChangePassword, LogInBody, ShownSession};

/// What anybody may be refused with who is, or wants to be, logged in.
const ANY_PERSON: &[ErrorCode] = &[
    ErrorCode::Unauthenticated,
    ErrorCode::SecondFactorRequired,
    ErrorCode::Forbidden,
    ErrorCode::RateLimited,
    ErrorCode::ServiceUnavailable,
    ErrorCode::Internal,
];

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
    /// Of what says something.
    Saying: &[ANY_PERSON, ANY_BODY];
    /// Of what asks.
    Asking: &[ANY_PERSON];
    /// Of what may not be there.
    Naming: &[ANY_PERSON, &[ErrorCode::NotFound]];
    /// Of what has its time.
    Confirming: &[ANY_PERSON, ANY_BODY, &[ErrorCode::WrongState]];
    /// Of the challenge that anybody gets.
    Challenging: &[ANY_PERSON, &[ErrorCode::WrongState]];
    /// Of a passkey that a device made.
    Adding: &[ANY_PERSON, ANY_BODY, &[ErrorCode::WrongState, ErrorCode::Conflict]];
    /// Of one that may be the last.
    Removing: &[ANY_PERSON, &[ErrorCode::NotFound, ErrorCode::WrongState]];
    /// Of a link.
    Redeeming: &[ANY_PERSON, ANY_BODY, &[ErrorCode::Conflict]];
}

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(log_in, show_session, log_out))
        .routes(routes!(change_password))
        .routes(routes!(factor::begin_factor))
        .routes(routes!(factor::confirm_factor))
        .routes(routes!(passkey::challenge_log_in))
        .routes(routes!(passkey::log_in_by_passkey))
        .routes(routes!(passkey::challenge_passkey))
        .routes(routes!(passkey::add_passkey, passkey::list_passkeys))
        .routes(routes!(passkey::remove_passkey))
        .routes(routes!(list::list_sessions))
        .routes(routes!(list::end_session))
        .routes(routes!(invitation::redeem_invitation))
}

/// Log in.
///
/// Whatever is wrong, the answer is the same. Who fails often waits longer each time, and nobody is locked out. Without a second factor
/// a session is good for choosing one only.
#[utoipa::path(
    post,
    path = "/v1/session",
    tag = "Sessions",
    security(()),
    request_body = LogInBody,
    responses((status = 201, description = "Logged in", body = BegunSession), Saying)
)]
pub(crate) async fn log_in(stranger: Stranger, Json(wanted): Json<LogInBody>) -> Result<impl IntoResponse, Problem> {
    let wants_cookie = wanted.wants_cookie();
    let begun = stranger.engine().log_in(wanted.log_in(), stranger.from()).await?;
    Ok(answer(&begun, wants_cookie))
}

/// Show the session.
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "Sessions",
    security(("session" = [])),
    responses((status = 200, description = "Who is logged in, and what it may do", body = ShownSession), Asking)
)]
pub(crate) async fn show_session(person: Person) -> Result<axum::Json<ShownSession>, Problem> {
    Ok(axum::Json(ShownSession::new(person.session())))
}

/// Log out.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "Sessions",
    security(("session" = [])),
    responses((status = 204, description = "Logged out"), Naming)
)]
pub(crate) async fn log_out(person: Person) -> Result<impl IntoResponse, Problem> {
    person.engine().log_out(person.session(), person.session().id).await?;
    Ok((StatusCode::NO_CONTENT, cookie("", 0)))
}

/// Change the password.
///
/// All other sessions end.
#[utoipa::path(
    post,
    path = "/v1/session/password",
    tag = "Sessions",
    security(("session" = [])),
    request_body = ChangePassword,
    responses((status = 204, description = "Changed"), Saying)
)]
pub(crate) async fn change_password(person: Person, Json(wanted): Json<ChangePassword>) -> Result<StatusCode, Problem> {
    let (old, new) = wanted.passwords();
    person.engine().change_password(person.session(), &old, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session that has begun: its token in the body, or in a cookie that scripts cannot read.
fn answer(begun: &Begun, wants_cookie: bool) -> impl IntoResponse + use<> {
    let token = begun.token.expose_secret();
    let headers = if wants_cookie { cookie(token, ENDS_AFTER_S) } else { HeaderMap::new() };
    let body = BegunSession::new(&begun.session, (!wants_cookie).then(|| token.to_owned()));
    (StatusCode::CREATED, headers, axum::Json(body))
}

fn cookie(token: &str, life_s: u32) -> HeaderMap {
    let text = format!("{SESSION_COOKIE}={token}; Path=/; Max-Age={life_s}; Secure; HttpOnly; SameSite=Strict");
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        headers.insert(header::SET_COOKIE, value);
    }
    headers
}
