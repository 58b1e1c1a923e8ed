//! SMPP in, SMPP out, with receipts: as fast as it goes, at a fixed rate, and to a slow operator.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sambac_engine::clock::Clock;

use super::Options;
use super::drain::drain;
use crate::bench::esme::{EsmeLoad, Figures};
use crate::bench::messages::{Messages, Progress};
use crate::bench::meter::Meter;
use crate::bench::pace::Pace;
use crate::bench::report::{Bar, Load, Report, per_s};
use crate::bench::site::{Layout, Site, Tally};

/// An operator that answers at once and sends receipts at once.
pub(super) const HEALTHY: &str = "magic = false\n[receipt]\nwindow_max = 500\n";
/// An operator that takes no more than a thousand a second.
const THROTTLING: &str =
    "magic = false\n[answer]\ndelay_ms = 5\nthroughput_per_s_max = 1000\n[receipt]\nwindow_max = 500\n";
/// How long a platform may take to find out what an operator allows.
const STORM_S: u64 = 30;
const SLOW: &str = "magic = false\n[answer]\ndelay_ms = 50\n[receipt]\nwindow_max = 500\n";
/// Room for more messages than any machine takes in a second.
const PER_S_MAX: u64 = 50_000;
/// Without any progress for so long, what is left is lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A load over SMPP.
struct Setup {
    layout: Layout,
    duration_s: u64,
    pace: Pace,
    binds: u16,
    window: u16,
    /// After so long the figures of what follows are taken, too. 0 = never.
    late_s: u64,
}

/// As fast as the platform can deliver.
pub(super) async fn closed(options: &Options) -> anyhow::Result<Report> {
    let setup = Setup {
        layout: layout(options, HEALTHY, (2, 500)),
        duration_s: options.duration_s.unwrap_or(60),
        pace: Pace::Closed { unfinished_max: options.unfinished_max },
        binds: options.binds,
        window: options.window,
        late_s: 0,
    };
    let mut report = run(&setup).await?;
    report.what = "SMPP in, SMPP out, receipts back, as fast as the platform delivers.".to_owned();
    report.settings.insert("unfinished_max".to_owned(), options.unfinished_max);
    report.bars = vec![
        Bar::at_least("delivered /s", 5_000, report.load.delivered_per_s),
        Bar::at_most("lost", 0, Some(report.load.lost)),
        Bar::at_most("CPU ms per 1,000 messages", 200, Some(report.costs.cpu_us_per_message)),
    ];
    Ok(report)
}

/// At a fixed rate.
pub(super) async fn open(options: &Options) -> anyhow::Result<Report> {
    let per_s = options.rate_per_s.unwrap_or(1_000);
    let setup = Setup {
        layout: Layout { watched: true, ..layout(options, HEALTHY, (2, 500)) },
        duration_s: options.duration_s.unwrap_or(20),
        pace: Pace::Open { per_s },
        binds: options.binds,
        window: options.window,
        late_s: 0,
    };
    let mut report = run(&setup).await?;
    report.what = format!("SMPP in, SMPP out, receipts back, {per_s} messages offered each second.");
    report.settings.insert("rate_per_s".to_owned(), per_s);
    let p99_ms = |what: &str| report.latency.get(what).map(|latency| latency.p99_us.div_ceil(1_000));
    report.bars = vec![
        Bar::at_most("accept p99 ms", 25, p99_ms("accept")),
        Bar::at_most("offer to submit_sm p99 ms", 50, p99_ms("submit")),
    ];
    Ok(report)
}

/// To an operator that answers after 50 ms, on one bind.
pub(super) async fn slow_operator(options: &Options) -> anyhow::Result<Report> {
    let setup = Setup {
        layout: layout(options, SLOW, (1, 100)),
        duration_s: options.duration_s.unwrap_or(20),
        pace: Pace::Closed { unfinished_max: 4_000.min(options.unfinished_max) },
        binds: 1,
        window: options.window,
        late_s: 0,
    };
    let mut report = run(&setup).await?;
    report.what =
        "The operator answers after 50 ms, on one bind with a window of 100: 2,000 a second at most.".to_owned();
    report.bars = vec![Bar::at_least("delivered /s", 1_800, report.load.delivered_per_s)];
    Ok(report)
}

/// To an operator that throttles what comes faster than it allows, which the platform has not been told.
pub(super) async fn storm(options: &Options) -> anyhow::Result<Report> {
    let setup = Setup {
        layout: layout(options, THROTTLING, (2, 100)),
        duration_s: options.duration_s.unwrap_or(60).max(2 * STORM_S),
        pace: Pace::Closed { unfinished_max: 4_000.min(options.unfinished_max) },
        binds: options.binds,
        window: options.window,
        late_s: STORM_S,
    };
    let mut report = run(&setup).await?;
    report.what = format!("The operator throttles above 1,000 a second; after {STORM_S} s the platform keeps to it.");
    let figure = |name: &str| report.figures.get(name).copied();
    report.bars = vec![
        Bar::at_least("delivered /s, late", 900, figure("late_delivered_per_s").unwrap_or_default()),
        Bar::at_most("delivered /s, late", 1_100, figure("late_delivered_per_s")),
        Bar::at_most("throttled of 1,000, late", 50, figure("late_throttled_of_1000")),
        Bar::at_most("lost", 0, Some(report.load.lost)),
    ];
    Ok(report)
}

