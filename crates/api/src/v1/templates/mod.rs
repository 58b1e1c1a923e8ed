//! Templates: texts that an account has approved. What a version looks like to its client is here.

mod add;
mod decide;
mod list;
mod show;

use sambac_domain::error::ErrorCode;
use sambac_domain::template::TemplateDefinition;
use sambac_domain::text::Encoding;
use sambac_engine::Engine;
use sambac_engine::refusal::Refusal;
use sambac_store::rows::TemplateRow;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;
use crate::problem::Problem;
use crate::shown::{self, Moment};

/// The routes of templates.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(add::add_template, list::list_templates))
        .routes(routes!(show::show_template))
        .routes(routes!(decide::approve_template))
        .routes(routes!(decide::refuse_template))
        .routes(routes!(decide::retire_template))
}

/// A refusal as it is told here. What is not there reads alike, whether its id is one or not.
fn told(refusal: Refusal) -> Problem {
    if refusal.code == ErrorCode::NotFound { Problem::new(ErrorCode::NotFound) } else { refusal.into() }
}

/// A version of a template.
#[derive(Serialize, ToSchema)]
pub(crate) struct Template {
    /// Names this version.
    #[schema(example = "tpl_01h2xcejqtf2n")]
    id: String,
    /// The name that its versions share, and by which messages are made.
    #[schema(example = "parcel")]
    name: String,
    /// From 1.
    version: u32,
    #[schema(value_type = shown::TemplateState)]
    state: &'static str,
    /// What may stand in its places: `digits(n)`, `amount`, `date`, `word(n)` or `url`.
    #[schema(example = json!({ "parcel": "digits(8)" }))]
    variables: BTreeMap<String, String>,
    /// The locale that is taken where another is wanted and not there.
    #[schema(example = "en")]
    default_locale: String,
    /// The texts by locale.
    #[schema(example = json!({ "en": "Parcel {parcel} comes today." }))]
    texts: BTreeMap<String, String>,
    /// How long each text can become.
    preview: Vec<Preview>,
    created_at: Moment,
    /// When it was approved, refused or retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Moment>,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
}

/// A text at its longest, with values in the default alphabet.
#[derive(Serialize, ToSchema)]
#[schema(as = TemplatePreview)]
pub(crate) struct Preview {
    #[schema(example = "en")]
    locale: String,
    #[schema(value_type = shown::TextEncoding)]
    encoding: Encoding,
    /// Segments; each is charged.
    segments_max: u8,
}

fn shown(engine: &Engine, row: TemplateRow) -> Result<Template, Problem> {
    let unread = |_| Problem::internal("a template cannot be read");
    let definition: TemplateDefinition = serde_json::from_str(&row.definition).map_err(unread)?;
    let preview = engine.preview_template(&definition).into_iter().map(|text| Preview {
        locale: text.locale,
        encoding: text.encoding,
        segments_max: text.segments_max,
    });
    Ok(Template {
        id: row.id.to_string(),
        name: row.name,
        version: row.version,
        state: row.state.as_str(),
        preview: preview.collect(),
        variables: definition.variables.into_iter().map(|(name, kind)| (name, kind.to_string())).collect(),
        default_locale: definition.default_locale,
        texts: definition.texts,
        created_at: Moment(row.created_at),
        decided_at: row.decided_at.map(Moment),
        reason: row.reason,
    })
}
