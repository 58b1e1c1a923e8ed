//! What a segment costs an account: the most exact line of its tariff.
//!
//! The order is: the destination's network, then the longest prefix, then the country, then the default.
//! A network beats a prefix, because prefixes lie about numbers that were ported.

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
