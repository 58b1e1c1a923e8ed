//! What a segment costs an account: the most exact line of its tariff.
//!
//! The order is: the destination's network, then the longest prefix, then the country, then the default.
//! A network beats a prefix, because prefixes lie about numbers that were ported.

mod charge_policy;

pub use charge_policy::{ChargePolicy, ChargePolicyError};

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::id::{RateId, TariffId};
use crate::money::Currency;
use crate::number::{MccMnc, Msisdn};
use crate::prefix::Prefix;

/// One line of a price list. Exactly one of `mcc_mnc`, `prefix` and `mcc` says what for; none: the default.
/// With several, the first of them in that order counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Ours.
    pub id: RateId,
    /// A country's mobile networks.
    pub mcc: Option<u16>,
    /// One network.
    pub mcc_mnc: Option<MccMnc>,
    /// Numbers that begin with these digits, country code first.
    pub prefix: Option<String>,
    /// Of one segment, in micros of the tariff's currency.
    pub price_micros: i64,
}

/// A price list made ready for look-ups. It never changes; a new one takes its place.
#[derive(Debug, Clone)]
pub struct Tariff {
    /// Ours.
    pub id: TariffId,
    /// Of all its prices.
    pub currency: Currency,
    rates: Vec<Rate>,
    by_network: HashMap<MccMnc, usize>,
    by_prefix: HashMap<Prefix, usize>,
    by_mcc: HashMap<u16, usize>,
    default: Option<usize>,
    /// Bit n is set when the list has a prefix of n digits: other lengths need not be tried.
    prefix_lengths: u16,
}

impl Tariff {
    /// The tariff of these lines. Of two lines for the same, the one with the greater id counts; a line
    /// whose prefix is not 1 to 15 digits prices nothing.
    pub fn new(id: TariffId, currency: Currency, mut rates: Vec<Rate>) -> Self {
        rates.sort_by_key(|rate| rate.id);
        let mut tariff = Self {
            id,
            currency,
            rates: Vec::new(),
            by_network: HashMap::new(),
            by_prefix: HashMap::new(),
            by_mcc: HashMap::new(),
            default: None,
            prefix_lengths: 0,
        };
        for (index, rate) in rates.iter().enumerate() {
            tariff.index(rate, index);
        }
        tariff.rates = rates;
        tariff
    }

    /// Its lines, by id.
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    /// The line that prices a segment to `destination`; `None` when the tariff does not cover it.
    ///
    /// At most one look-up for each length of prefix in the list, whatever its size; does not allocate.
    pub fn price(&self, destination: Msisdn, mcc_mnc: Option<MccMnc>) -> Option<&Rate> {
        let network = || self.by_network.get(&mcc_mnc?);
        let country = || self.by_mcc.get(&mcc_mnc?.mcc);
        let index = network().or_else(|| self.longest_prefix(destination.as_u64())).or_else(country);
        index.copied().or(self.default).and_then(|index| self.rates.get(index))
    }

    fn longest_prefix(&self, number: u64) -> Option<&usize> {
        let listed = |prefix: &Prefix| self.prefix_lengths >> prefix.digits & 1 == 1;
        Prefix::all_of(number).filter(listed).find_map(|prefix| self.by_prefix.get(&prefix))
    }

    fn index(&mut self, rate: &Rate, index: usize) {
        match (rate.mcc_mnc, &rate.prefix, rate.mcc) {
            (Some(MccMnc { mcc, mnc: None }), _, _) | (None, None, Some(mcc)) => {
                self.by_mcc.insert(mcc, index);
            }
            (Some(network), _, _) => {
                self.by_network.insert(network, index);
            }
            (None, Some(prefix), _) => self.index_prefix(prefix, index),
            (None, None, None) => self.default = Some(index),
        }
    }

