//! Decisions by example, and against a second, slower implementation.

use proptest::prelude::{Strategy as _, any, prop, prop_assert_eq, proptest};

use super::*;
use crate::number::{MccMnc, Msisdn, Sender};

const ONE: ConnectorId = ConnectorId::from_raw(1);
const TWO: ConnectorId = ConnectorId::from_raw(2);

fn route(id: i64, matches: RouteMatch) -> Route {
    Route {
        id: RouteId::from_raw(id),
        name: format!("route {id}"),
        position: 0,
        matches,
        strategy: Strategy::Failover,
        connectors: vec![ONE, TWO],
        enabled: true,
    }
}

fn query(sender: &Sender) -> RouteQuery<'_> {
    RouteQuery {
        account: AccountId::from_raw(1),
        destination: Msisdn::from_u64(447_700_900_123).unwrap(),
        mcc_mnc: Some("00101".parse().unwrap()),
        sender,
        class: TrafficClass::Otp,
    }
}

#[test]
fn each_condition_takes_and_refuses() {
    let sender = "MyBank".parse().unwrap();
    let any = RouteMatch::default;
    for (matches, takes) in [
        (any(), true),
        (RouteMatch { account: Some(AccountId::from_raw(1)), ..any() }, true),
        (RouteMatch { account: Some(AccountId::from_raw(2)), ..any() }, false),
        (RouteMatch { prefix: Some("4477".into()), ..any() }, true),
        (RouteMatch { prefix: Some("+447700900123".into()), ..any() }, true),
        (RouteMatch { prefix: Some("4478".into()), ..any() }, false),
        (RouteMatch { prefix: Some(String::new()), ..any() }, false),
        (RouteMatch { prefix: Some("44x".into()), ..any() }, false),
        (RouteMatch { mcc: Some(1), ..any() }, true),
        (RouteMatch { mcc: Some(262), ..any() }, false),
        (RouteMatch { mcc_mnc: Some("00101".parse().unwrap()), ..any() }, true),
        (RouteMatch { mcc_mnc: Some("001".parse().unwrap()), ..any() }, true),
        (RouteMatch { mcc_mnc: Some("001001".parse().unwrap()), ..any() }, false),
        (RouteMatch { sender: Some("MYBANK".into()), ..any() }, true),
        (RouteMatch { sender: Some("MyBan".into()), ..any() }, false),
        (RouteMatch { class: Some(TrafficClass::Otp), ..any() }, true),
        (RouteMatch { class: Some(TrafficClass::Marketing), ..any() }, false),
        (RouteMatch { mcc: Some(1), class: Some(TrafficClass::Marketing), ..any() }, false),
    ] {
        let table = RoutingTable::new(vec![route(1, matches.clone())], [ONE]);
        assert_eq!(table.decide(&query(&sender)).is_ok(), takes, "{matches:?}");
    }
}

#[test]
fn what_is_not_known_does_not_match() {
    let sender = "MyBank".parse().unwrap();
    for matches in [
        RouteMatch { mcc: Some(1), ..RouteMatch::default() },
        RouteMatch { mcc_mnc: Some("00101".parse().unwrap()), ..RouteMatch::default() },
    ] {
        let table = RoutingTable::new(vec![route(1, matches)], [ONE]);
        let refusal = table.decide(&RouteQuery { mcc_mnc: None, ..query(&sender) }).unwrap_err();
        assert_eq!(refusal, NoRoute::NoMatch);
    }
}

#[test]
fn lower_positions_first_then_ids() {
    let sender = "MyBank".parse().unwrap();
    let mut routes = vec![route(3, RouteMatch::default()), route(2, RouteMatch::default())];
    assert_eq!(RoutingTable::new(routes.clone(), [ONE]).decide(&query(&sender)).unwrap().route.id.raw(), 2);
    routes[0].position = -1;
    assert_eq!(RoutingTable::new(routes.clone(), [ONE]).decide(&query(&sender)).unwrap().route.id.raw(), 3);
    routes[0].enabled = false;
    assert_eq!(RoutingTable::new(routes, [ONE]).decide(&query(&sender)).unwrap().route.id.raw(), 2);
}

