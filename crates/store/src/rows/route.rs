//! Routes.

use sambac_domain::{ConnectorId, RouteId, RouteMatch, Strategy, Timestamp};

use super::row;

row! {
    /// A routing rule.
    RouteRow in "routes" {
        /// Its id.
        id: RouteId,
        /// Its name, unique.
        name: String,
        /// Order of trying; lower first.
        position: i32,
        /// What it applies to (JSON).
        matches: RouteMatch,
        /// How its connectors are used.
        strategy: Strategy,
        /// Its connectors in order (JSON).
        connectors: Vec<ConnectorId>,
        /// Whether it is used.
        enabled: bool,
        /// When it was made.
        created_at: Timestamp,
        /// The least margin of a segment: a [`sambac_domain::rating::MarginFloor`], empty means the platform's.
        margin_floor: String,
    }
}
