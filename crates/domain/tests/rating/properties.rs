//! What holds for every price list: it prices as a person would who reads it line by line, whatever the order of its lines, and
//! a line for others changes nothing.

use proptest::prelude::*;
use sambac_domain::rating::{Rate, RateQuery, Sheet};
use sambac_domain::{
    ChargePolicy, Country, MccMnc, Msisdn, OperatorGroupId, RateId, RateScope, SenderForm, SheetId, TrafficClass,
};

/// How well a rate fits, as a person would say it: by its scope, then by sender and class; `None`: not at all.
fn fit(rate: &Rate, query: &RateQuery) -> Option<(usize, u8)> {
    let network = query.mcc_mnc;
    let scope = match rate.scope {
        RateScope::Network(of) => (network == Some(of)).then_some(102),
        RateScope::Group(of) => (query.group == Some(of)).then_some(101),
        RateScope::Prefix(prefix) => {
            let prefix = prefix.to_string();
            query.destination.as_u64().to_string().starts_with(&prefix).then_some(10 + prefix.len())
        }
        RateScope::Mcc(mcc) => (network.map(|network| network.mcc) == Some(mcc)).then_some(3),
        RateScope::Country(of) => (query.country == Some(of)).then_some(2),
        RateScope::Default => Some(1),
    }?;
    let sender = match rate.sender {
        None => 0,
        Some(of) if of == query.sender => 2,
        Some(_) => return None,
    };
    let class = match rate.class {
        None => 0,
        Some(of) if of == query.class => 1,
        Some(_) => return None,
    };
    Some((scope, sender + class))
}

fn by_the_book(rates: &[Rate], query: &RateQuery) -> Option<RateId> {
    let fitting = rates.iter().filter(|rate| fit(rate, query).is_some());
    fitting.max_by_key(|rate| (fit(rate, query), rate.id)).map(|rate| rate.id)
}

fn network() -> impl Strategy<Value = MccMnc> {
    prop::sample::select(vec!["00101", "001001", "00102", "26202", "262"]).prop_map(|text| text.parse().unwrap())
}

fn country() -> impl Strategy<Value = Country> {
    prop::sample::select(vec!["ZZ", "DE", "GB"]).prop_map(|text| text.parse().unwrap())
}

fn sender() -> impl Strategy<Value = SenderForm> {
    prop::sample::select(SenderForm::ALL.to_vec())
}

fn class() -> impl Strategy<Value = TrafficClass> {
    prop::sample::select(TrafficClass::ALL.to_vec())
}

fn scope() -> impl Strategy<Value = RateScope> {
    let text = prop_oneof![
        2 => "[1-4][0-9]{0,5}".prop_map(|digits| format!("prefix:{digits}")),
        1 => prop::sample::select(vec!["network:00101", "network:001001", "network:26202", "mcc:001", "mcc:262"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["country:ZZ", "country:DE", "default"]).prop_map(str::to_owned),
    ];
    prop_oneof![
        4 => text.prop_map(|text| text.parse().unwrap()),
        1 => (1..4_i64).prop_map(|group| RateScope::Group(OperatorGroupId::from_raw(group))),
    ]
}

fn rates() -> impl Strategy<Value = Vec<Rate>> {
    let rate = (scope(), prop::option::weighted(0.3, sender()), prop::option::weighted(0.3, class()), 0..100_i64);
    let numbered = |(number, (scope, sender, class, price_micros)): (i64, _)| Rate {
        id: RateId::from_raw(number),
        scope,
        sender,
        class,
        price_micros,
        policy: ChargePolicy::Delivered,
    };
    prop::collection::vec(rate, 0..80).prop_map(move |rates| (1..).zip(rates).map(numbered).collect())
}

fn query() -> impl Strategy<Value = RateQuery> {
    let group = prop::option::of((1..4_i64).prop_map(OperatorGroupId::from_raw));
    let known = (prop::option::of(network()), group, prop::option::of(country()));
    (1_000_000_u64..50_000_000, known, sender(), class()).prop_map(
        |(number, (mcc_mnc, group, country), sender, class)| RateQuery {
            destination: Msisdn::from_u64(number).unwrap(),
            mcc_mnc,
            group,
            country,
            sender,
            class,
        },
    )
}

fn priced(rates: &[Rate], query: &RateQuery) -> Option<(RateId, i64)> {
    Sheet::new(SheetId::from_raw(1), rates.iter().copied()).rate(query).map(|rate| (rate.id, rate.price_micros))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_sheet_agrees_with_whoever_reads_it_line_by_line(rates in rates(), query in query()) {
        prop_assert_eq!(priced(&rates, &query).map(|(id, _)| id), by_the_book(&rates, &query));
    }

    #[test]
    fn the_order_of_lines_is_no_matter(
        (rates, shuffled) in rates().prop_flat_map(|rates| (Just(rates.clone()), Just(rates).prop_shuffle())),
        query in query(),
    ) {
        prop_assert_eq!(priced(&rates, &query), priced(&shuffled, &query));
    }

    #[test]
    fn a_line_for_others_changes_no_price(rates in rates(), more in rates(), query in query()) {
        let others = more.into_iter().filter(|rate| fit(rate, &query).is_none());
        let with_others: Vec<_> = rates.iter().copied().chain(others.map(|rate| Rate { id: RateId::from_raw(rate.id.raw() + 1_000), ..rate })).collect();
        prop_assert_eq!(priced(&rates, &query), priced(&with_others, &query));
    }

    #[test]
    fn of_what_priced_nothing_else_is_needed(rates in rates(), query in query()) {
        if let Some((id, price)) = priced(&rates, &query) {
            let alone: Vec<_> = rates.iter().copied().filter(|rate| rate.id == id).collect();
            prop_assert_eq!(priced(&alone, &query), Some((id, price)));
        }
    }
}
