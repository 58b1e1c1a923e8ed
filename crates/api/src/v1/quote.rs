//! What a dry run answers.

use sambac_domain::routing::Considered;
use sambac_domain::text::Encoding;
use sambac_domain::{AccountId, RouteId};
use sambac_engine::submit;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Authorised;
use crate::shown::{self, Price};

/// What would happen to the message.
#[derive(Serialize, ToSchema)]
#[schema(as = SmsQuote)]
pub(crate) struct Quote {
    /// Always true.
    #[schema(example = true)]
    dry_run: bool,
    /// How it would be encoded.
    #[schema(value_type = shown::TextEncoding)]
    encoding: Encoding,
    /// Segments it takes.
    segments: u8,
    /// For all segments.
    price: Price,
    /// Whether your balance covers it now.
    #[schema(example = true)]
    affordable: bool,
    /// MCC and MNC of the destination's network, as far as known.
    #[schema(example = "001-01")]
    network: Option<String>,
    /// Which way it would go, and why.
    route: QuotedRoute,
}

/// The route of a quote.
#[derive(Serialize, ToSchema)]
struct QuotedRoute {
    #[schema(example = "rte_01h2xcejqtf2n")]
    id: String,
    name: Option<String>,
    /// Connectors in the order in which they would be tried.
    connectors: Vec<String>,
    /// What each route said, in their order.
    considered: Vec<ConsideredRoute>,
}

/// What one route said.
#[derive(Serialize, ToSchema)]
struct ConsideredRoute {
    id: String,
    name: String,
    /// Whether it would take the message.
    matched: bool,
    /// Why, or why not.
    reason: String,
}

impl Quote {
    pub(crate) fn new<S>(client: &Authorised<S>, quote: submit::Quote) -> Self {
        let considered = quote.explanation.considered;
        let name = considered.iter().find(|route| route.route_id == quote.route_id).map(|route| route.name.clone());
        let foreign = routes_of_others(client);
        Self {
            dry_run: true,
            encoding: quote.encoding,
            segments: quote.segments,
            price: quote.price.into(),
            affordable: quote.affordable,
            network: quote.mcc_mnc.map(|network| network.to_string()),
            route: QuotedRoute {
                id: quote.route_id.to_string(),
                name,
                connectors: quote.connectors.iter().map(ToString::to_string).collect(),
                considered: considered
                    .into_iter()
                    .filter(|route| !foreign.contains(&route.route_id))
                    .map(ConsideredRoute::from)
                    .collect(),
            },
        }
    }
}

/// Routes made for other accounts, whose names are none of this client's business.
fn routes_of_others<S>(client: &Authorised<S>) -> Vec<RouteId> {
    let is_foreign = |account: Option<AccountId>| account.is_some_and(|account| account != client.account_id());
    let snapshot = client.engine().snapshot();
    snapshot.routing.routes().filter(|route| is_foreign(route.matches.account)).map(|route| route.id).collect()
}

impl From<Considered> for ConsideredRoute {
    fn from(route: Considered) -> Self {
        Self { id: route.route_id.to_string(), name: route.name, matched: route.matched, reason: route.reason }
    }
}