    fn index_prefix(&mut self, prefix: &str, index: usize) {
        if let Some(prefix) = Prefix::parse(prefix) {
            self.prefix_lengths |= 1 << prefix.digits;
            self.by_prefix.insert(prefix, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(id: i64, mcc_mnc: Option<&str>, prefix: Option<&str>, mcc: Option<u16>) -> Rate {
        let mcc_mnc = mcc_mnc.map(|text| text.parse().unwrap());
        Rate { id: RateId::from_raw(id), mcc, mcc_mnc, prefix: prefix.map(str::to_owned), price_micros: id * 100 }
    }

    fn tariff(rates: Vec<Rate>) -> Tariff {
        Tariff::new(TariffId::from_raw(1), "EUR".parse().unwrap(), rates)
    }

    fn priced(tariff: &Tariff, destination: u64, network: Option<&str>) -> Option<i64> {
        let network = network.map(|text| text.parse().unwrap());
        tariff.price(Msisdn::from_u64(destination).unwrap(), network).map(|rate| rate.id.raw())
    }

    #[test]
    fn the_most_exact_line_counts() {
        let all = vec![
            rate(1, None, None, None),
            rate(2, None, None, Some(1)),
            rate(3, None, Some("44"), None),
            rate(4, None, Some("+4477"), None),
            rate(5, Some("00101"), None, None),
            rate(6, Some("262"), None, None),
        ];
        let tariff = tariff(all);
        for (destination, network, id) in [
            (447_700_900_123, Some("00101"), 5),
            (447_700_900_123, Some("00102"), 4),
            (447_700_900_123, None, 4),
            (442_079_460_000, Some("00102"), 3),
            (12_025_550_123, Some("00102"), 2),
            (12_025_550_123, Some("26202"), 6),
            (12_025_550_123, Some("31001"), 1),
            (12_025_550_123, None, 1),
        ] {
            assert_eq!(priced(&tariff, destination, network), Some(id), "{destination} {network:?}");
        }
    }

    #[test]
    fn what_is_not_listed_has_no_price() {
        let tariff = tariff(vec![rate(1, None, Some("44"), None), rate(2, None, Some("x"), None)]);
        assert_eq!(priced(&tariff, 12_025_550_123, Some("00101")), None);
        assert_eq!(tariff.rates().len(), 2);
    }

    #[test]
    fn the_newer_of_two_lines_counts() {
        let tariff = tariff(vec![rate(9, None, Some("44"), None), rate(2, None, Some("44"), None)]);
        assert_eq!(priced(&tariff, 447_700_900_123, None), Some(9));
    }

    /// The order as a person would check it: by how exact each line is, then by age.
    fn by_the_book(rates: &[Rate], number: u64, network: Option<MccMnc>) -> Option<RateId> {
        let exactness = |rate: &&Rate| match (rate.mcc_mnc, &rate.prefix, rate.mcc) {
            (Some(of), ..) if of.mnc.is_some() => (Some(of) == network).then_some(100),
            (Some(of), ..) => (Some(of.mcc) == network.map(|network| network.mcc)).then_some(1),
            (None, Some(prefix), _) => number.to_string().starts_with(prefix.as_str()).then_some(10 + prefix.len()),
            (None, None, Some(mcc)) => (Some(mcc) == network.map(|network| network.mcc)).then_some(1),
            (None, None, None) => Some(0),
        };
        let best = rates.iter().filter(|rate| exactness(rate).is_some()).max_by_key(|rate| (exactness(rate), rate.id));
        best.map(|rate| rate.id)
    }

    fn some_rate() -> impl Strategy<Value = Rate> {
        let network = prop::option::weighted(0.3, prop::sample::select(vec!["00101", "00102", "26202", "262"]));
        let prefix = prop::option::weighted(0.6, "[1-4][0-9]{0,5}");
        let mcc = prop::option::of(prop::sample::select(vec![1_u16, 262]));
        (0..1_000_i64, network, prefix, mcc)
            .prop_map(|(id, network, prefix, mcc)| rate(id, network, prefix.as_deref(), mcc))
    }

    proptest! {
        #[test]
        fn agrees_with_the_book(
            rates in prop::collection::vec(some_rate(), 0..60),
            number in 10_000_000_u64..50_000_000,
            network in prop::option::of(prop::sample::select(vec!["00101", "00103", "26202"])),
        ) {
            let network: Option<MccMnc> = network.map(|text| text.parse().unwrap());
            let found = tariff(rates.clone()).price(Msisdn::from_u64(number).unwrap(), network).map(|rate| rate.id);
            prop_assert_eq!(found, by_the_book(&rates, number, network));
        }
    }
}
