//! `GET /v1/templates`: the account's versions, newest first.

use sambac_domain::error::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Template, shown};
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::v1::paging;

/// Which versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTemplates {
    /// Versions on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those of this name.
    #[param(example = "parcel")]
    name: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct TemplatePage {
    data: Vec<Template>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// List the versions of templates.
#[utoipa::path(
    get,
    path = "/v1/templates",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(ListTemplates),
    responses((status = 200, description = "A page, newest first", body = TemplatePage), Refusals)
)]
pub(crate) async fn list_templates(
    client: Authorised<scope::SmsRead>,
    Parameters(query): Parameters<ListTemplates>,
) -> Result<axum::Json<TemplatePage>, Problem> {
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let (engine, name) = (client.engine(), query.name.unwrap_or_default());
    let mut rows = engine.store().templates_of(client.account_id(), &name, before, limit + 1).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    let data = rows.into_iter().map(|row| shown(engine, row)).collect::<Result<_, _>>()?;
    Ok(axum::Json(TemplatePage { data, next_cursor }))
}
