//! `POST /v1/admin/alerts/acknowledge`: a person has taken note of an alert.

use garde::Validate;
use sambac_domain::error::ErrorCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::list_alerts::ShownAlert;
use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

refusals! {
    /// Of an acknowledgement.
    Acknowledging: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound]];
}

/// Which alert.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledged {
    /// What it is about.
    #[garde(skip)]
    #[schema(example = "connector_refusal")]
    kind: String,
    /// What it is of, by name.
    #[garde(skip)]
    #[schema(example = "alpha-1")]
    subject: String,
}

/// Acknowledge an open alert.
///
/// It is kept who did and when. An alert that tells of something that has happened is cleared by it; one that tells of a condition
/// stays open until that is gone.
#[utoipa::path(
    post,
    path = "/v1/admin/alerts/acknowledge",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    request_body = Acknowledged,
    responses((status = 200, description = "The alert as it is now", body = ShownAlert), Acknowledging)
)]
pub(crate) async fn acknowledge_alert(
    admin: Admin<admin_scope::Operations>,
    Json(Acknowledged { kind, subject }): Json<Acknowledged>,
) -> Result<axum::Json<ShownAlert>, Problem> {
    let alert = admin.engine().acknowledge_alert(&kind, &subject, &admin.administrator().author()).await?;
    Ok(axum::Json(alert.into()))
}
