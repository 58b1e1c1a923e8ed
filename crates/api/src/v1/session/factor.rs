//! The second factor: made, then confirmed by a code of it.

use secrecy::ExposeSecret as _;

use super::shape::{BeginFactor, ConfirmFactor, NewFactor, Recovery};
use super::{Confirming, Saying};
use crate::access::Person;
use crate::input::Json;
use crate::problem::Problem;

/// Make a second factor.
///
/// It counts once it is confirmed. Who has one already keeps it until then.
#[utoipa::path(
    post,
    path = "/v1/session/second-factor",
    tag = "Sessions",
    security(("session" = [])),
    request_body = BeginFactor,
    responses((status = 200, description = "To be confirmed", body = NewFactor), Saying)
)]
pub(crate) async fn begin_factor(
    person: Person,
    Json(wanted): Json<BeginFactor>,
) -> Result<axum::Json<NewFactor>, Problem> {
    let pending = person.engine().begin_factor(person.session(), &wanted.password()).await?;
    let (secret, uri) = (pending.secret.expose_secret().to_owned(), pending.uri.expose_secret().to_owned());
    Ok(axum::Json(NewFactor { secret, uri }))
}

/// Confirm the second factor.
///
/// The session may do all that its role may from then on; all other sessions end.
#[utoipa::path(
    post,
    path = "/v1/session/second-factor/confirm",
    tag = "Sessions",
    security(("session" = [])),
    request_body = ConfirmFactor,
    responses((status = 200, description = "Confirmed", body = Recovery), Confirming)
)]
pub(crate) async fn confirm_factor(
    person: Person,
    Json(wanted): Json<ConfirmFactor>,
) -> Result<axum::Json<Recovery>, Problem> {
    let codes = person.engine().confirm_factor(person.session(), &wanted.code).await?;
    let recovery_codes = codes.0.iter().map(|code| code.expose_secret().to_owned()).collect();
    Ok(axum::Json(Recovery { recovery_codes }))
}
