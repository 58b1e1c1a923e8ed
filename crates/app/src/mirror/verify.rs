//! Whether a mirror has what the platform has: counts and sums of each account and day.

use std::collections::{BTreeMap, BTreeSet};

use sambac_domain::{AccountId, Currency, Day, Micros};
use sambac_store::mirror::DaySums;
use serde_json::{Value, json};

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::platform;
use crate::table::Table;

/// An account's day in one currency, of charges or of records.
type Key = (i64, AccountId, Currency, &'static str);
/// Count, prices, and what was taken of them.
type Sums = (i64, i64, i64);

/// Compares, prints every difference, and fails when there is one.
pub(super) async fn run(
    config: &Config,
    database: &str,
    (from, to): (Day, Day),
    output: Output,
) -> Result<(), Failure> {
    let store = platform::open_existing(config).await?;
    let mirror = super::open(database).await?;
    let compared = async {
        let days = (from.number(), to.number());
        let ours = [store.charge_sums(days.0, days.1).await?, store.cdr_sums(days.0, days.1).await?];
        let theirs = [mirror.charge_sums(days.0, days.1).await?, mirror.cdr_sums(days.0, days.1).await?];
        Ok::<_, Failure>((by_key(ours), by_key(theirs), mirror.parked().await?))
    };
    let compared = compared.await;
    store.close().await;
    mirror.close().await;
    let (ours, theirs, parked) = compared?;
    let keys = ours.keys().chain(theirs.keys()).copied();
    let differing: BTreeSet<Key> = keys.filter(|key| ours.get(key) != theirs.get(key)).collect();
    let line = |key: &Key| (*key, sums_of(&ours, key), sums_of(&theirs, key));
    let lines: Vec<_> = differing.iter().map(line).collect();
    let days = ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>().len();
    output.print(&as_json(&lines, days, parked), || as_text(&lines, days, parked))?;
    if lines.is_empty() && parked == 0 {
        return Ok(());
    }
    Err(Failure::because(Exit::CheckFailed, format!("{} sums differ, {parked} events are parked", lines.len())))
}

fn by_key([charges, cdrs]: [Vec<DaySums>; 2]) -> BTreeMap<Key, Sums> {
    let keyed = |what: &'static str| {
        move |row: DaySums| {
            ((row.day, row.account_id, row.currency, what), (row.count, row.micros, row.captured_micros))
        }
    };
    charges.into_iter().map(keyed("charges")).chain(cdrs.into_iter().map(keyed("cdrs"))).collect()
}

fn sums_of(sums: &BTreeMap<Key, Sums>, key: &Key) -> Sums {
    sums.get(key).copied().unwrap_or_default()
}

fn as_json(lines: &[(Key, Sums, Sums)], days: usize, parked: i64) -> Value {
    let sums =
        |(count, micros, captured): &Sums| json!({"count": count, "micros": micros, "captured_micros": captured});
    let line = |((day, account, currency, what), ours, theirs): &(Key, Sums, Sums)| {
        json!({
            "day": Day::from_number(*day).to_string(), "account": account.to_string(), "currency": currency.as_str(),
            "what": what, "platform": sums(ours), "mirror": sums(theirs),
        })
    };
    json!({"compared": days, "parked": parked, "differences": lines.iter().map(line).collect::<Vec<_>>()})
}

fn as_text(lines: &[(Key, Sums, Sums)], days: usize, parked: i64) -> String {
    let summary = format!("{days} sums compared, {} differ, {parked} events are parked", lines.len());
    if lines.is_empty() {
        return summary;
    }
    let shown = |(count, micros, captured): Sums| format!("{count}: {}, {} taken", Micros(micros), Micros(captured));
    let mut table = Table::new(&["day", "account", "currency", "what", "platform", "mirror"]);
    for ((day, account, currency, what), ours, theirs) in lines {
        let day = Day::from_number(*day).to_string();
        table.row([day, account.to_string(), currency.to_string(), (*what).to_owned(), shown(*ours), shown(*theirs)]);
    }
    format!("{table}{summary}")
}
