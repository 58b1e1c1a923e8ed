//! How long a price takes by a sheet of a million rates: `cargo bench -p sambac-domain --bench rating`. Prints the quantiles of single
//! look-ups, which a benchmark of means would hide.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and ends at its first failure")]

use std::hint::black_box;
use std::time::Instant;

use sambac_domain::number::SenderForm;
use sambac_domain::rating::{ChargePolicy, Rate, RateQuery, Sheet};
use sambac_domain::{Msisdn, RateId, SheetId, TrafficClass};

const RATES: u64 = 1_000_000;
const LOOK_UPS: usize = 2_000_000;

fn main() {
    let begun = Instant::now();
    let sheet = Sheet::new(SheetId::from_raw(1), (0..RATES).map(rate));
    println!("{} rates ready in {} ms", sheet.len(), begun.elapsed().as_millis());
    let mut nanos: Vec<u64> = Vec::with_capacity(LOOK_UPS);
    let mut found = 0;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..LOOK_UPS {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let query = query(random);
        let begun = Instant::now();
        let rate = black_box(&sheet).rate(black_box(&query));
        nanos.push(u64::try_from(begun.elapsed().as_nanos()).unwrap());
        found += usize::from(rate.is_some());
    }
    nanos.sort_unstable();
    let quantile = |thousandths: usize| nanos[(LOOK_UPS - 1) * thousandths / 1_000];
    println!(
        "look-ups: p50 {} ns, p99 {} ns, p99.9 {} ns, {found} priced",
        quantile(500),
        quantile(990),
        quantile(999)
    );
}

/// Prefixes of every length, networks, a default; a tenth is for a sender and a class only.
fn rate(number: u64) -> Rate {
    let scope = match number {
        0 => "default".to_owned(),
        1..=5_000 => format!("network:{:03}{:02}", 200 + number / 100, number % 100),
        // From four digits to ten, all different: the number itself, after a 1 of as many noughts.
        _ => format!("prefix:{}", 10_u64.pow(4 + u32::try_from(number % 7).unwrap()) * 9 + number),
    };
    let only = number % 10 == 9;
    Rate {
        id: RateId::from_raw(i64::try_from(number).unwrap()),
        scope: scope.parse().unwrap(),
        sender: only.then_some(SenderForm::Name),
        class: only.then_some(TrafficClass::Otp),
        price_micros: 10_000,
        policy: ChargePolicy::Delivered,
    }
}

fn query(random: u64) -> RateQuery {
    RateQuery {
        destination: Msisdn::from_u64(100_000_000_000 + random % 900_000_000_000).unwrap(),
        // Mostly a network that is not listed, so that every scope is asked.
        mcc_mnc: Some(format!("{:03}{:02}", 200 + random % 700, random % 100).parse().unwrap()),
        group: None,
        country: Some("DE".parse().unwrap()),
        sender: SenderForm::ALL[usize::try_from(random % 3).unwrap()],
        class: TrafficClass::ALL[usize::try_from(random / 3 % 3).unwrap()],
    }
}