pub(super) fn layout(options: &Options, operator: &'static str, (binds, window): (u16, u16)) -> Layout {
    Layout {
        folder: options.folder.clone(),
        keep: options.keep,
        store_url: options.store_url.clone(),
        redis_url: options.redis_url.clone(),
        queue_url: options.queue_url.clone(),
        connector_nodes: options.connector_nodes,
        operator,
        binds,
        window,
        operator_up: true,
        watched: false,
        neighbours: Vec::new(),
        controlled: false,
    }
}

async fn run(setup: &Setup) -> anyhow::Result<Report> {
    let site = Site::start(setup.layout.clone()).await?;
    let room = match setup.pace {
        Pace::Closed { .. } => setup.duration_s * PER_S_MAX,
        Pace::Open { per_s } => setup.duration_s * per_s,
    };
    let meter = Meter::start(&site).await?;
    let (origin_us, origin) = (Clock::system().now().0, Instant::now());
    let messages = Arc::new(Messages::new(origin, 0, room));
    let load = EsmeLoad::start(&site.bulk(), (setup.binds, setup.window), Arc::clone(&messages), setup.pace).await?;
    tokio::time::sleep_until((origin + Duration::from_secs(setup.late_s)).into()).await;
    let (late_ms, late) = (messages.now_us() / 1_000, messages.progress());
    let before = site.metrics().await?;
    tokio::time::sleep_until((origin + Duration::from_secs(setup.duration_s)).into()).await;
    let (offered_ms, at_end) = (messages.now_us() / 1_000, messages.progress());
    let after = site.metrics().await?;
    load.stop_sending();
    let drain_ms = drain(PATIENCE, async || Ok(left(&messages.progress()))).await?;
    let progress = messages.progress();
    let costs = meter.finish(&site, progress.accepted).await?;
    let figures = load.finish().await?;
    let mut report = Report { costs, ..Report::default() };
    report.settings = settings(setup);
    report.load = Load { offered_ms, drain_ms, ..rates(&at_end, offered_ms) };
    if setup.late_s > 0 {
        let grown = |name: &str| after.sum(name).saturating_sub(before.sum(name));
        let sent = grown("sambac_connector_segments_sent_total").max(1);
        report.figures = [
            ("late_delivered_per_s", per_s(at_end.delivered - late.delivered, offered_ms - late_ms)),
            ("late_throttled_of_1000", grown("sambac_connector_throttled_total") * 1_000 / sent),
            ("learned_per_s", after.sum("sambac_connector_learned_throughput_per_s")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    }
    add_latencies(&mut report, &figures);
    let submits = site.submits.clone();
    let tally = site.stop().await?;
    if let Some(latency) = submits.latencies(&messages, origin_us)?.summary() {
        report.latency.insert("submit".to_owned(), latency);
    }
    count(&mut report.load, &progress, tally, figures.refusals);
    report.find_faults(figures.broken);
    Ok(report)
}

/// Messages that will still have an answer or a receipt.
pub(super) fn left(progress: &Progress) -> u64 {
    let unanswered = progress.sent.saturating_sub(progress.accepted + progress.refused + progress.unanswered);
    unanswered + progress.accepted.saturating_sub(progress.finished())
}

/// The rates while messages were offered.
pub(super) fn rates(progress: &Progress, ms: u64) -> Load {
    Load {
        accepted_per_s: per_s(progress.accepted, ms),
        delivered_per_s: per_s(progress.delivered, ms),
        ..Load::default()
    }
}

/// What became of the messages in the end.
pub(super) fn count(
    load: &mut Load,
    progress: &Progress,
    operator: Tally,
    refusals: std::collections::BTreeMap<String, u64>,
) {
    load.sent = progress.sent;
    load.accepted = progress.accepted;
    load.refused = progress.refused;
    load.refusals = refusals;
    load.unanswered = progress.unanswered;
    load.delivered = progress.delivered;
    load.undelivered = progress.undelivered;
    load.lost = progress.accepted.saturating_sub(progress.finished());
    load.duplicated = operator.accepted.saturating_sub(progress.accepted);
    load.repeated_receipts = progress.repeated_receipts;
}

pub(super) fn add_latencies(report: &mut Report, figures: &Figures) {
    for (what, latencies) in [("accept", &figures.accept), ("receipt", &figures.receipt)] {
        if let Some(latency) = latencies.summary() {
            report.latency.insert(what.to_owned(), latency);
        }
    }
}

fn settings(setup: &Setup) -> std::collections::BTreeMap<String, u64> {
    let layout = &setup.layout;
    [
        ("duration_s", setup.duration_s),
        ("binds", setup.binds.into()),
        ("window", setup.window.into()),
        ("operator_binds", layout.binds.into()),
        ("operator_window", layout.window.into()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
