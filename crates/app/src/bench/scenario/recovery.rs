//! kill -9 while much waits, again and again: how soon a message is taken again, and how much memory that needs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::Options;
use super::drain::drain;
use super::restart::{first_message, middle};
use super::smpp::layout;
use crate::bench::esme::EsmeLoad;
use crate::bench::messages::Messages;
use crate::bench::pace::Pace;
use crate::bench::process;
use crate::bench::report::{Bar, Report};
use crate::bench::site::Site;

/// Takes what its window holds and does not answer: each kill leaves so much in doubt.
const SILENT: &str = "magic = false\n[answer]\ndelay_ms = 3600000\n";
const KILLS: usize = 20;
/// Without any progress for so long, not all was taken.
const PATIENCE: Duration = Duration::from_secs(45);
/// What is wanted with less than a million messages, and with more.
const BARS: [(u64, u64); 2] = [(1_000_000, 10_000), (0, 2_000)];

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut site = Site::start(layout(options, SILENT, (2, 500))).await?;
    let idle_kib = site.idle_kib;
    fill(&site, options).await?;
    let (mut accepted_ms, mut ready_ms, mut resident_kib) = (Vec::new(), Vec::new(), Vec::new());
    for kill in 0..KILLS {
        site.kill_and_start().await?;
        first_message(&site, options.backlog + kill as u64).await?;
        accepted_ms.push(u64::try_from(site.started.elapsed().as_millis())?);
        ready_ms.push(u64::try_from(site.ready_after.as_millis())?);
        site.settle().await?;
        resident_kib.push(process::memory(site.platform.pid()).peak_kib);
    }
    site.stop().await?;
    let mut report = Report {
        what: format!(
            "kill -9 {KILLS} times while {} messages wait for an operator that does not answer; from the start to the first accepted message.",
            options.backlog
        ),
        ..Report::default()
    };
    let (middle_ms, ready_ms) = (middle(&mut accepted_ms), middle(&mut ready_ms));
    let (greatest_ms, greatest_kib) = (accepted_ms.last().copied(), resident_kib.iter().max().copied());
    report.costs.rss_idle_kib = idle_kib;
    report.costs.rss_peak_kib = greatest_kib.unwrap_or_default();
    report.settings.insert("backlog".to_owned(), options.backlog);
    report.figures = [
        ("ready_ms", ready_ms),
        ("first_accepted_ms", middle_ms),
        ("first_accepted_max_ms", greatest_ms.unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let wanted_ms = BARS.iter().find(|(backlog, _)| options.backlog >= *backlog).map_or(0, |(_, wanted_ms)| *wanted_ms);
    report.bars = vec![
        Bar::at_most("start to first accepted message ms, at most", wanted_ms, greatest_ms),
        Bar::at_most("RSS MiB in the first seconds, at most", 2 * idle_kib / 1024, greatest_kib.map(|kib| kib / 1024)),
    ];
    Ok(report)
}

/// Until everything is accepted, and has gone from memory as far as it will.
async fn fill(site: &Site, options: &Options) -> anyhow::Result<()> {
    let messages = Arc::new(Messages::new(Instant::now(), 0, options.backlog));
    let pace = Pace::Closed { unfinished_max: u64::MAX };
    let load = EsmeLoad::start(&site.bulk(), (options.binds, options.window), Arc::clone(&messages), pace).await?;
    drain(PATIENCE, async || Ok(options.backlog - messages.progress().accepted)).await?;
    load.finish().await?;
    let accepted = messages.progress().accepted;
    ensure!(accepted == options.backlog, "only {accepted} of {} were accepted", options.backlog);
    Ok(())
}
