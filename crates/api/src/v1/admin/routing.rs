//! `/v1/admin/routes`: which connector takes a message.

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

/// A route.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct RouteDocument {
    /// Unique.
    #[schema(example = "codes")]
    name: String,
    /// Order of trying; lower first.
    #[schema(example = 10)]
    position: i32,
    /// What it applies to; all that is given must hold.
    #[serde(rename = "match")]
    matches: Option<RouteMatchDocument>,
    /// `failover`: the next connector when one cannot; `static`: the first only.
    #[schema(default = "failover")]
    strategy: Option<String>,
    /// Names of connectors, in order.
    #[schema(example = json!(["alpha-1"]))]
    connectors: Vec<String>,
    /// Whether it is used.
    #[schema(default = true)]
    enabled: Option<bool>,
    /// The least that must be left of a segment's price after its cost, decimal text, or `off`; the platform's if not given.
    #[schema(example = "0.002")]
    margin_floor: Option<String>,
}

/// What a route asks of a message.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
struct RouteMatchDocument {
    /// An account's name.
    account: Option<String>,
    /// What the number begins with, digits.
    prefix: Option<String>,
    /// A country's code.
    mcc: Option<String>,
    /// A network's codes.
    mcc_mnc: Option<String>,
    /// The sender.
    sender: Option<String>,
    /// The traffic class.
    class: Option<String>,
}

/// A route as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct Route {
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
    document: RouteDocument,
}

resource! {
    Route at "/v1/admin/routes", "/v1/admin/routes/{id}" as RouteDocument, Route, Routes;
    list_routes "List the routes.";
    show_route "Show a route." [];
    create_route "Make a route.";
    update_route "Change a route.";
    remove_route "Remove a route.";
}
