//! Passkeys: logging in by one, adding, listing and removing them.

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use sambac_domain::PasskeyId;

use super::passkey_shape::{AddPasskey, Passkey, PasskeyChallenge, PasskeyLogIn, Passkeys};
use super::shape::{BeginFactor, BegunSession};
use super::{Adding, Asking, Challenging, Confirming, Removing, answer};
use crate::access::{Person, Stranger};
use crate::input::{Id, Json};
use crate::problem::Problem;

/// Ask for a challenge to log in by a passkey.
///
/// Anybody gets one; it tells nothing of anybody. It is good once, for five minutes.
#[utoipa::path(
    post,
    path = "/v1/session/passkey/challenge",
    tag = "Sessions",
    security(()),
    responses((status = 200, description = "For `navigator.credentials.get()`", body = PasskeyChallenge), Challenging)
)]
pub(crate) async fn challenge_log_in(stranger: Stranger) -> Result<axum::Json<PasskeyChallenge>, Problem> {
    Ok(axum::Json(stranger.engine().passkey_challenge()?.into()))
}

/// Log in by a passkey.
///
/// It is both factors at once: no name, password or code is asked for. Whatever is wrong, the answer is the same.
#[utoipa::path(
    post,
    path = "/v1/session/passkey",
    tag = "Sessions",
    security(()),
    request_body = PasskeyLogIn,
    responses((status = 201, description = "Logged in", body = BegunSession), Confirming)
)]
pub(crate) async fn log_in_by_passkey(
    stranger: Stranger,
    Json(wanted): Json<PasskeyLogIn>,
) -> Result<impl IntoResponse, Problem> {
    let PasskeyLogIn { ceremony, credential, cookie } = wanted;
    let begun = stranger.engine().log_in_by_passkey(&ceremony, &credential, stranger.from()).await?;
    Ok(answer(&begun, cookie.unwrap_or_default()))
}

/// Ask for a challenge to make a passkey.
///
/// The password is asked for again, and the second factor of who has one. It is good once, for five minutes.
#[utoipa::path(
    post,
    path = "/v1/passkeys/challenge",
    tag = "Sessions",
    security(("session" = [])),
    request_body = BeginFactor,
    responses((status = 200, description = "For `navigator.credentials.create()`", body = PasskeyChallenge), Confirming)
)]
pub(crate) async fn challenge_passkey(
    person: Person,
    Json(wanted): Json<BeginFactor>,
) -> Result<axum::Json<PasskeyChallenge>, Problem> {
    Ok(axum::Json(person.engine().begin_passkey(person.session(), &wanted.password()).await?.into()))
}

/// Add a passkey.
///
/// The session may do all that its role may from then on; all other sessions end.
#[utoipa::path(
    post,
    path = "/v1/passkeys",
    tag = "Sessions",
    security(("session" = [])),
    request_body = AddPasskey,
    responses((status = 201, description = "Added", body = Passkey, headers(
        ("Location" = String, description = "The passkey"))), Adding)
)]
pub(crate) async fn add_passkey(person: Person, Json(wanted): Json<AddPasskey>) -> Result<impl IntoResponse, Problem> {
    let AddPasskey { ceremony, name, credential } = wanted;
    let row = person.engine().add_passkey(person.session(), &ceremony, name, &credential).await?;
    let location = [(header::LOCATION, format!("/v1/passkeys/{}", row.id))];
    Ok((StatusCode::CREATED, location, axum::Json(Passkey::new(row))))
}

/// List one's passkeys.
#[utoipa::path(
    get,
    path = "/v1/passkeys",
    tag = "Sessions",
    security(("session" = [])),
    responses((status = 200, description = "All, oldest first", body = Passkeys), Asking)
)]
pub(crate) async fn list_passkeys(person: Person) -> Result<axum::Json<Passkeys>, Problem> {
    let rows = person.engine().passkeys(person.session()).await?;
    Ok(axum::Json(Passkeys { data: rows.into_iter().map(Passkey::new).collect() }))
}

/// Remove a passkey.
///
/// The last second factor stays: make another one first.
#[utoipa::path(
    delete,
    path = "/v1/passkeys/{id}",
    tag = "Sessions",
    security(("session" = [])),
    params(("id" = String, Path, description = "The passkey", example = "psk_01h2xcejqtf2n")),
    responses((status = 204, description = "Removed"), Removing)
)]
pub(crate) async fn remove_passkey(person: Person, Id(id): Id<PasskeyId>) -> Result<StatusCode, Problem> {
    person.engine().remove_passkey(person.session(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