#[test]
fn strategies_choose_among_enabled_connectors() {
    let sender = "MyBank".parse().unwrap();
    for (strategy, enabled, expected) in [
        (Strategy::Failover, &[ONE, TWO][..], Ok(&[ONE, TWO][..])),
        (Strategy::Failover, &[TWO], Ok(&[TWO])),
        (Strategy::Failover, &[], Err(NoRoute::NoConnector)),
        (Strategy::Static, &[ONE, TWO], Ok(&[ONE])),
        (Strategy::Static, &[TWO], Err(NoRoute::NoConnector)),
    ] {
        let route = Route { strategy, ..route(1, RouteMatch::default()) };
        let table = RoutingTable::new(vec![route], enabled.iter().copied());
        let decided = table.decide(&query(&sender)).map(|choice| choice.connectors.to_vec());
        assert_eq!(decided, expected.map(<[_]>::to_vec), "{strategy:?} {enabled:?}");
    }
}

#[test]
fn a_route_without_connectors_gives_way_to_the_next() {
    let sender = "MyBank".parse().unwrap();
    let first = Route { connectors: vec![ONE], ..route(1, RouteMatch::default()) };
    let table = RoutingTable::new(vec![first, route(2, RouteMatch::default())], [TWO]);
    assert_eq!(table.decide(&query(&sender)).unwrap().route.id.raw(), 2);
    let said: Vec<_> = table.explain(&query(&sender)).considered.into_iter().map(|one| one.reason).collect();
    assert_eq!(said, ["matches, but none of the connectors it may use is enabled", "matches"]);
}

#[test]
fn four_connectors_stay_on_the_stack() {
    let sender = "MyBank".parse().unwrap();
    let connectors: Vec<_> = (1..=4).map(ConnectorId::from_raw).collect();
    let table = RoutingTable::new(
        vec![Route { connectors: connectors.clone(), ..route(1, RouteMatch::default()) }],
        connectors,
    );
    assert!(!table.decide(&query(&sender)).unwrap().connectors.spilled());
}

#[test]
fn serde_of_conditions_is_strict_and_short() {
    let text = "{\"prefix\":\"44\",\"class\":\"otp\"}";
    let matches: RouteMatch = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&matches).unwrap(), text);
    assert_eq!(serde_json::from_str::<RouteMatch>("{}").unwrap(), RouteMatch::default());
    assert!(serde_json::from_str::<RouteMatch>("{\"prefx\":\"44\"}").is_err());
    assert_eq!(("failover".parse(), "lcr".parse::<Strategy>()), (Ok(Strategy::Failover), Err(UnknownStrategy)));
}

fn some_network() -> impl proptest::strategy::Strategy<Value = Option<MccMnc>> {
    prop::option::of(
        prop::sample::select(vec!["00101", "00102", "26202", "262"]).prop_map(|text| text.parse().unwrap()),
    )
}

fn some_class() -> impl proptest::strategy::Strategy<Value = TrafficClass> {
    prop::sample::select(TrafficClass::ALL.to_vec())
}

fn some_match() -> impl proptest::strategy::Strategy<Value = RouteMatch> {
    let often_none =
        |values: Vec<&'static str>| prop::option::weighted(0.3, prop::sample::select(values).prop_map(str::to_owned));
    (
        prop::option::weighted(0.3, (1..3_i64).prop_map(AccountId::from_raw)),
        often_none(vec!["4", "44", "4477", "999", "+1", "x"]),
        prop::option::weighted(0.2, prop::sample::select(vec![1_u16, 262])),
        some_network().prop_flat_map(|network| prop::sample::select(vec![None, network])),
        often_none(vec!["bank", "BANK", "12345"]),
        prop::option::weighted(0.3, some_class()),
    )
        .prop_map(|(account, prefix, mcc, mcc_mnc, sender, class)| RouteMatch {
            account,
            prefix,
            mcc,
            mcc_mnc,
            sender,
            class,
        })
}

