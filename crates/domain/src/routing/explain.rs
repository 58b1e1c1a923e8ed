//! A decision in words: every route in order, and what it said.

use serde::Serialize;

use super::rule::{Rule, Verdict};
use super::{RouteQuery, RoutingTable};
use crate::id::{ConnectorId, RouteId};

/// One route's part in a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// The route.
    pub route_id: RouteId,
    /// Its name.
    pub name: String,
    /// Whether it takes the message and has a usable connector.
    pub matched: bool,
    /// Why, or why not.
    pub reason: String,
}

/// A decision and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// All routes in the order they are tried, those after the chosen one too.
    pub considered: Vec<Considered>,
    /// The route that [`RoutingTable::decide`] takes.
    pub chosen: Option<RouteId>,
    /// The connectors that it gives, the preferred first.
    pub connectors: Vec<ConnectorId>,
}

pub(super) fn explain(table: &RoutingTable, query: &RouteQuery<'_>) -> Explanation {
    let mut explanation =
        Explanation { considered: Vec::with_capacity(table.rules.len()), chosen: None, connectors: Vec::new() };
    for rule in &table.rules {
        let verdict = rule.verdict(query);
        let is_late = explanation.chosen.is_some();
        explanation.considered.push(considered(rule, verdict, is_late));
        if verdict == Verdict::Match && !is_late {
            explanation.chosen = Some(rule.route.id);
            explanation.connectors = rule.usable.to_vec();
        }
    }
    explanation
}

fn considered(rule: &Rule, verdict: Verdict, is_late: bool) -> Considered {
    let matched = verdict == Verdict::Match;
    let reason = match (matched, is_late) {
        (true, true) => "matches, but an earlier route was chosen".to_owned(),
        _ => verdict.to_string(),
    };
    Considered { route_id: rule.route.id, name: rule.route.name.clone(), matched, reason }
}
