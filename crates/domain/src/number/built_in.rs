//! Reads the tables that are compiled in; `data/README.md` says where they come from.

use super::{MccMnc, NamedNetwork, NetworkRow, NetworkTable, Provenance};

const MCC_MNC: &str = include_str!("../../data/mcc_mnc.csv");
const COUNTRY_PREFIXES: &str = include_str!("../../data/country_prefixes.csv");
const OPERATOR_PREFIXES: &str = include_str!("../../data/operator_prefixes.csv");

/// Country prefixes are the ITU's, and change with treaties.
const COUNTRIES: Provenance<'static> =
    Provenance { source: "itu-e164", as_of: "2026-11-06", confidence_percent: Some(100) };

/// The list of networks does not say of which day it is.
const NAMES: Provenance<'static> = Provenance { source: "mcc-mnc-list-1.1.11", as_of: "", confidence_percent: None };

/// The table of the three files. A row that cannot be read is left out; a test sees that there is none.
pub(super) fn load() -> NetworkTable {
    let mut table = NetworkTable::empty();
    for (mcc_mnc, country, operator) in rows(MCC_MNC).filter_map(network) {
        table.name(&NamedNetwork { mcc_mnc, country, operator, provenance: NAMES });
    }
    for row in rows(COUNTRY_PREFIXES).filter_map(country_prefix) {
        table.insert(&row);
    }
    for row in rows(OPERATOR_PREFIXES).filter_map(operator_prefix) {
        table.insert(&row);
    }
    table
}

fn rows(csv: &'static str) -> impl Iterator<Item = &'static str> {
    csv.lines().skip(1)
}

/// `mcc,mnc,country,operator,status`; the name may be quoted and have commas.
fn network(row: &'static str) -> Option<(MccMnc, &'static str, &'static str)> {
    let (codes, rest) = row.split_at_checked(row.match_indices(',').nth(1)?.0)?;
    let (country, rest) = rest.strip_prefix(',')?.split_once(',')?;
    let (operator, _status) = rest.rsplit_once(',')?;
    Some((codes.replace(',', "").parse().ok()?, country, operator.trim_matches('"')))
}

/// `prefix,country,mcc`. The prefix of MCC 001 is the test network's.
fn country_prefix(row: &'static str) -> Option<NetworkRow<'static>> {
    let [prefix, country, mcc] = columns(row)?;
    let mcc_mnc = match mcc.parse().ok()? {
        MccMnc { mcc: 1, .. } => MccMnc::TEST,
        mcc => mcc,
    };
    Some(NetworkRow { prefix, mcc_mnc, country, operator: "", provenance: COUNTRIES })
}

/// `prefix,mcc,mnc,source,as_of`.
fn operator_prefix(row: &'static str) -> Option<NetworkRow<'static>> {
    let [prefix, mcc, mnc, source, as_of] = columns(row)?;
    let mcc_mnc = format!("{mcc}{mnc}").parse().ok()?;
    let provenance = Provenance { source, as_of, confidence_percent: None };
    Some(NetworkRow { prefix, mcc_mnc, country: "", operator: "", provenance })
}

fn columns<const N: usize>(row: &'static str) -> Option<[&'static str; N]> {
    let mut columns = row.split(',');
    let found = [(); N].map(|()| columns.next());
    let mut out = [""; N];
    for (to, from) in out.iter_mut().zip(found) {
        *to = from?;
    }
    columns.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Msisdn;

    #[test]
    fn every_row_is_read() {
        assert!(rows(MCC_MNC).all(|row| network(row).is_some()) && rows(MCC_MNC).count() > 2_000);
        assert!(rows(COUNTRY_PREFIXES).all(|row| country_prefix(row).is_some()));
        assert!(rows(OPERATOR_PREFIXES).all(|row| operator_prefix(row).is_some()));
    }

    #[test]
    fn operators_of_prefixes_are_named() {
        let table = load();
        let mapped = |row: &NetworkRow<'_>| row.mcc_mnc.mnc.is_some();
        let mut mapped = rows(OPERATOR_PREFIXES).filter_map(operator_prefix).filter(mapped).peekable();
        assert!(mapped.peek().is_some());
        for row in mapped {
            assert!(table.operator(row.mcc_mnc).is_some_and(|(_, name)| !name.is_empty()), "{row:?}");
        }
    }

    #[test]
    fn countries_and_test_network() {
        let table = load();
        let lookup = |digits: &[u8]| table.lookup(Msisdn::from_digits(digits).unwrap()).unwrap();
        for (digits, country, mcc) in [
            (&b"447700900123"[..], "GB", 234),
            (b"12025550123", "US", 310),
            (b"14165550123", "CA", 302),
            (b"18765550123", "JM", 338),
            (b"49155500000", "DE", 262),
            (b"77000000000", "KZ", 401),
            (b"79000000000", "RU", 250),
            (b"393200000000", "IT", 222),
            (b"998900000000", "UZ", 434),
            (b"447781000000", "GG", 234),
        ] {
            let network = lookup(digits);
            assert_eq!((network.country, network.mcc_mnc.mcc), (country, mcc), "{digits:?}");
            assert!(!network.provenance.source.is_empty() && network.provenance.as_of.len() == 10);
        }
        let test = lookup(b"999000000001");
        assert_eq!((test.mcc_mnc, test.operator, test.country), (MccMnc::TEST, "Test Network", "ZZ"));
        assert_eq!(table.lookup(Msisdn::from_digits(b"999999999999999").unwrap()).unwrap().operator, "Test Network");
    }

    #[test]
    fn rows_added_later_lie_over_the_built_in_ones() {
        let mut table = load();
        let msisdn = Msisdn::from_digits(b"999123456789").unwrap();
        let provenance = Provenance { source: "operator", as_of: "2026-01-01", confidence_percent: Some(90) };
        let mcc_mnc = "00102".parse().unwrap();
        table.insert(&NetworkRow { prefix: "999123", mcc_mnc, country: "", operator: "Other", provenance });
        let network = table.lookup(msisdn).unwrap();
        assert_eq!((network.mcc_mnc, network.operator, network.country), (mcc_mnc, "Other", "ZZ"));
        assert_eq!(network.provenance, provenance);
    }
}
