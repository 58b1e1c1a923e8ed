//! `/v1/admin/number-prefixes`: whose numbers begin so, where people know better than the table that is compiled in.

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

/// Whose numbers begin so.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct NumberPrefixDocument {
    /// Digits with the country code first, unique. It cannot change.
    #[schema(example = "4915999")]
    prefix: String,
    /// The network, or the MCC alone where no operator is meant.
    #[schema(example = "26299")]
    mcc_mnc: String,
    /// Who says so.
    #[schema(default = "edited")]
    source: Option<String>,
    /// The day it was true; the day of the change if not given.
    #[schema(example = "2026-11-01")]
    as_of: Option<String>,
}

/// A prefix as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct NumberPrefix {
    /// Names it.
    id: String,
    /// When it was first said.
    created_at: Moment,
    /// For `If-Match`: changes with everything that is stored of it.
    etag: String,
    /// The version of the configuration that keeps this change; only in the answer to one.
    version: Option<i64>,
    /// What would change; only in the answer to a dry run.
    differences: Option<Vec<ShownDifference>>,
    #[schema(inline)]
    #[serde(flatten)]
    document: NumberPrefixDocument,
}

resource! {
    NumberPrefix at "/v1/admin/number-prefixes", "/v1/admin/number-prefixes/{id}" as NumberPrefixDocument, NumberPrefix, NumberPrefixes;
    list_number_prefixes "List what was said of prefixes of numbers, over the table that is compiled in.";
    show_number_prefix "Show what was said of a prefix of numbers." [];
    create_number_prefix "Say whose numbers begin so.";
    update_number_prefix "Change what was said of a prefix of numbers.";
    remove_number_prefix "Forget what was said of a prefix of numbers.";
}
