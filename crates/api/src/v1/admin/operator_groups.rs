//! `/v1/admin/operator-groups`: networks that belong together, whatever their codes.

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

/// Networks that belong together: what rates and price sheets name.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct OperatorGroupDocument {
    /// Unique.
    #[schema(example = "North")]
    name: String,
    /// Other names that price sheets have for it.
    #[schema(example = json!(["North Mobile AG"]))]
    aliases: Option<Vec<String>>,
    /// MCC and MNC of its networks. A network is in one group at most.
    #[schema(example = json!(["26202", "26209"]))]
    networks: Option<Vec<String>>,
    /// Who says so.
    #[schema(default = "edited")]
    source: Option<String>,
    /// The day it was true; the day of the change if not given.
    #[schema(example = "2026-11-01")]
    as_of: Option<String>,
}

/// An operator group as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct OperatorGroup {
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
    document: OperatorGroupDocument,
}

resource! {
    OperatorGroup at "/v1/admin/operator-groups", "/v1/admin/operator-groups/{id}" as OperatorGroupDocument, OperatorGroup, OperatorGroups;
    list_operator_groups "List the operator groups.";
    show_operator_group "Show an operator group." [];
    create_operator_group "Make an operator group.";
    update_operator_group "Change an operator group.";
    remove_operator_group "Remove an operator group that no price sheet names.";
}