fn some_routes() -> impl proptest::strategy::Strategy<Value = Vec<Route>> {
    let one = (some_match(), -2..3_i32, any::<bool>(), 0..10, prop::collection::vec(1..5_i64, 0..6));
    prop::collection::vec(one, 0..8).prop_map(|routes| {
        let route = |(id, (matches, position, is_static, luck, connectors)): (i64, (_, _, _, _, Vec<i64>))| Route {
            position,
            strategy: if is_static { Strategy::Static } else { Strategy::Failover },
            connectors: connectors.into_iter().map(ConnectorId::from_raw).collect(),
            enabled: luck > 1,
            ..route(id, matches)
        };
        (1..).zip(routes).map(route).collect()
    })
}

/// The rules as a person would write them down, without care for speed.
fn by_the_book(
    routes: &[Route],
    enabled: &[ConnectorId],
    query: &RouteQuery<'_>,
) -> Option<(RouteId, Vec<ConnectorId>)> {
    let mut routes: Vec<_> = routes.iter().filter(|route| route.enabled).collect();
    routes.sort_by_key(|route| (route.position, route.id));
    routes.into_iter().find_map(|route| {
        let wanted = &route.matches;
        let network = query.mcc_mnc;
        let number = query.destination.as_u64().to_string();
        let takes = wanted.account.is_none_or(|account| account == query.account)
            && wanted.class.is_none_or(|class| class == query.class)
            && wanted.prefix.as_ref().is_none_or(|prefix| number.starts_with(prefix.trim_start_matches('+')))
            && wanted.mcc.is_none_or(|mcc| network.is_some_and(|network| network.mcc == mcc))
            && wanted.mcc_mnc.is_none_or(|all| network == Some(all) || network.map(MccMnc::without_mnc) == Some(all))
            && wanted.sender.as_ref().is_none_or(|text| text.to_lowercase() == query.sender.as_str().to_lowercase());
        let candidates = if route.strategy == Strategy::Static { 1 } else { route.connectors.len() };
        let usable: Vec<_> =
            route.connectors.iter().take(candidates).filter(|id| enabled.contains(id)).copied().collect();
        (takes && !usable.is_empty()).then_some((route.id, usable))
    })
}

proptest! {
    #[test]
    fn decide_explain_and_the_book_agree(
        routes in some_routes(),
        enabled in prop::collection::vec((1..5_i64).prop_map(ConnectorId::from_raw), 0..4),
        account in (1..3_i64).prop_map(AccountId::from_raw),
        destination in prop::sample::select(vec![447_700_900_123_u64, 12_025_550_123, 999_000_123_456]),
        mcc_mnc in some_network(),
        sender in prop::sample::select(vec!["Bank", "12345", "Shop"]),
        class in some_class(),
    ) {
        let sender: Sender = sender.parse().unwrap();
        let destination = Msisdn::from_u64(destination).unwrap();
        let query = RouteQuery { account, destination, mcc_mnc, sender: &sender, class };
        let table = RoutingTable::new(routes.clone(), enabled.iter().copied());
        let decided = table.decide(&query).map(|choice| (choice.route.id, choice.connectors.to_vec()));
        prop_assert_eq!(decided.clone().ok(), by_the_book(&routes, &enabled, &query));

        let explained = table.explain(&query);
        prop_assert_eq!(explained.chosen.map(|id| (id, explained.connectors.clone())), decided.ok());
        let first_match = explained.considered.iter().find(|one| one.matched).map(|one| one.route_id);
        prop_assert_eq!(explained.chosen, first_match);
        prop_assert_eq!(explained.considered.len(), routes.len());

        let backwards: Vec<_> = routes.into_iter().rev().collect();
        prop_assert_eq!(RoutingTable::new(backwards, enabled).explain(&query), explained);
    }
}
