//! Routes and price lists.

use sambac_domain::{ConnectorId, Currency, MccMnc, RateId, RouteId, RouteMatch, Strategy, TariffId, Timestamp};

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
    }
}

row! {
    /// A price list; its lines are [`RateRow`]s.
    TariffRow in "tariffs" {
        /// Its id.
        id: TariffId,
        /// Its name, unique.
        name: String,
        /// The currency of its prices.
        currency: Currency,
        /// When it was made.
        created_at: Timestamp,
    }
}

row! {
    /// One line of a price list. No condition at all: the price of everything else.
    RateRow in "tariff_rates" {
        /// Its id.
        id: RateId,
        /// The list it is in.
        tariff_id: TariffId,
        /// Country code of the network.
        mcc: Option<u16>,
        /// The network.
        mcc_mnc: Option<MccMnc>,
        /// What the number starts with, digits.
        prefix: Option<String>,
        /// Price of one segment, in micros.
        price_micros: i64,
    }
}
