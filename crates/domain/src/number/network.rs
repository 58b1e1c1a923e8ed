//! Which mobile network a number's prefix belongs to, and who says so.
//!
//! `NetworkTable::built_in().lookup(msisdn)` gives MCC and MNC, or the country alone where no operator
//! prefix is known. A prefix is where a number started; it may have been ported since, so the source and
//! the day of each row are kept with it.

use std::collections::HashMap;

use super::trie::DigitTrie;
use super::{MccMnc, Msisdn};

/// The network of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network<'a> {
    /// The network, or the country alone when `mnc` is `None`.
    pub mcc_mnc: MccMnc,
    /// ISO 3166 code of two letters; `ZZ` for international and test networks.
    pub country: &'a str,
    /// The operator's name, empty when only the country is known.
    pub operator: &'a str,
    /// Where this comes from.
    pub provenance: Provenance<'a>,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance<'a> {
    /// A short word for the source, such as `libphonenumber-9.0.43`, `operator` or `hlr`.
    pub source: &'a str,
    /// The day it was true, `YYYY-MM-DD`.
    pub as_of: &'a str,
    /// How far to trust it, 0–100, where somebody measured.
    pub confidence_percent: Option<u8>,
}

/// A row to add to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkRow<'a> {
    /// First digits of the numbers, country code included, without plus.
    pub prefix: &'a str,
    /// Their network.
    pub mcc_mnc: MccMnc,
    /// ISO 3166 code; empty takes that of the next shorter prefix.
    pub country: &'a str,
    /// The operator's name; empty takes the one that the table knows for the network.
    pub operator: &'a str,
    /// Where this comes from.
    pub provenance: Provenance<'a>,
}

/// Prefixes of numbers and names of networks.
#[derive(Debug, Clone)]
pub struct NetworkTable {
    trie: DigitTrie<Entry>,
    names: HashMap<MccMnc, Name>,
    words: Words,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    mcc_mnc: MccMnc,
    country: u32,
    operator: u32,
    source: u32,
    as_of: u32,
    confidence_percent: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Name {
    country: u32,
    operator: u32,
    source: u32,
    as_of: u32,
}

/// A network by its codes, whatever its numbers begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedNetwork<'a> {
    /// Its codes.
    pub mcc_mnc: MccMnc,
    /// ISO 3166 code of two letters; `ZZ` for international and test networks.
    pub country: &'a str,
    /// The operator's name.
    pub operator: &'a str,
    /// Who says so.
    pub provenance: Provenance<'a>,
}

/// Each word kept once: rows share sources, days, countries and operators.
#[derive(Debug, Clone, Default)]
struct Words {
    list: Vec<Box<str>>,
    by_word: HashMap<Box<str>, u32>,
}

impl NetworkTable {
    /// A table that knows nothing.
    #[must_use]
    pub fn empty() -> Self {
        let mut words = Words::default();
        words.number("");
        Self { trie: DigitTrie::new(), names: HashMap::new(), words }
    }

    /// The table compiled into the program: every country, the test network under +999, and operators of
    /// some countries. Parsing it takes a few milliseconds: do it once.
    #[must_use]
    pub fn built_in() -> Self {
        super::built_in::load()
    }

    /// Names a network, over the name that it has.
    pub fn name(&mut self, network: &NamedNetwork<'_>) {
        let name = Name {
            country: self.words.number(network.country),
            operator: self.words.number(network.operator),
            source: self.words.number(network.provenance.source),
            as_of: self.words.number(network.provenance.as_of),
        };
        self.names.insert(network.mcc_mnc, name);
    }

    /// Adds a row over those that are there; the longest prefix decides, then the row added last. A row
    /// without country keeps that of the row it replaces.
    pub fn insert(&mut self, row: &NetworkRow<'_>) {
        let mut entry = Entry {
            mcc_mnc: row.mcc_mnc,
            country: self.words.number(row.country),
            operator: self.words.number(row.operator),
            source: self.words.number(row.provenance.source),
            as_of: self.words.number(row.provenance.as_of),
            confidence_percent: row.provenance.confidence_percent,
        };
        let slot = self.trie.slot(row.prefix.as_bytes());
        if let Some(old) = slot.filter(|_| row.country.is_empty()) {
            entry.country = old.country;
        }
        *slot = Some(entry);
    }

    /// The network of a number; `None` when no country has its prefix.
    #[must_use]
    pub fn lookup(&self, msisdn: Msisdn) -> Option<Network<'_>> {
        let mut country = "";
        let mut found = None;
        for entry in self.trie.matches(msisdn.digits().as_bytes()) {
            let own = self.words.text(entry.country);
            country = if own.is_empty() { country } else { own };
            found = Some(entry);
        }
        let entry = found?;
        let name = self.names.get(&entry.mcc_mnc);
        let operator = match (self.words.text(entry.operator), name) {
            ("", Some(name)) => self.words.text(name.operator),
            (own, _) => own,
        };
        Some(Network { mcc_mnc: entry.mcc_mnc, country, operator, provenance: self.provenance(entry) })
    }

    /// Every named network, in no order.
    pub fn networks(&self) -> impl Iterator<Item = NamedNetwork<'_>> {
        self.names.iter().map(|(mcc_mnc, name)| NamedNetwork {
            mcc_mnc: *mcc_mnc,
            country: self.words.text(name.country),
            operator: self.words.text(name.operator),
            provenance: Provenance {
                source: self.words.text(name.source),
                as_of: self.words.text(name.as_of),
                confidence_percent: None,
            },
        })
    }

    /// Country and name of a network, `None` when unknown.
    #[must_use]
    pub fn operator(&self, mcc_mnc: MccMnc) -> Option<(&str, &str)> {
        let name = self.names.get(&mcc_mnc)?;
        Some((self.words.text(name.country), self.words.text(name.operator)))
    }

    fn provenance(&self, entry: Entry) -> Provenance<'_> {
        Provenance {
            source: self.words.text(entry.source),
            as_of: self.words.text(entry.as_of),
            confidence_percent: entry.confidence_percent,
        }
    }
}

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.by_word.get(word) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.list.push(word.into());
        self.by_word.insert(word.into(), number);
        number
    }

    fn text(&self, number: u32) -> &str {
        self.list.get(number as usize).map_or("", |word| word)
    }
}
