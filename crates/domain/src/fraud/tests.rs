use std::time::Duration;

use super::recent::Recent;
use super::*;
use crate::money::Micros;
use crate::number::Msisdn;
use crate::time::Timestamp;

const TO: u64 = 447_700_900_123;

fn at(s: u64) -> Timestamp {
    Timestamp(0).saturating_add(Duration::from_secs(s))
}

fn number(value: u64) -> Msisdn {
    Msisdn::from_u64(value).unwrap()
}

fn ask(guard: &mut Guard, s: u64, to: u64) -> Option<Rule> {
    let verdict =
        guard.ask(&Ask { at: at(s), to: number(to), country: "GB".parse().ok(), keys: &[], cost_micros: 1_000 });
    match verdict {
        Verdict::Send => None,
        Verdict::Stop(stop) => Some(stop.rule),
    }
}

#[test]
fn codes_go_to_listed_countries_and_to_safe_numbers() {
    let settings = GuardSettings {
        countries: Some(vec!["DE".parse().unwrap()]),
        safe: vec!["+4477009001".to_owned()],
        ..GuardSettings::default()
    };
    let mut guard = Guard::new(settings);
    assert_eq!(ask(&mut guard, 0, 447_700_900_223), Some(Rule::Country));
    assert_eq!(ask(&mut guard, 0, TO), None);
    let unknown = Ask { at: at(0), to: number(447_700_900_223), country: None, keys: &[], cost_micros: 0 };
    assert!(matches!(guard.ask(&unknown), Verdict::Stop(Stop { rule: Rule::Country, again_at: None, .. })));
}

#[test]
fn one_number_gets_so_many_codes_also_when_it_is_safe_or_known() {
    for safe in [vec![], vec!["44".to_owned()]] {
        let mut guard = Guard::new(GuardSettings { safe, ..GuardSettings::default() });
        guard.remember(number(TO));
        let sent: Vec<_> = (0..7).map(|s| ask(&mut guard, s, TO)).collect();
        assert_eq!(sent, [None, None, None, None, None, Some(Rule::Number), Some(Rule::Number)]);
        assert_eq!(ask(&mut guard, 360, TO), None, "ten an hour are one in six minutes");
        assert_eq!(ask(&mut guard, 361, TO), Some(Rule::Number));
    }
}

#[test]
fn keys_of_the_caller_bound_codes_to_different_numbers() {
    let mut guard = Guard::new(GuardSettings { per_ip: "60/h burst 3".parse().unwrap(), ..GuardSettings::default() });
    let mut ask = |s: u64, to: u64, digest: u64| {
        let keys = [RateKey { kind: RateKeyKind::Ip, digest }];
        guard.ask(&Ask { at: at(s), to: number(to), country: None, keys: &keys, cost_micros: 0 })
    };
    for no in 0..3 {
        assert_eq!(ask(0, TO + no * 10_000, 7), Verdict::Send);
    }
    let Verdict::Stop(stop) = ask(0, TO + 90_000, 7) else { panic!("it was sent") };
    assert_eq!((stop.rule, stop.again_at), (Rule::RateKey, Some(at(60))));
    assert_eq!(stop.detail, "one ip gets 60/h burst 3 codes");
    assert_eq!(ask(0, TO + 100_000, 8), Verdict::Send);
    assert_eq!(ask(60, TO + 110_000, 7), Verdict::Send);
}

/// The ninth number of a thousand neighbours is stopped, a stop names the range and no number, and one that is known goes through.
#[test]
fn a_range_that_does_not_verify_is_stopped_and_its_known_numbers_are_not() {
    let mut guard = Guard::new(GuardSettings::default());
    guard.remember(number(TO));
    for no in 0..8 {
        assert_eq!(ask(&mut guard, no, 447_700_900_200 + no), None);
    }
    let stopped = Ask { at: at(9), to: number(447_700_900_300), country: None, keys: &[], cost_micros: 0 };
    let Verdict::Stop(stop) = guard.ask(&stopped) else { panic!("it was sent") };
    assert_eq!(stop.rule, Rule::Range);
    assert_eq!(stop.detail, "of codes to +447700900..., 8 were not verified and 0 were");
    assert_eq!(ask(&mut guard, 10, TO), None);
    assert_eq!(ask(&mut guard, 10, 447_711_200_123), None, "another range");
}

