//! A route made ready to be asked: its prefix as a number, its connectors filtered.

use std::collections::HashSet;
use std::fmt;

use smallvec::SmallVec;

use super::{Route, RouteQuery, Strategy};
use crate::id::ConnectorId;
use crate::number::MccMnc;
use crate::prefix::Prefix;

/// A route and what can be worked out of it before traffic comes.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) route: Route,
    prefix: Option<Prefix>,
    pub(super) usable: SmallVec<[ConnectorId; 4]>,
}

/// What a route says to a message. All but `Match` are reasons to go on to the next route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Match,
    Disabled,
    OtherAccount,
    OtherPrefix,
    OtherMcc,
    OtherNetwork,
    OtherSender,
    OtherClass,
    NoConnector,
}

impl Rule {
    pub(super) fn new(route: Route, enabled: &HashSet<ConnectorId>) -> Self {
        let prefix = route.matches.prefix.as_deref().and_then(Prefix::parse);
        let wanted = match route.strategy {
            Strategy::Static => 1,
            Strategy::Failover => usize::MAX,
        };
        let usable = route.connectors.iter().take(wanted).filter(|id| enabled.contains(id)).copied().collect();
        Self { route, prefix, usable }
    }

    /// The first thing that speaks against the route, cheapest tests first.
    pub(super) fn verdict(&self, query: &RouteQuery<'_>) -> Verdict {
        let matches = &self.route.matches;
        let mcc = query.mcc_mnc.map(|network| network.mcc);
        if !self.route.enabled {
            Verdict::Disabled
        } else if matches.class.is_some_and(|class| class != query.class) {
            Verdict::OtherClass
        } else if matches.account.is_some_and(|account| account != query.account) {
            Verdict::OtherAccount
        } else if !self.takes_prefix(query.destination.as_u64()) {
            Verdict::OtherPrefix
        } else if matches.mcc.is_some() && matches.mcc != mcc {
            Verdict::OtherMcc
        } else if matches.mcc_mnc.is_some_and(|wanted| !takes_network(wanted, query.mcc_mnc)) {
            Verdict::OtherNetwork
        } else if !self.takes_sender(query.sender.as_str()) {
            Verdict::OtherSender
        } else if self.usable.is_empty() {
            Verdict::NoConnector
        } else {
            Verdict::Match
        }
    }

    /// A prefix that is no digits takes nothing, rather than everything.
    fn takes_prefix(&self, destination: u64) -> bool {
        self.route.matches.prefix.is_none() || self.prefix.is_some_and(|prefix| prefix.begins(destination))
    }

    fn takes_sender(&self, sender: &str) -> bool {
        self.route.matches.sender.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(sender))
    }
}

/// A code without MNC means the whole country.
fn takes_network(wanted: MccMnc, network: Option<MccMnc>) -> bool {
    network.is_some_and(|network| wanted == network || wanted == network.without_mnc())
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Match => "matches",
            Self::Disabled => "is disabled",
            Self::OtherAccount => "is for another account",
            Self::OtherPrefix => "is for another prefix",
            Self::OtherMcc => "is for another country (mcc), or the destination's is not known",
            Self::OtherNetwork => "is for another network (mcc_mnc), or the destination's is not known",
            Self::OtherSender => "is for another sender",
            Self::OtherClass => "is for another traffic class",
            Self::NoConnector => "matches, but none of the connectors it may use is enabled",
        })
    }
}
