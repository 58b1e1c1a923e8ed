//! Lists of addresses that something may be used from.

use std::net::IpAddr;

use crate::ip_range::IpRange;

/// Addresses and networks; an empty list allows any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedAddresses {
    ranges: Vec<IpRange>,
}

impl AllowedAddresses {
    /// Reads a list. What does not parse is left out; of a list of which nothing parses, nobody is allowed.
    pub fn parse(texts: &[String]) -> Self {
        let mut ranges: Vec<_> = texts.iter().filter_map(|text| IpRange::parse(text)).collect();
        if ranges.len() < texts.len() {
            tracing::warn!("an allowed address does not parse and is ignored");
        }
        if ranges.is_empty() && !texts.is_empty() {
            ranges.push(IpRange::nobody());
        }
        Self { ranges }
    }

    /// Whether any address is allowed.
    pub fn is_any(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether a call may come from `address`. One that comes from nobody knows where may not, where there is a list.
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        self.is_any() || address.is_some_and(|address| self.ranges.iter().any(|range| range.contains(address)))
    }

    /// Whether all that `other` allows is allowed here.
    pub fn holds(&self, other: &Self) -> bool {
        let held = |range: &IpRange| self.ranges.iter().any(|mine| mine.holds(range));
        self.is_any() || (!other.is_any() && other.ranges.iter().all(held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> AllowedAddresses {
        AllowedAddresses::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_list_allows_what_it_names_and_no_list_allows_all() {
        let here = Some("192.0.2.9".parse().unwrap());
        assert!(list(&[]).allows(here) && list(&[]).allows(None));
        assert!(list(&["2001:db8::/32", "192.0.2.0/24"]).allows(here));
        assert!(!list(&["198.51.100.0/24"]).allows(here) && !list(&["192.0.2.0/24"]).allows(None));
    }

    #[test]
    fn what_does_not_parse_opens_nothing() {
        let here = Some("192.0.2.9".parse().unwrap());
        assert!(!list(&["anywhere"]).allows(here) && !list(&["anywhere"]).allows(Some("0.0.0.1".parse().unwrap())));
        assert!(list(&["anywhere", "192.0.2.0/24"]).allows(here));
    }

    #[test]
    fn only_what_is_no_wider_is_held() {
        let mine = list(&["192.0.2.0/24", "2001:db8::/32"]);
        assert!(mine.holds(&list(&["192.0.2.128/25"])) && mine.holds(&mine) && list(&[]).holds(&mine));
        assert!(
            !mine.holds(&list(&[]))
                && !mine.holds(&list(&["192.0.2.0/23"]))
                && !mine.holds(&list(&["192.0.2.1", "::/0"]))
        );
    }
}
