//! A steady load for an hour: whether memory, open files or latency grow.
//!
//! The time is parted into turns, each with a client of its own. The first third is warm-up: caches fill, and the database gets its length. What comes after
//! it is fitted by a line.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::Options;
use super::drain::drain;
use super::smpp::{HEALTHY, PATIENCE, layout, left};
use crate::bench::esme::EsmeLoad;
use crate::bench::latency::Latencies;
use crate::bench::messages::Messages;
use crate::bench::meter::Meter;
use crate::bench::pace::Pace;
use crate::bench::process;
use crate::bench::report::{Bar, Load, Report, per_s};
use crate::bench::site::Site;

const DURATION_S: u64 = 3_600;
const PER_S: u64 = 1_000;
const TURNS: u64 = 30;
/// Turns that are not counted.
const WARM_UP: usize = 10;
/// Growth is told for so long: ten minutes.
const PER_MS: i128 = 600_000;
/// Of ten thousand: 1 %.
const GROWTH_MAX: u64 = 100;
/// How much slower the last third may be, in percent of the one before, and at least by how much.
const SLOWER_PERCENT: u64 = 20;
const SLOWER_MS: u64 = 5;

/// What was seen at the end of a turn.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at_ms: u64,
    resident_kib: u64,
    files: u64,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let (seconds, rate) = (options.duration_s.unwrap_or(DURATION_S), options.rate_per_s.unwrap_or(PER_S));
    let site = Site::start(layout(options, HEALTHY, (2, 500))).await?;
    let (meter, began) = (Meter::start(&site).await?, Instant::now());
    let (mut seen, mut load) = (Vec::new(), Load::default());
    let mut thirds = [Latencies::new()?, Latencies::new()?, Latencies::new()?];
    for turn in 0..TURNS {
        let third = usize::try_from(turn * 3 / TURNS)?;
        let latencies = thirds.get_mut(third).context("three thirds")?;
        let until = began + Duration::from_millis(seconds * 1_000 * (turn + 1) / TURNS);
        run_turn(&site, options, (turn, rate, until), latencies, &mut load).await?;
        let pid = site.platform.pid();
        let (resident_kib, files) = (process::memory(pid).resident_kib, process::files(pid));
        // An hour is long: whoever waits sees how it goes, also when it does not come to its end.
        let (turn, delivered) = (turn + 1, load.delivered);
        let _ = writeln!(
            std::io::stderr(),
            "{turn} of {TURNS}: {delivered} delivered, {resident_kib} KiB of memory, {files} open files"
        );
        seen.push(Seen { at_ms: u64::try_from(began.elapsed().as_millis())?, resident_kib, files });
    }
    load.offered_ms = u64::try_from(began.elapsed().as_millis())?;
    load.accepted_per_s = per_s(load.accepted, load.offered_ms);
    load.delivered_per_s = per_s(load.delivered, load.offered_ms);
    let costs = meter.finish(&site, load.accepted).await?;
    let tally = site.stop().await?;
    load.duplicated = tally.accepted.saturating_sub(load.accepted);
    let mut report = Report { costs, load, ..Report::default() };
    report.what = format!("{rate} messages a second for {seconds} s: whether memory, files or latency grow.");
    report.settings =
        [("duration_s", seconds), ("rate_per_s", rate)].map(|(name, value)| (name.to_owned(), value)).into();
    judge(&mut report, seen.get(WARM_UP..).unwrap_or_default(), &thirds)?;
    report.find_faults(Vec::new());
    Ok(report)
}

