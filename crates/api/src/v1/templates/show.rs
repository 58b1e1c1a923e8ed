//! `GET /v1/templates/{id}`: one version.

use sambac_domain::TemplateId;
use sambac_domain::error::ErrorCode;

use super::{Template, shown, told};
use crate::access::{Authorised, scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Show a version of a template.
#[utoipa::path(
    get,
    path = "/v1/templates/{id}",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(("id" = String, Path, description = "The version", example = "tpl_01h2xcejqtf2n")),
    responses((status = 200, description = "What it says and how far it is", body = Template), Refusals)
)]
pub(crate) async fn show_template(
    client: Authorised<scope::SmsRead>,
    Id(id): Id<TemplateId>,
) -> Result<axum::Json<Template>, Problem> {
    let row = client.engine().template(client.account_id(), id).await.map_err(told)?;
    Ok(axum::Json(shown(client.engine(), row)?))
}
