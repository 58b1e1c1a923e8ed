//! `POST /v1/templates`: a new version.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::template::{TemplateDefinition, VariableType};
use sambac_domain::unique_map;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Template, shown, told};
use crate::access::{Authorised, scope};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// A version to make.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTemplate {
    /// The name that its versions share.
    #[garde(skip)]
    #[schema(min_length = 1, max_length = 64, example = "parcel")]
    name: String,
    /// What may stand in its places: `digits(n)`, `amount`, `date`, `word(n)` or `url`. Every text has all of them.
    #[garde(skip)]
    #[serde(default, deserialize_with = "unique_map::deserialize")]
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "parcel": "digits(8)" }))]
    variables: BTreeMap<String, VariableType>,
    /// The locale that is taken where another is wanted and not there.
    #[garde(skip)]
    #[schema(example = "en")]
    default_locale: String,
    /// The texts by locale, with `{name}` for each variable; `{{` and `}}` stand for braces.
    #[garde(skip)]
    #[serde(deserialize_with = "unique_map::deserialize")]
    #[schema(example = json!({ "en": "Parcel {parcel} comes today." }))]
    texts: BTreeMap<String, String>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::Conflict]])
    }
}

/// Make a version of a template.
///
/// Messages can be made by it once it is approved, with another key than the one that made it.
#[utoipa::path(
    post,
    path = "/v1/templates",
    tag = "Messages",
    security(("key" = ["templates:write"]), ("key_header" = ["templates:write"])),
    request_body = NewTemplate,
    responses((status = 201, description = "Made, not yet approved", body = Template), Refusals)
)]
pub(crate) async fn add_template(
    client: Authorised<scope::TemplatesWrite>,
    Json(new): Json<NewTemplate>,
) -> Result<(StatusCode, axum::Json<Template>), Problem> {
    let NewTemplate { name, variables, default_locale, texts } = new;
    let definition = TemplateDefinition { variables, default_locale, texts };
    let by = (client.account_id(), client.api_key_id());
    let row = client.engine().add_template(by, &name, &definition).await.map_err(told)?;
    Ok((StatusCode::CREATED, axum::Json(shown(client.engine(), row)?)))
}
