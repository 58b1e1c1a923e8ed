//! `POST /v1/templates/{id}/approve`, `/refuse` and `/retire`.

use garde::Validate;
use sambac_domain::TemplateId;
use sambac_domain::error::ErrorCode;
use sambac_store::rows::TemplateState;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Template, shown, told};
use crate::access::{Authorised, scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// Why.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// For whoever reads the version later.
    #[garde(length(chars, max = 500))]
    #[serde(default)]
    #[schema(max_length = 500, default = "")]
    reason: String,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::FourEyes, ErrorCode::WrongState]])
    }
}

/// Approve a version of a template.
///
/// With another key than the one that it was made with. From then on messages can be made by it, and it is the one that is taken
/// where no version is named.
#[utoipa::path(
    post,
    path = "/v1/templates/{id}/approve",
    tag = "Messages",
    security(("key" = ["templates:approve"]), ("key_header" = ["templates:approve"])),
    params(("id" = String, Path, description = "The version", example = "tpl_01h2xcejqtf2n")),
    request_body = Reason,
    responses((status = 200, description = "Approved", body = Template), Refusals)
)]
pub(crate) async fn approve_template(
    client: Authorised<scope::TemplatesApprove>,
    Id(id): Id<TemplateId>,
    Json(why): Json<Reason>,
) -> Result<axum::Json<Template>, Problem> {
    decide(&client, id, TemplateState::Approved, &why).await
}

/// Refuse a version of a template.
///
/// With another key than the one that it was made with.
#[utoipa::path(
    post,
    path = "/v1/templates/{id}/refuse",
    tag = "Messages",
    security(("key" = ["templates:approve"]), ("key_header" = ["templates:approve"])),
    params(("id" = String, Path, description = "The version", example = "tpl_01h2xcejqtf2n")),
    request_body = Reason,
    responses((status = 200, description = "Refused", body = Template), Refusals)
)]
pub(crate) async fn refuse_template(
    client: Authorised<scope::TemplatesApprove>,
    Id(id): Id<TemplateId>,
    Json(why): Json<Reason>,
) -> Result<axum::Json<Template>, Problem> {
    decide(&client, id, TemplateState::Refused, &why).await
}

/// Retire an approved version of a template.
///
/// No message is made by it any more. Those that were go on as they are.
#[utoipa::path(
    post,
    path = "/v1/templates/{id}/retire",
    tag = "Messages",
    security(("key" = ["templates:approve"]), ("key_header" = ["templates:approve"])),
    params(("id" = String, Path, description = "The version", example = "tpl_01h2xcejqtf2n")),
    request_body = Reason,
    responses((status = 200, description = "Retired", body = Template), Refusals)
)]
pub(crate) async fn retire_template(
    client: Authorised<scope::TemplatesApprove>,
    Id(id): Id<TemplateId>,
    Json(why): Json<Reason>,
) -> Result<axum::Json<Template>, Problem> {
    decide(&client, id, TemplateState::Retired, &why).await
}

async fn decide(
    client: &Authorised<scope::TemplatesApprove>,
    id: TemplateId,
    state: TemplateState,
    why: &Reason,
) -> Result<axum::Json<Template>, Problem> {
    let by = (client.account_id(), client.api_key_id());
    let row = client.engine().decide_template(by, id, state, &why.reason).await.map_err(told)?;
    Ok(axum::Json(shown(client.engine(), row)?))
}
