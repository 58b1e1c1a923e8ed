//! A bank's day of 100,000 codes with labelled attacks among them, from fixed seeds: what is stopped, and of whom.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use super::*;
use crate::number::{Country, Msisdn};
use crate::time::Timestamp;

/// xorshift64*: the same day for the same seed, on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn percent(&mut self, of: u64) -> bool {
        self.below(100) < of
    }
}

/// One code of the day.
struct Code {
    at_s: u64,
    to: u64,
    /// Which attack it belongs to.
    attack: Option<usize>,
    ip: u64,
    /// Seconds until it is verified, if it is.
    verified_after_s: Option<u64>,
}

const DAY_S: u64 = 86_400;
const CODES: u64 = 100_000;
const CUSTOMERS: u64 = 60_000;
/// Three home operators and two neighbouring countries: first digits, and how many digits follow.
const HOME: [(u64, u32); 5] = [(447_700, 6), (447_711, 6), (447_722, 6), (491_515, 7), (336_390, 5)];

fn customer(no: u64) -> u64 {
    // Spread over the ranges, and always the same number for the same customer.
    let mut dice = Dice(no.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    dice.roll();
    let home = if no % 10 < 8 { dice.below(3) } else { 3 + dice.below(2) };
    let (first, open) = HOME[usize::try_from(home).unwrap()];
    first * 10_u64.pow(open) + dice.below(10_u64.pow(open))
}

fn country_of(number: u64) -> Option<Country> {
    let known = [("44", "GB"), ("49", "DE"), ("33", "FR"), ("998", "UZ"), ("371", "LV"), ("228", "TG")];
    let digits = number.to_string();
    known.iter().find(|(first, _)| digits.starts_with(first)).and_then(|(_, country)| country.parse().ok())
}

/// More by day than by night, as people are.
fn moment(dice: &mut Dice) -> u64 {
    loop {
        let at = dice.below(DAY_S);
        let hour = at / 3_600;
        if dice.below(10) < if (7..23).contains(&hour) { 10 } else { 2 } {
            return at;
        }
    }
}

fn legitimate(dice: &mut Dice) -> Vec<Code> {
    (0..CODES)
        .map(|_| {
            // One in twelve is somebody whom the bank has never sent a code.
            let no = if dice.below(12) == 0 { CUSTOMERS + dice.below(400_000) } else { dice.below(CUSTOMERS) };
            let verified_after_s = dice.percent(if no < CUSTOMERS { 92 } else { 78 }).then(|| 5 + dice.below(55));
            Code { at_s: moment(dice), to: customer(no), attack: None, ip: no, verified_after_s }
        })
        .collect()
}

/// How an attack picks its numbers: neighbouring ones, a rare prefix at random, many ranges of a country, and among the bank's own
/// customers' ranges.
fn attack(no: usize, dice: &mut Dice, codes: u64) -> Vec<Code> {
    let start = moment(dice);
    let length_s = 600 + dice.below(4 * 3_600);
    let base = 99_890_000_000 + dice.below(9) * 1_000_000;
    let target = |index: u64, dice: &mut Dice| match no % 4 {
        0 => base * 10 + index,
        1 => 37_126_000_000 + dice.below(1_000_000),
        2 => 22_870_000_000 + dice.below(30) * 1_000_000 + dice.below(100_000),
        _ => 447_788_000_000 + dice.below(30_000),
    };
    (0..codes)
        .map(|index| Code {
            at_s: (start + index * length_s / codes).min(DAY_S),
            to: target(index, dice),
            attack: Some(no),
            // A botnet: no address comes twice.
            ip: 1_000_000_000 + dice.below(1_000_000_000),
            // What a pump never does; one in fifty for the one that knows how we count.
            verified_after_s: (no % 8 == 7 && dice.below(50) == 0).then_some(30),
        })
        .collect()
}

#[derive(Default, Debug)]
struct Day {
    legitimate: u64,
    legitimate_stopped: u64,
    fraud_after_first: u64,
    fraud_after_first_stopped: u64,
    stopped_by: HashMap<&'static str, u64>,
}

/// The first codes of an attack, which nobody can know for what they are.
const FIRST: u64 = 100;

fn play(seed: u64, attacks: usize, codes_each: u64) -> Day {
    let mut dice = Dice(seed | 1);
    let mut codes = legitimate(&mut dice);
    for no in 0..attacks {
        codes.extend(attack(no, &mut dice, codes_each));
    }
    codes.sort_by_key(|code| code.at_s);
    let mut guard = Guard::new(GuardSettings::default());
    for no in 0..CUSTOMERS {
        guard.remember(Msisdn::from_u64(customer(no)).unwrap());
    }
    let mut verifications: BinaryHeap<Reverse<(u64, u64)>> = BinaryHeap::new();
    let mut seen = HashMap::<usize, u64>::new();
    let mut day = Day::default();
    let at = |s: u64| Timestamp(0).saturating_add(Duration::from_secs(s));
    for code in &codes {
        while let Some(Reverse((due, to))) = verifications.peek().copied().filter(|due| due.0.0 <= code.at_s) {
            verifications.pop();
            guard.verified(Msisdn::from_u64(to).unwrap(), at(due));
        }
        let to = Msisdn::from_u64(code.to).unwrap();
        let keys = [RateKey { kind: RateKeyKind::Ip, digest: code.ip }];
        let verdict =
            guard.ask(&Ask { at: at(code.at_s), to, country: country_of(code.to), keys: &keys, cost_micros: 50_000 });
        let is_stopped = match verdict {
            Verdict::Stop(stop) => {
                *day.stopped_by.entry(stop.rule.as_str()).or_default() += 1;
                true
            }
            Verdict::Send => {
                verifications.extend(code.verified_after_s.map(|after| Reverse((code.at_s + after, code.to))));
                false
            }
        };
        match code.attack {
            None => {
                day.legitimate += 1;
                day.legitimate_stopped += u64::from(is_stopped);
            }
            Some(attack) => {
                let before = seen.entry(attack).or_default();
                *before += 1;
                if *before > FIRST {
                    day.fraud_after_first += 1;
                    day.fraud_after_first_stopped += u64::from(is_stopped);
                }
            }
        }
    }
    day
}

/// At least 95 of 100 codes of an attack after its first hundred are stopped, and at most one in a thousand of other people's.
#[test]
fn pumping_is_stopped_and_customers_are_not() {
    for (seed, attacks, codes_each) in
        [(1, 2, 500), (2, 4, 500), (3, 5, 800), (4, 8, 600), (5, 8, 620), (6, 1, 1_000), (7, 4, 1_200)]
    {
        let day = play(seed, attacks, codes_each);
        let share =
            u64::try_from(attacks).unwrap() * codes_each * 100 / (CODES + u64::try_from(attacks).unwrap() * codes_each);
        assert!(share <= 5, "the day has {share} % of fraud");
        assert!(day.fraud_after_first_stopped * 100 >= day.fraud_after_first * 95, "seed {seed}: {day:?}");
        assert!(day.legitimate_stopped * 1_000 <= day.legitimate, "seed {seed}: {day:?}");
    }
}

/// A day without fraud, with three times as many new customers in an hour as otherwise in a day, stops next to nobody.
#[test]
fn a_quiet_day_stops_nobody() {
    let day = play(11, 0, 0);
    assert!(day.legitimate_stopped * 10_000 <= day.legitimate, "{day:?}");
}
