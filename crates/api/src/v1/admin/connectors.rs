//! `/v1/admin/connectors`: links to operators' SMSCs.

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

/// A connector.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct ConnectorDocument {
    /// Unique.
    #[schema(example = "alpha-1")]
    name: String,
    /// Whose SMSC it leads to: an operator's name.
    #[schema(example = "alpha")]
    operator: String,
    /// A name or an address.
    #[schema(example = "smsc.alpha.example")]
    host: String,
    /// TCP port.
    #[schema(example = 2775)]
    port: u16,
    /// What we bind as.
    #[schema(example = "sambac")]
    system_id: String,
    /// Never shown. A new connector must have one.
    #[schema(write_only)]
    password: Option<String>,
    /// `transmitter`, `receiver` or `transceiver`.
    #[schema(default = "transceiver")]
    bind_kind: Option<String>,
    /// How many binds are kept open.
    #[schema(default = 1)]
    binds: Option<u8>,
    /// Unanswered submits per bind.
    #[schema(default = 10, minimum = 1, maximum = 1000)]
    window_max: Option<u16>,
    /// Segments per second over all binds; 0 is no limit.
    #[schema(default = 0, maximum = 1_000_000)]
    throughput_per_s_max: Option<u32>,
    /// Its profile: a preset, and what differs from it. `GET /v1/admin/settings` lists every setting.
    #[schema(value_type = Option<Object>)]
    settings: Option<serde_json::Value>,
    /// Whether it is used.
    #[schema(default = true)]
    enabled: Option<bool>,
}

/// A connector as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct Connector {
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
    /// The whole profile, when it was asked for.
    #[schema(value_type = Option<Object>)]
    effective: Option<serde_json::Value>,
    #[schema(inline)]
    #[serde(flatten)]
    document: ConnectorDocument,
}

resource! {
    Connector at "/v1/admin/connectors", "/v1/admin/connectors/{id}" as ConnectorDocument, Connector, Connectors;
    list_connectors "List the connectors.";
    show_connector "Show a connector." [Showing];
    create_connector "Make a connector.";
    update_connector "Change a connector. What runs follows at once, and loses nothing.";
    remove_connector "Remove a connector that is disabled, that no route uses and for which nothing waits.";
}
