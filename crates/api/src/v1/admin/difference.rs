//! What differs in the configuration, as the admin API shows it.

use sambac_engine::admin::Difference;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A thing that differs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownDifference {
    /// As a provisioning file calls it.
    #[schema(example = "connector")]
    kind: &'static str,
    id: String,
    #[schema(example = "alpha-1")]
    name: String,
    /// `created`, `changed` or `removed`.
    #[schema(value_type = String, example = "changed")]
    action: sambac_engine::admin::Action,
    fields: Vec<ShownField>,
}

/// A field that differs. A secret shows as `***`.
#[derive(Serialize, ToSchema)]
struct ShownField {
    #[schema(example = "settings.session.enquire_link_s")]
    field: String,
    /// What it was; missing when it was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    before: Option<Value>,
    /// What it is; missing when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    after: Option<Value>,
}

impl From<Difference> for ShownDifference {
    fn from(difference: Difference) -> Self {
        let Difference { kind, id, name, action, fields } = difference;
        let fields =
            fields.into_iter().map(|field| ShownField { field: field.field, before: field.before, after: field.after });
        Self { kind, id, name, action, fields: fields.collect() }
    }
}

/// All of them.
pub(super) fn shown(differences: Vec<Difference>) -> Vec<ShownDifference> {
    differences.into_iter().map(ShownDifference::from).collect()
}