/// What was not sent counts against nobody: a person whose range was stopped gets codes once it is open again.
#[test]
fn what_a_range_stops_counts_against_no_number() {
    let mut guard = Guard::new(GuardSettings::default());
    for no in 0..8 {
        assert_eq!(ask(&mut guard, no, 447_700_900_200 + no), None);
    }
    for _ in 0..30 {
        assert_eq!(ask(&mut guard, 9, TO), Some(Rule::Range));
    }
    for no in 0..3 {
        guard.verified(number(447_700_900_200 + no), at(10));
    }
    assert_eq!((0..5).map(|_| ask(&mut guard, 11, TO)).collect::<Vec<_>>(), [None; 5]);
}

/// One person who asks again and again counts once; who verifies makes good three.
#[test]
fn a_range_counts_people_and_forgives_by_verifications() {
    let mut guard = Guard::new(GuardSettings { per_number: "".parse().unwrap(), ..GuardSettings::default() });
    for s in 0..20 {
        assert_eq!(ask(&mut guard, s, TO), None);
    }
    for no in 0..7 {
        assert_eq!(ask(&mut guard, 30, 447_700_900_200 + no), None);
    }
    assert_eq!(ask(&mut guard, 31, 447_700_900_300), Some(Rule::Range));
    for no in 0..3 {
        guard.verified(number(447_700_900_200 + no), at(40));
    }
    assert_eq!(ask(&mut guard, 41, 447_700_900_301), None);
}

#[test]
fn what_does_not_arrive_says_nothing() {
    let mut guard = Guard::new(GuardSettings::default());
    for no in 0..60 {
        assert_eq!(ask(&mut guard, no, 447_700_900_200 + no), None);
        guard.undelivered(number(447_700_900_200 + no), at(no));
    }
}

/// Hours later it may be tried again; while it goes on, it stays stopped but for a probe.
#[test]
fn a_stop_ends_by_itself_when_nobody_asks_any_more() {
    let mut guard = Guard::new(GuardSettings::default());
    let sent = (0..640).filter(|s| ask(&mut guard, *s * 10, 447_700_900_000 + s).is_none()).count();
    assert_eq!(sent, 8 + 632 / 64);
    assert_eq!(ask(&mut guard, 6_500, 447_700_900_900), Some(Rule::Range));
    assert_eq!(ask(&mut guard, 6_500 + 4 * 3_600, 447_700_900_901), None);
}

#[test]
fn unverified_codes_cost_so_much_and_no_more() {
    let mut guard = Guard::new(GuardSettings { cost_at_risk: Some(Micros(5_000)), ..GuardSettings::default() });
    for no in 0..5 {
        assert_eq!(ask(&mut guard, no, TO + no * 10_000_000), None);
    }
    assert_eq!(ask(&mut guard, 6, TO + 60_000_000), Some(Rule::CostAtRisk));
    guard.verified(number(TO), at(7));
    assert_eq!(ask(&mut guard, 8, TO + 70_000_000), None);
    assert_eq!(ask(&mut guard, 9, TO + 80_000_000), Some(Rule::CostAtRisk));
    assert_eq!(ask(&mut guard, 2 * 3_600, TO + 80_000_000), None);
}

#[test]
fn a_map_that_forgets_is_bounded_and_keeps_what_was_touched_last() {
    let mut recent = Recent::new(10);
    for key in 0..1_000_u64 {
        recent.touch(key, || key);
        recent.touch(7, || 7);
    }
    assert!(recent.len() <= 20);
    assert_eq!((recent.peek(&7), recent.peek(&999), recent.peek(&500)), (Some(&7), Some(&999), None));
}

#[test]
fn settings_are_written_with_words() {
    let text =
        r#"{"mode":"stop","countries":["GB"],"per_number":"5/h burst 2","unverified_max":20,"cost_at_risk":"12.50"}"#;
    let settings: GuardSettings = serde_json::from_str(text).unwrap();
    assert_eq!((settings.unverified_max, settings.per_number.to_string()), (20, "5/h burst 2".to_owned()));
    assert_eq!((settings.mode, settings.cost_at_risk), (GuardMode::Stop, Some(Micros(12_500_000))));
    assert_eq!(GuardSettings::from_json(&settings.to_json()), Ok(settings.clone()));
    assert_eq!(
        (GuardSettings::default().to_json(), GuardSettings::from_json("")),
        (String::new(), Ok(GuardSettings::default()))
    );
    assert_eq!(settings.per_ip, GuardSettings::default().per_ip);
    assert!(serde_json::from_str::<GuardSettings>(r#"{"unverified":20}"#).is_err());
    assert_eq!(Rule::ALL.map(Rule::as_str).len(), 6);
}
