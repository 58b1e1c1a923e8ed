//! Refused log-ins and calls from addresses that are not allowed: anybody outside can cause them, so they are counted by source and
//! reason, a bounded number of them, and kept once a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sambac_domain::{AccountId, ApiKeyId, Timestamp};
use sambac_store::audit::NewAudit;

use super::Event;
use crate::places;

/// How often they are kept.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);
/// Sources and reasons that are told apart within a minute; all others are counted together.
const APART_MAX: usize = 200;

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// A key that is none, or is not one of ours any more.
    Key(Option<IpAddr>),
    /// A good key from an address that it, or its account, may not be used from.
    Address(Option<IpAddr>, AccountId, ApiKeyId),
    /// An admin key that is none.
    AdminKey(Option<IpAddr>),
    /// An access token that is none that we take.
    Token(Option<IpAddr>),
    /// A person who wants to log in.
    LogIn(Option<IpAddr>),
    /// A session, or a link, that is none.
    Session(Option<IpAddr>),
    /// An SMPP bind.
    Bind(IpAddr),
}

/// Those that were counted and not kept yet.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    apart: HashMap<Refused, u64>,
    others: u64,
}

impl Refusals {
    /// Counts one.
    pub(crate) fn count(&self, refused: Refused) {
        let refused = refused.by_source();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.apart.len() >= APART_MAX && !counts.apart.contains_key(&refused) {
            counts.others += 1;
        } else {
            *counts.apart.entry(refused).or_default() += 1;
        }
    }

    /// Takes what was counted, as entries.
    pub(super) fn drain(&self, at: Timestamp) -> Vec<NewAudit> {
        let Counts { apart, others } = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut entries: Vec<_> =
            apart.into_iter().map(|(refused, count)| refused.event().with("count", count).entry(at)).collect();
        entries.sort_by(|a, b| (&a.action, &a.address, &a.subject).cmp(&(&b.action, &b.address, &b.subject)));
        if others > 0 {
            entries.push(Event::new("outsider", "login.refused", "many others").with("count", others).entry(at));
        }
        entries
    }
}

impl Refused {
    /// Whoever has one IPv6 address has its /64.
    fn by_source(self) -> Self {
        match self {
            Self::Key(address) => Self::Key(address.map(places::source)),
            Self::Address(address, account, key) => Self::Address(address.map(places::source), account, key),
            Self::AdminKey(address) => Self::AdminKey(address.map(places::source)),
            Self::Token(address) => Self::Token(address.map(places::source)),
            Self::LogIn(address) => Self::LogIn(address.map(places::source)),
            Self::Session(address) => Self::Session(address.map(places::source)),
            Self::Bind(address) => Self::Bind(places::source(address)),
        }
    }

    fn event(self) -> Event {
        match self {
            Self::Key(address) => Event::new("outsider", "login.refused", "api key").from(address),
            Self::AdminKey(address) => Event::new("outsider", "login.refused", "admin key").from(address),
            Self::Token(address) => Event::new("outsider", "login.refused", "access token").from(address),
            Self::LogIn(address) => Event::new("outsider", "login.refused", "user").from(address),
            Self::Session(address) => Event::new("outsider", "login.refused", "session").from(address),
            Self::Bind(address) => Event::new("outsider", "login.refused", "smpp bind").from(Some(address)),
            Self::Address(address, account, key) => {
                Event::new(format!("api key {key}"), "address.refused", key.to_string()).from(address).of(account)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(std::net::Ipv4Addr::from(0xc000_0200 + number))
    }

    /// Refusals of one source are one entry with a count, and a flood of sources makes no flood of entries.
    #[test]
    fn many_refusals_are_few_entries() {
        let refusals = Refusals::default();
        for _ in 0..1_000 {
            refusals.count(Refused::Key(Some(address(1))));
            refusals.count(Refused::Bind("2001:db8::1".parse().unwrap()));
            refusals.count(Refused::Bind("2001:db8::2".parse().unwrap()));
        }
        let entries = refusals.drain(Timestamp(1));
        let told: Vec<_> = entries.iter().map(|entry| (&*entry.subject, &*entry.address, &*entry.detail)).collect();
        assert_eq!(
            told,
            [("api key", "192.0.2.1", "{\"count\":1000}"), ("smpp bind", "2001:db8::", "{\"count\":2000}")]
        );
        (0..10_000).for_each(|number| refusals.count(Refused::Key(Some(address(number)))));
        let entries = refusals.drain(Timestamp(2));
        assert_eq!((entries.len(), &*entries[APART_MAX].detail), (APART_MAX + 1, "{\"count\":9800}"));
        assert!(refusals.drain(Timestamp(3)).is_empty());
    }
}
