//! Where one is logged in.

use axum::http::StatusCode;
use sambac_domain::SessionId;

use super::shape::{OwnSession, OwnSessions};
use super::{Asking, Naming};
use crate::access::Person;
use crate::input::Id;
use crate::problem::Problem;

/// List one's sessions.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    tag = "Sessions",
    security(("session" = [])),
    responses((status = 200, description = "All that have not ended, newest first", body = OwnSessions), Asking)
)]
pub(crate) async fn list_sessions(person: Person) -> Result<axum::Json<OwnSessions>, Problem> {
    let rows = person.engine().sessions(person.session()).await?;
    let data = rows.into_iter().map(|row| OwnSession::new(row, person.session())).collect();
    Ok(axum::Json(OwnSessions { data }))
}

/// End one of one's sessions.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    tag = "Sessions",
    security(("session" = [])),
    params(("id" = String, Path, description = "The session", example = "ses_01h2xcejqtf2n")),
    responses((status = 204, description = "Ended"), Naming)
)]
pub(crate) async fn end_session(person: Person, Id(id): Id<SessionId>) -> Result<StatusCode, Problem> {
    person.engine().log_out(person.session(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
