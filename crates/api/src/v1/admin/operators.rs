//! `/v1/admin/operators`: mobile operators and aggregators.

use axum::extract::Path;
use sambac_engine::admin::Kind;
use utoipa::ToSchema;

use super::difference::ShownDifference;
use super::resource::{Creating, Listing, Reading, Removing, Updating, resource};
use super::shown::{Showing, Thing, Things};
use crate::access::{Admin, admin_scope};
use crate::input::{Document, IfMatch, Json, Parameters};
use crate::problem::Problem;
use crate::shown::Moment;

/// An operator.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct OperatorDocument {
    /// Unique.
    #[schema(example = "alpha")]
    name: String,
}

/// An operator as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct Operator {
    /// Names it.
    id: String,
    /// When it was made.
    created_at: Moment,
    /// For `If-Match`: changes with everything that is stored of it.
    etag: String,
    /// The version of the configuration that keeps this change; only in the answer to one.
    version: Option<i64>,
    /// What would change; only in the answer to a dry run.
    differences: Option<Vec<ShownDifference>>,
    #[schema(inline)]
    #[serde(flatten)]
    document: OperatorDocument,
}

resource! {
    Operator at "/v1/admin/operators", "/v1/admin/operators/{id}" as OperatorDocument, Operator, Operators;
    list_operators "List the operators.";
    show_operator "Show an operator." [];
    create_operator "Make an operator.";
    update_operator "Change an operator.";
    remove_operator "Remove an operator to which no connector leads.";
}