/// A client that sends at the rate until then, and goes when all is told.
async fn run_turn(
    site: &Site,
    options: &Options,
    (turn, rate, until): (u64, u64, Instant),
    latencies: &mut Latencies,
    load: &mut Load,
) -> anyhow::Result<()> {
    let seconds = until.saturating_duration_since(Instant::now()).as_secs() + 1;
    let room = seconds * rate;
    let messages = Arc::new(Messages::new(Instant::now(), turn * 2 * room, room));
    let pace = Pace::Open { per_s: rate };
    let esme = EsmeLoad::start(&site.bulk(), (options.binds, options.window), Arc::clone(&messages), pace).await?;
    tokio::time::sleep_until(until.into()).await;
    esme.stop_sending();
    load.drain_ms += drain(PATIENCE, async || Ok(left(&messages.progress()))).await?;
    let (progress, figures) = (messages.progress(), esme.finish().await?);
    anyhow::ensure!(figures.broken.is_empty(), "the load was disturbed: {:?}", figures.broken);
    latencies.add(&figures.receipt);
    load.sent += progress.sent;
    load.accepted += progress.accepted;
    load.refused += progress.refused;
    load.unanswered += progress.unanswered;
    load.delivered += progress.delivered;
    load.undelivered += progress.undelivered;
    load.lost += progress.accepted.saturating_sub(progress.finished());
    load.repeated_receipts += progress.repeated_receipts;
    Ok(())
}

fn judge(report: &mut Report, seen: &[Seen], thirds: &[Latencies; 3]) -> anyhow::Result<()> {
    let files = || seen.iter().map(|one| one.files);
    let (most, least) = (files().max().unwrap_or_default(), files().min().unwrap_or_default());
    let [_, before, last] = thirds;
    for (name, third) in [("receipt, second third", before), ("receipt, last third", last)] {
        report.latency.insert(name.to_owned(), third.summary().context("nothing was delivered")?);
    }
    let p99_ms = |third: &Latencies| third.summary().map_or(0, |latency| latency.p99_us.div_ceil(1_000));
    let allowed = (p99_ms(before) * (100 + SLOWER_PERCENT) / 100).max(p99_ms(before) + SLOWER_MS);
    let kib = |one: Option<&Seen>| one.map_or(0, |one| one.resident_kib);
    let (first_kib, last_kib) = (kib(seen.first()), kib(seen.last()));
    let most_kib = seen.iter().map(|one| one.resident_kib).max().unwrap_or_default();
    let memory = [("rss_first_kib", first_kib), ("rss_most_kib", most_kib), ("rss_last_kib", last_kib)];
    report.figures = [("files_most", most), ("files_least", least)]
        .into_iter()
        .chain(memory)
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let grown = u64::try_from(growth(seen).max(0))?;
    report.bars = vec![
        Bar::at_most("RSS growth in ten minutes, of 10,000", GROWTH_MAX, Some(grown)),
        Bar::at_most("open files, most less least", 4, Some(most - least)),
        Bar::at_most("receipt p99 ms, last third", allowed, Some(p99_ms(last))),
        Bar::at_most("lost", 0, Some(report.load.lost)),
    ];
    Ok(())
}

/// How much memory grows in [`PER_MS`], of ten thousand of its mean, by the line that fits best.
fn growth(seen: &[Seen]) -> i128 {
    let points = || seen.iter().map(|one| (i128::from(one.at_ms), i128::from(one.resident_kib)));
    let (count, times) = (points().count() as i128, points().map(|(at, _)| at).sum::<i128>());
    let sizes: i128 = points().map(|(_, kib)| kib).sum();
    let spread = count * points().map(|(at, _)| at * at).sum::<i128>() - times * times;
    let joint = count * points().map(|(at, kib)| at * kib).sum::<i128>() - times * sizes;
    (joint * PER_MS * 10_000 * count).checked_div(spread * sizes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kib: impl Fn(u64) -> u64) -> Vec<Seen> {
        (0..20).map(|turn| Seen { at_ms: turn * 120_000, resident_kib: kib(turn), files: 50 }).collect()
    }

    #[test]
    fn growth_is_that_of_the_line_through_all() {
        assert_eq!(growth(&seen(|_| 100_000)), 0);
        // A tenth of a percent in 120 s is half a percent in ten minutes, and a little less of the mean.
        assert_eq!(growth(&seen(|turn| 100_000 + 100 * turn)), 49);
        assert!(growth(&seen(|turn| 100_000 - 100 * turn)) < 0);
        assert_eq!(growth(&seen(|turn| 100_000 + turn % 2)), 0, "what comes and goes is no growth");
        assert_eq!(growth(&[]), 0);
    }
}
