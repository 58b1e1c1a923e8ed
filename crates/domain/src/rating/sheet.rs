//! A price sheet made ready for look-ups. It never changes; another one takes its place.
//!
//! Rates of one scope lie side by side, the most exact first, so that a decision is one look-up for each scope that the
//! destination has and a walk over a handful of rates. It takes no lock and allocates nothing.

use std::collections::HashMap;

use super::{ChargePolicy, Rate, RateQuery, RateScope};
use crate::class::TrafficClass;
use crate::id::{RateId, SheetId};
use crate::number::{MccMnc, SenderForm};
use crate::prefix::Prefix;

/// All rates of one sheet.
#[derive(Debug)]
pub struct Sheet {
    id: SheetId,
    rates: Box<[SheetRate]>,
    /// Where the rates of a scope are.
    spans: HashMap<Key, Span>,
    /// Bit n is set when the sheet has a prefix of n digits: other lengths need not be tried.
    prefix_lengths: u16,
}

/// What a decision needs of a rate once its scope has matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SheetRate {
    /// The rate.
    pub id: RateId,
    /// Of one segment, in micros.
    pub price_micros: i64,
    /// When a segment is paid for.
    pub policy: ChargePolicy,
    sender: Option<SenderForm>,
    class: Option<TrafficClass>,
}

/// A scope as a number: its kind (with the count of digits, for a prefix) and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    kind: u8,
    value: u64,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    count: u32,
}

impl Sheet {
    /// The sheet of these rates, in whatever order. Of two rates for the same messages the one with the greater id counts.
    ///
    /// It holds 2^32 rates at most; what is beyond them prices nothing.
    pub fn new(id: SheetId, rates: impl IntoIterator<Item = Rate>) -> Self {
        let mut keyed: Vec<(Key, SheetRate)> =
            rates.into_iter().map(|rate| (Key::of(rate.scope), rate.into())).collect();
        keyed.sort_unstable_by_key(|(key, rate)| (*key, std::cmp::Reverse((rate.exactness(), rate.id))));
        let mut prefix_lengths = 0;
        let mut spans = HashMap::new();
        for (index, (key, _)) in (0_u32..).zip(&keyed) {
            spans.entry(*key).or_insert(Span { first: index, count: 0 }).count += 1;
            prefix_lengths |= key.prefix_length_bit();
        }
        spans.shrink_to_fit();
        let rates = keyed.into_iter().map(|(_, rate)| rate).collect();
        Self { id, rates, spans, prefix_lengths }
    }

    /// Which sheet it is.
    pub fn id(&self) -> SheetId {
        self.id
    }

    /// How many rates it has.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// Whether it prices nothing.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// The rate that prices a segment; `None` when the sheet does not cover the message.
    ///
    /// The order is: network, operator group, longest prefix, MCC, country, default. A scope counts when one of its
    /// rates is for the sender and class; of these the most exact: both given, sender, class, neither.
    pub fn rate(&self, query: &RateQuery) -> Option<&SheetRate> {
        let scoped = |key: Key| self.rate_of(key, query);
        let network = query.mcc_mnc.and_then(Key::of_network).and_then(scoped);
        let group = || query.group.and_then(|group| scoped(Key::of(RateScope::Group(group))));
        let mcc = || query.mcc_mnc.and_then(|network| scoped(Key::of(RateScope::Mcc(network.mcc))));
        let country = || query.country.and_then(|country| scoped(Key::of(RateScope::Country(country))));
        let default = || scoped(Key::of(RateScope::Default));
        let prefix = || self.longest_prefix(query);
        network.or_else(group).or_else(prefix).or_else(mcc).or_else(country).or_else(default)
    }

    fn longest_prefix(&self, query: &RateQuery) -> Option<&SheetRate> {
        let listed = |prefix: &Prefix| self.prefix_lengths >> prefix.digits & 1 == 1;
        let mut prefixes = Prefix::all_of(query.destination.as_u64()).filter(listed);
        prefixes.find_map(|prefix| self.rate_of(Key::of_prefix(prefix), query))
    }

    fn rate_of(&self, key: Key, query: &RateQuery) -> Option<&SheetRate> {
        let Span { first, count } = *self.spans.get(&key)?;
        let rates = self.rates.get(first as usize..)?.get(..count as usize)?;
        rates.iter().find(|rate| rate.is_for(query))
    }
}

impl SheetRate {
    fn exactness(&self) -> u8 {
        u8::from(self.sender.is_some()) * 2 + u8::from(self.class.is_some())
    }

    fn is_for(&self, query: &RateQuery) -> bool {
        self.sender.is_none_or(|sender| sender == query.sender) && self.class.is_none_or(|class| class == query.class)
    }
}

impl From<Rate> for SheetRate {
    fn from(rate: Rate) -> Self {
        let Rate { id, sender, class, price_micros, policy, .. } = rate;
        Self { id, price_micros, policy, sender, class }
    }
}

/// Kinds of a prefix are the counts of its digits, 1 to 15.
const DEFAULT: u8 = 0;
const NETWORK: u8 = 16;
const GROUP: u8 = 17;
const MCC: u8 = 18;
const COUNTRY: u8 = 19;

impl Key {
    fn of(scope: RateScope) -> Self {
        match scope {
            // A network without MNC is what its country is; nothing makes such a scope.
            RateScope::Network(network) => Self::of_network(network).unwrap_or(Self::of(RateScope::Mcc(network.mcc))),
            RateScope::Group(group) => Self { kind: GROUP, value: group.raw().cast_unsigned() },
            RateScope::Prefix(prefix) => Self::of_prefix(prefix.0),
            RateScope::Mcc(mcc) => Self { kind: MCC, value: mcc.into() },
            RateScope::Country(country) => {
                let value = country.as_str().bytes().fold(0, |value, octet| value << 8 | u64::from(octet));
                Self { kind: COUNTRY, value }
            }
            RateScope::Default => Self { kind: DEFAULT, value: 0 },
        }
    }

    /// The width of the MNC is part of it.
    fn of_network(network: MccMnc) -> Option<Self> {
        let mnc = network.mnc?;
        let value = u64::from(network.mcc) << 32 | u64::from(mnc.width()) << 16 | u64::from(mnc.code());
        Some(Self { kind: NETWORK, value })
    }

    fn of_prefix(prefix: Prefix) -> Self {
        // A prefix has 15 digits at most.
        Self { kind: prefix.digits.to_le_bytes()[0], value: prefix.value }
    }

    fn prefix_length_bit(self) -> u16 {
        if (1..16).contains(&self.kind) { 1 << self.kind } else { 0 }
    }
}
