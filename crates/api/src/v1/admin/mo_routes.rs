//! `/v1/admin/mo-routes`: who gets a message from a handset.

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

/// A route of messages from handsets.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct MoRouteDocument {
    /// Unique.
    #[schema(example = "short-code")]
    name: String,
    /// Whose messages they are, an account's name; its targets are this account's. It stays as it was made.
    #[schema(example = "bank")]
    account: String,
    /// Order of trying; lower first.
    #[schema(example = 10)]
    position: i32,
    /// What it applies to; of each list that is given, one entry must hold.
    #[serde(rename = "match")]
    matches: Option<MoRouteMatchDocument>,
    /// `failover`: the next target when one refuses or is away; `fan_out`: all of them; `static`: the first only.
    #[schema(default = "failover")]
    strategy: Option<String>,
    /// Where it leads, in order.
    #[schema(example = json!([{ "smpp": "bank" }]))]
    targets: Vec<MoRouteTargetDocument>,
    /// How long a target may be away before the next one has its turn.
    #[schema(default = 300, minimum = 1, maximum = 86_400)]
    away_max_s: Option<u32>,
    /// Whether it is used.
    #[schema(default = true)]
    enabled: Option<bool>,
}

/// What a route asks of a message from a handset.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
struct MoRouteMatchDocument {
    /// Numbers or short codes written to; `*` at the end stands for whatever follows.
    #[schema(example = json!(["12345"]))]
    destinations: Option<Vec<String>>,
    /// What the handset's number begins with.
    source_prefixes: Option<Vec<String>>,
    /// Names of connectors by which it comes.
    connectors: Option<Vec<String>>,
    /// First words of the text, in any case.
    keywords: Option<Vec<String>>,
}

/// A target: one of the two.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
struct MoRouteTargetDocument {
    /// A webhook of the account, by its URL.
    webhook: Option<String>,
    /// An SMPP account of the account, by its system_id.
    smpp: Option<String>,
}

/// A route of messages from handsets as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct MoRoute {
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
    document: MoRouteDocument,
}

resource! {
    MoRoute at "/v1/admin/mo-routes", "/v1/admin/mo-routes/{id}" as MoRouteDocument, MoRoute, MoRoutes;
    list_mo_routes "List the routes of messages from handsets.";
    show_mo_route "Show a route of messages from handsets." [];
    create_mo_route "Make a route of messages from handsets. What no route took before is tried on request.";
    update_mo_route "Change a route of messages from handsets. What it has taken goes on as it was.";
    remove_mo_route "Remove a route of messages from handsets. What it has taken goes on as it was.";
}
