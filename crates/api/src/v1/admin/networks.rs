//! `/v1/admin/networks`: what people know better of networks than the table that is compiled in.

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

/// What a network is, over the table that is compiled in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct NetworkDocument {
    /// Its MCC and MNC, unique; the width of the MNC counts. It cannot change.
    #[schema(example = "26299")]
    mcc_mnc: String,
    /// ISO 3166 code of its country.
    #[schema(example = "DE")]
    country: String,
    /// Its operator's name.
    #[schema(example = "Example Mobile")]
    operator: String,
    /// Who says so.
    #[schema(default = "edited")]
    source: Option<String>,
    /// The day it was true; the day of the change if not given.
    #[schema(example = "2026-11-01")]
    as_of: Option<String>,
}

/// A network as it is stored.
#[derive(ToSchema)]
#[schema(as = NetworkEntry)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct Network {
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
    document: NetworkDocument,
}

resource! {
    Network at "/v1/admin/networks", "/v1/admin/networks/{id}" as NetworkDocument, Network, Networks;
    list_networks "List what was said of networks, over the table that is compiled in.";
    show_network "Show what was said of a network." [];
    create_network "Say what a network is.";
    update_network "Change what was said of a network.";
    remove_network "Forget what was said of a network.";
}
