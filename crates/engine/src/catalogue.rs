//! Networks and prefixes of numbers: the tables that are compiled in, and over them what people know better.

use std::sync::Arc;

use sambac_domain::number::{NamedNetwork, NetworkRow, NetworkTable, Provenance};
use sambac_domain::{Country, MccMnc, Msisdn};
use sambac_store::Configuration;

use crate::Engine;
use crate::snapshot::Snapshot;

/// A network that the platform knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNetwork {
    /// Its codes.
    pub mcc_mnc: MccMnc,
    /// Its country.
    pub country: String,
    /// Its operator's name.
    pub operator: String,
    /// The operator group that it is in.
    pub group: Option<String>,
    /// Who says so.
    pub source: String,
    /// The day it was true; empty when the source does not say.
    pub as_of: String,
}

/// Where a number belongs, as far as its first digits tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNumber {
    /// Its network, or the MCC alone.
    pub network: KnownNetwork,
    /// How far its source is to be trusted, in hundredths, where somebody measured.
    pub confidence_percent: Option<u8>,
}

/// Of which networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueFilter {
    /// Of a country.
    Country(Country),
    /// Of a mobile country code.
    Mcc(u16),
}

impl Engine {
    /// The networks of a country, in the order of their codes.
    pub fn known_networks(&self, filter: CatalogueFilter) -> Vec<KnownNetwork> {
        let snapshot = self.snapshot();
        let is_wanted = |network: &NamedNetwork<'_>| match filter {
            CatalogueFilter::Country(country) => network.country == country.as_str(),
            CatalogueFilter::Mcc(mcc) => network.mcc_mnc.mcc == mcc,
        };
        let wanted = snapshot.networks.networks().filter(is_wanted);
        let mut known: Vec<_> = wanted.map(|network| KnownNetwork::of(&snapshot, &network)).collect();
        known.sort_by_key(|network| network.mcc_mnc.to_string());
        known
    }

    /// Where a number belongs; `None` when no country has its first digits.
    pub fn known_number(&self, number: Msisdn) -> Option<KnownNumber> {
        let snapshot = self.snapshot();
        let found = snapshot.networks.lookup(number)?;
        let confidence_percent = found.provenance.confidence_percent;
        let (mcc_mnc, country, operator) = (found.mcc_mnc, found.country, found.operator);
        let named = NamedNetwork { mcc_mnc, country, operator, provenance: found.provenance };
        Some(KnownNumber { network: KnownNetwork::of(&snapshot, &named), confidence_percent })
    }
}

impl KnownNetwork {
    fn of(snapshot: &Snapshot, network: &NamedNetwork<'_>) -> Self {
        let group = snapshot.groups.of_network(network.mcc_mnc).and_then(|group| snapshot.groups.name(group));
        Self {
            mcc_mnc: network.mcc_mnc,
            country: network.country.to_owned(),
            operator: network.operator.to_owned(),
            group: group.map(str::to_owned),
            source: network.provenance.source.to_owned(),
            as_of: network.provenance.as_of.to_owned(),
        }
    }
}

/// The compiled-in tables with the rows of the database over them; the same table when there are none.
pub(crate) fn laid_over(built_in: &Arc<NetworkTable>, configuration: &Configuration) -> Arc<NetworkTable> {
    if configuration.networks.is_empty() && configuration.number_prefixes.is_empty() {
        return Arc::clone(built_in);
    }
    let mut table = NetworkTable::clone(built_in);
    for row in &configuration.networks {
        let provenance = Provenance { source: &row.source, as_of: &row.as_of, confidence_percent: None };
        let (mcc_mnc, country, operator) = (row.mcc_mnc, row.country.as_str(), row.operator.as_str());
        table.name(&NamedNetwork { mcc_mnc, country, operator, provenance });
    }
    for row in &configuration.number_prefixes {
        let provenance = Provenance { source: &row.source, as_of: &row.as_of, confidence_percent: None };
        // A number's country is that of its network, where that is known: a prefix may be of an island that shares a code.
        let country = table.operator(row.mcc_mnc).map(|(country, _)| country.to_owned()).unwrap_or_default();
        let (prefix, mcc_mnc) = (row.prefix.as_str(), row.mcc_mnc);
        table.insert(&NetworkRow { prefix, mcc_mnc, country: &country, operator: "", provenance });
    }
    Arc::new(table)
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;
    use sambac_domain::{NetworkId, NumberPrefixId};
    use sambac_store::rows;

    use super::*;

    fn msisdn(digits: &str) -> Msisdn {
        Msisdn::from_digits(digits.as_bytes()).expect("a number")
    }

    fn number_prefix(id: i64, prefix: &str, mcc_mnc: &str) -> rows::NumberPrefixRow {
        rows::NumberPrefixRow {
            id: NumberPrefixId::from_raw(id),
            prefix: prefix.into(),
            mcc_mnc: mcc_mnc.parse().expect("a network"),
            source: "operator".into(),
            as_of: "2026-11-01".into(),
            created_at: Timestamp(0),
        }
    }

    #[test]
    fn what_people_know_better_lies_over_what_is_compiled_in() {
        let built_in = Arc::new(NetworkTable::built_in());
        let none = Configuration::default();
        assert!(Arc::ptr_eq(&laid_over(&built_in, &none), &built_in), "nothing is copied for nothing");
        let named = rows::NetworkRow {
            id: NetworkId::from_raw(1),
            mcc_mnc: "26299".parse().expect("a network"),
            country: "DE".parse().expect("a country"),
            operator: "Example Mobile".into(),
            source: "operator".into(),
            as_of: "2026-11-01".into(),
            created_at: Timestamp(0),
        };
        let prefixes = vec![number_prefix(1, "4915", "26299"), number_prefix(2, "99912", "262")];
        let configuration = Configuration { networks: vec![named], number_prefixes: prefixes, ..none };
        let table = laid_over(&built_in, &configuration);
        let found = table.lookup(msisdn("4915000000000")).expect("it is known");
        assert_eq!(
            (found.mcc_mnc.to_string().as_str(), found.country, found.operator),
            ("26299", "DE", "Example Mobile")
        );
        assert_eq!((found.provenance.source, found.provenance.as_of), ("operator", "2026-11-01"));
        let island = table.lookup(msisdn("999120000000")).expect("it is known");
        assert_eq!((island.mcc_mnc.to_string().as_str(), island.country), ("262", "ZZ"), "no network says otherwise");
        let untouched = table.lookup(msisdn("999000000001"));
        assert_eq!(untouched, built_in.lookup(msisdn("999000000001")));
    }
}
