//! Which connectors a message goes to: routes in order, the first that matches wins, and it can say why.
//!
//! A [`RoutingTable`] is built when the configuration changes and never changes itself, so a decision takes
//! no lock, no allocation and no I/O. The same test of a route serves [`decide`](RoutingTable::decide) for
//! traffic and [`explain`](RoutingTable::explain) for people.
//!
//! ```
//! use sambac_domain::routing::{NoRoute, RouteQuery, RoutingTable};
//! use sambac_domain::{AccountId, Msisdn, TrafficClass};
//! let table = RoutingTable::new(Vec::new(), []);
//! let query = RouteQuery {
//!     account: AccountId::from_raw(1),
//!     destination: Msisdn::from_u64(447_700_900_123).unwrap(),
//!     mcc_mnc: None,
//!     sender: &"Bank".parse().unwrap(),
//!     class: TrafficClass::Otp,
//! };
//! assert_eq!(table.decide(&query).unwrap_err(), NoRoute::NoMatch);
//! ```

mod explain;
mod rule;
mod table;
#[cfg(test)]
mod tests;

pub use explain::{Considered, Explanation};
pub use table::{Choice, NoRoute, RoutingTable};

use serde::{Deserialize, Serialize};

use crate::class::TrafficClass;
use crate::id::{AccountId, ConnectorId, RouteId};
use crate::number::{MccMnc, Msisdn, Sender};

/// What a route asks of a message. What is `None` asks nothing; the rest must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteMatch {
    /// Only this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Digits that the destination begins with, country code first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Mobile country code of the destination's network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc: Option<u16>,
    /// The destination's network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc_mnc: Option<MccMnc>,
    /// The whole sender, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Only this class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<TrafficClass>,
}

/// How a route uses its connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The first connector only.
    Static,
    /// The connectors in their order, those that are not enabled left out.
    Failover,
}

impl Strategy {
    /// The word kept in the database, as in serde.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Failover => "failover",
        }
    }
}

/// The word names no [`Strategy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy: expected static or failover")]
pub struct UnknownStrategy;

impl std::str::FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(word: &str) -> Result<Self, UnknownStrategy> {
        [Self::Static, Self::Failover].into_iter().find(|one| one.as_str() == word).ok_or(UnknownStrategy)
    }
}

/// A routing rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Ours.
    pub id: RouteId,
    /// For people.
    pub name: String,
    /// Lower is tried first; equals in the order of their ids.
    pub position: i32,
    /// What it takes.
    pub matches: RouteMatch,
    /// How it uses its connectors.
    pub strategy: Strategy,
    /// Where it leads, the preferred first.
    pub connectors: Vec<ConnectorId>,
    /// Whether it takes part.
    pub enabled: bool,
}

/// What a decision needs to know of a message.
#[derive(Debug, Clone, Copy)]
pub struct RouteQuery<'a> {
    /// Who sends.
    pub account: AccountId,
    /// Where to.
    pub destination: Msisdn,
    /// The destination's network, when known.
    pub mcc_mnc: Option<MccMnc>,
    /// As what.
    pub sender: &'a Sender,
    /// What for.
    pub class: TrafficClass,
}
