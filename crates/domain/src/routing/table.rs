//! The snapshot that decisions are made from.

use std::collections::HashSet;

use smallvec::SmallVec;

use super::rule::{Rule, Verdict};
use super::{Explanation, Route, RouteQuery, explain};
use crate::id::ConnectorId;

/// All routes in the order they are tried.
#[derive(Debug, Default)]
pub struct RoutingTable {
    pub(super) rules: Vec<Rule>,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The route that matched.
    pub route: &'a Route,
    /// Its usable connectors, the preferred first; at least one.
    pub connectors: SmallVec<[ConnectorId; 4]>,
}

/// Why a message goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// No enabled route takes it.
    #[error("no route matches")]
    NoMatch,
    /// At least one route takes it, and no connector that it may use is enabled.
    #[error("a route matches, but none of its connectors is enabled")]
    NoConnector,
}

impl RoutingTable {
    /// The table of `routes`, in any order, over the connectors that are enabled.
    pub fn new(routes: Vec<Route>, enabled: impl IntoIterator<Item = ConnectorId>) -> Self {
        let enabled: HashSet<_> = enabled.into_iter().collect();
        let mut rules: Vec<_> = routes.into_iter().map(|route| Rule::new(route, &enabled)).collect();
        rules.sort_by_key(|rule| (rule.route.position, rule.route.id));
        Self { rules }
    }

    /// The first route that takes the message and has a usable connector.
    ///
    /// A route without usable connectors is passed over, so that switching a connector off moves its
    /// traffic to the next route instead of stopping it. Does not allocate for up to four connectors.
    ///
    /// # Errors
    /// [`NoRoute`] when no route is left.
    pub fn decide(&self, query: &RouteQuery<'_>) -> Result<Choice<'_>, NoRoute> {
        let mut refusal = NoRoute::NoMatch;
        for rule in &self.rules {
            match rule.verdict(query) {
                Verdict::Match => return Ok(Choice { route: &rule.route, connectors: rule.usable.clone() }),
                Verdict::NoConnector => refusal = NoRoute::NoConnector,
                _ => {}
            }
        }
        Err(refusal)
    }

    /// The same decision with what every route said, for people.
    pub fn explain(&self, query: &RouteQuery<'_>) -> Explanation {
        explain::explain(self, query)
    }

    /// The routes in the order they are tried.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = &Route> {
        self.rules.iter().map(|rule| &rule.route)
    }
}
