//! Which client gets a message from a handset: routes in order of position, and the first that matches wins.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fold;
use crate::id::{AccountId, ConnectorId, MoRouteId, SmppAccountId, TargetId, WebhookId};

/// What a route asks of a message. A list that is empty asks nothing; of a list that is not, one entry must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoMatch {
    /// Numbers written to: short codes or numbers in digits, or the beginning of some with `*` after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// What the handset's number begins with, country code first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_prefixes: Vec<String>,
    /// Connectors by which it came in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connectors: Vec<ConnectorId>,
    /// First words of the text, in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
}

/// How a route uses its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoStrategy {
    /// The first only.
    Static,
    /// The next one when one has refused for good, or was away for too long.
    Failover,
    /// All of them.
    FanOut,
}

/// Who is handed a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoTarget {
    /// A webhook.
    Webhook(WebhookId),
    /// The receiving binds of an SMPP account.
    Smpp(SmppAccountId),
}

/// A rule for messages from handsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoRoute {
    /// Ours.
    pub id: MoRouteId,
    /// Whose messages they are; its targets are this account's.
    pub account_id: AccountId,
    /// Lower is tried first; equals in the order of their ids.
    pub position: i32,
    /// What it takes.
    pub matches: MoMatch,
    /// How it uses its targets.
    pub strategy: MoStrategy,
    /// Where it leads, the preferred first.
    pub targets: Vec<MoTarget>,
    /// How long a target may be away before the next one has its turn.
    pub away_max_s: u32,
}

/// What a decision needs to know of a message.
#[derive(Debug, Clone, Copy)]
pub struct MoQuery<'a> {
    /// The number written to, normalised.
    pub destination: &'a str,
    /// The handset, normalised.
    pub source: &'a str,
    /// By which connector it came.
    pub connector: ConnectorId,
    /// Its first word, folded.
    pub keyword: Option<&'a str>,
}

/// All routes that may be used, in the order in which they are tried.
#[derive(Debug, Default)]
pub struct MoRoutes(Vec<MoRoute>);

impl MoStrategy {
    const ALL: [Self; 3] = [Self::Static, Self::Failover, Self::FanOut];

    /// The word kept in the database, as in serde.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Failover => "failover",
            Self::FanOut => "fan_out",
        }
    }

    /// The strategy of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == word)
    }
}

impl MoTarget {
    /// Whose queue it has.
    #[must_use]
    pub fn id(self) -> TargetId {
        match self {
            Self::Webhook(id) => TargetId::from(id),
            Self::Smpp(id) => TargetId::from(id),
        }
    }
}

impl fmt::Display for MoTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(id) => id.fmt(f),
            Self::Smpp(id) => id.fmt(f),
        }
    }
}

impl MoRoutes {
    /// The routes that lead somewhere, in any order.
    #[must_use]
    pub fn new(mut routes: Vec<MoRoute>) -> Self {
        routes.retain(|route| !route.targets.is_empty());
        for route in &mut routes {
            route.matches.keywords = route.matches.keywords.iter().map(|word| fold(word)).collect();
            if route.strategy == MoStrategy::Static {
                route.targets.truncate(1);
            }
        }
        routes.sort_by_key(|route| (route.position, route.id));
        Self(routes)
    }

    /// The first route that takes the message.
    #[must_use]
    pub fn decide(&self, query: &MoQuery<'_>) -> Option<&MoRoute> {
        self.0.iter().find(|route| route.matches.takes(query))
    }
}

impl MoMatch {
    fn takes(&self, query: &MoQuery<'_>) -> bool {
        let keyword = |wanted: &String| query.keyword == Some(wanted.as_str());
        any(&self.connectors, |connector| *connector == query.connector)
            && any(&self.destinations, |pattern| fits(pattern, query.destination))
            && any(&self.source_prefixes, |prefix| query.source.starts_with(prefix.trim_start_matches('+')))
            && any(&self.keywords, keyword)
    }
}

fn any<T>(list: &[T], holds: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(holds)
}

fn fits(pattern: &str, destination: &str) -> bool {
    let pattern = pattern.trim_start_matches('+');
    match pattern.strip_suffix('*') {
        Some(beginning) => destination.starts_with(beginning),
        None => destination.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(id: i64, position: i32, matches: MoMatch) -> MoRoute {
        MoRoute {
            id: MoRouteId::from_raw(id),
            account_id: AccountId::from_raw(1),
            position,
            matches,
            strategy: MoStrategy::Failover,
            targets: vec![MoTarget::Webhook(WebhookId::from_raw(id))],
            away_max_s: 60,
        }
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    fn decided(routes: &MoRoutes, destination: &str, source: &str, connector: i64, keyword: Option<&str>) -> i64 {
        let query = MoQuery { destination, source, connector: ConnectorId::from_raw(connector), keyword };
        routes.decide(&query).map_or(0, |route| route.id.raw())
    }

    #[test]
    fn the_first_that_matches_wins() {
        let stop =
            MoMatch { destinations: words(&["12345"]), keywords: words(&["STOP", "Стоп"]), ..MoMatch::default() };
        let code = MoMatch { destinations: words(&["12345", "+4477*"]), ..MoMatch::default() };
        let german = MoMatch { source_prefixes: words(&["+49"]), ..MoMatch::default() };
        let own = MoMatch { connectors: vec![ConnectorId::from_raw(3)], ..MoMatch::default() };
        let routes =
            MoRoutes::new(vec![route(4, 40, own), route(2, 20, code), route(1, 10, stop), route(3, 20, german)]);
        let ask = |destination, source, connector, keyword| decided(&routes, destination, source, connector, keyword);
        assert_eq!(ask("12345", "4915", 9, Some("stop")), 1);
        assert_eq!(ask("12345", "4915", 9, Some("стоп")), 1);
        assert_eq!(ask("12345", "4915", 9, Some("stopp")), 2);
        assert_eq!(ask("447700900001", "1202", 9, None), 2);
        assert_eq!(ask("99", "4915", 9, Some("stop")), 3);
        assert_eq!(ask("99", "1202", 3, None), 4);
        assert_eq!(ask("99", "1202", 9, Some("stop")), 0);
    }

    #[test]
    fn a_route_without_targets_takes_nothing_and_static_has_one() {
        let nowhere = MoRoute { targets: Vec::new(), ..route(1, 1, MoMatch::default()) };
        let two = vec![MoTarget::Smpp(SmppAccountId::from_raw(1)), MoTarget::Smpp(SmppAccountId::from_raw(2))];
        let one = MoRoute { targets: two, strategy: MoStrategy::Static, ..route(2, 2, MoMatch::default()) };
        let routes = MoRoutes::new(vec![nowhere, one]);
        let query = MoQuery { destination: "1", source: "2", connector: ConnectorId::from_raw(3), keyword: None };
        assert_eq!(routes.decide(&query).map(|route| route.targets.len()), Some(1));
    }

    #[test]
    fn words_and_json_go_round() {
        for strategy in MoStrategy::ALL {
            assert_eq!(MoStrategy::from_word(strategy.as_str()), Some(strategy));
            assert_eq!(serde_json::to_string(&strategy).unwrap(), format!("\"{}\"", strategy.as_str()));
        }
        let target = MoTarget::Webhook(WebhookId::from_raw(1));
        assert_eq!(serde_json::to_string(&target).unwrap(), r#"{"webhook":"whk_0000000000001"}"#);
    }
}
