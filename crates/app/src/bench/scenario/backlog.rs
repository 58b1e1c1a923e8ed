//! A backlog: the operator is away, messages of two classes pile up, it comes back, and they drain, OTPs first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Options;
use super::drain::drain;
use super::smpp::{HEALTHY, add_latencies, count, layout, left};
use crate::bench::esme::EsmeLoad;
use crate::bench::messages::{Messages, Progress};
use crate::bench::meter::Meter;
use crate::bench::pace::Pace;
use crate::bench::process;
use crate::bench::report::{Bar, Load, Report, per_s};
use crate::bench::site::{Layout, Site};

/// One in so many is an OTP.
const OTP_EVERY: u64 = 10;
/// Where the numbers of OTPs begin.
const OTP_FIRST: u64 = 50_000_000;
/// Without any progress for so long, what is left is lost.
const PATIENCE: Duration = Duration::from_secs(45);
const NO_LIMIT: Pace = Pace::Closed { unfinished_max: u64::MAX };

/// The loads of both classes.
struct Loads {
    otp: EsmeLoad,
    bulk: EsmeLoad,
}

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut site = Site::start(Layout { operator_up: false, ..layout(options, HEALTHY, (2, 500)) }).await?;
    let meter = Meter::start(&site).await?;
    let loads = Loads::start(&site, options).await?;
    let mut report = Report::default();
    fill(&loads, &site, &mut report).await?;
    site.start_operator().await?;
    empty(&loads, &site, &mut report).await?;
    let (otp, bulk) = (loads.otp.messages.progress(), loads.bulk.messages.progress());
    let progress = sum(&otp, &bulk);
    report.costs = meter.finish(&site, progress.accepted).await?;
    let mut figures = loads.otp.finish().await?;
    figures.add(loads.bulk.finish().await?);
    let tally = site.stop().await?;
    add_latencies(&mut report, &figures);
    // It says how long the operator was away, not how fast the platform is.
    report.latency.remove("receipt");
    count(&mut report.load, &progress, tally, figures.refusals);
    report.what = "Messages are accepted without an operator; then it comes, and everything drains.".to_owned();
    report.settings.insert("backlog".to_owned(), options.backlog);
    report.settings.insert("otp_percent".to_owned(), 100 / OTP_EVERY);
    report.bars = bars(&report, &bulk);
    report.find_faults(figures.broken);
    Ok(report)
}

/// Until everything is accepted.
async fn fill(loads: &Loads, site: &Site, report: &mut Report) -> anyhow::Result<()> {
    let fill_ms = drain(PATIENCE, async || Ok(loads.unanswered())).await?;
    let accepted = loads.progress().accepted;
    let memory = process::memory(site.platform.pid());
    report.load = Load { offered_ms: fill_ms, accepted_per_s: per_s(accepted, fill_ms), ..Load::default() };
    report.figures.insert("rss_filled_kib".to_owned(), memory.resident_kib);
    report.figures.insert("rss_filled_peak_kib".to_owned(), memory.peak_kib);
    report.figures.insert("data_filled_octets".to_owned(), site.data_octets());
    Ok(())
}

/// Until every message has its receipt.
async fn empty(loads: &Loads, site: &Site, report: &mut Report) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut bulk_before_last_otp = None;
    let drain_ms = drain(PATIENCE, async || {
        let (otp, bulk) = (loads.otp.messages.progress(), loads.bulk.messages.progress());
        if left(&otp) == 0 && bulk_before_last_otp.is_none() {
            bulk_before_last_otp = Some((bulk.finished(), begun.elapsed().as_millis()));
        }
        Ok(left(&otp) + left(&bulk))
    })
    .await?;
    let delivered = loads.progress().delivered;
    report.load.drain_ms = drain_ms;
    report.load.delivered_per_s = per_s(delivered, drain_ms);
    if let Some((bulk, ms)) = bulk_before_last_otp {
        report.figures.insert("bulk_delivered_before_last_otp".to_owned(), bulk);
        report.figures.insert("last_otp_after_ms".to_owned(), u64::try_from(ms)?);
    }
    report.figures.insert("rss_drained_kib".to_owned(), process::memory(site.platform.pid()).resident_kib);
    Ok(())
}

/// OTPs are first when next to nothing else was delivered before the last of them.
fn bars(report: &Report, bulk: &Progress) -> Vec<Bar> {
    let before = report.figures.get("bulk_delivered_before_last_otp").copied();
    vec![
        Bar::at_most("RSS MiB", 300, Some(report.costs.rss_peak_kib / 1024)),
        Bar::at_most("left after draining", 0, Some(report.load.lost)),
        Bar::at_most("others delivered before the last OTP", bulk.accepted / 20, before),
    ]
}

impl Loads {
    async fn start(site: &Site, options: &Options) -> anyhow::Result<Self> {
        let origin = Instant::now();
        let otps = options.backlog / OTP_EVERY;
        let (otp_window, bulk_window) = (options.window / 9 + 1, options.window);
        let otp = Arc::new(Messages::new(origin, OTP_FIRST, otps));
        let bulk = Arc::new(Messages::new(origin, 0, options.backlog - otps));
        Ok(Self {
            otp: EsmeLoad::start(&site.otp(), (options.binds, otp_window), otp, NO_LIMIT).await?,
            bulk: EsmeLoad::start(&site.bulk(), (options.binds, bulk_window), bulk, NO_LIMIT).await?,
        })
    }

    fn progress(&self) -> Progress {
        sum(&self.otp.messages.progress(), &self.bulk.messages.progress())
    }

    /// Messages that were not answered yet, or not even sent.
    fn unanswered(&self) -> u64 {
        let unanswered = |messages: &Messages| {
            let progress = messages.progress();
            messages.room().saturating_sub(progress.accepted + progress.refused + progress.unanswered)
        };
        unanswered(&self.otp.messages) + unanswered(&self.bulk.messages)
    }
}

fn sum(one: &Progress, other: &Progress) -> Progress {
    Progress {
        sent: one.sent + other.sent,
        accepted: one.accepted + other.accepted,
        refused: one.refused + other.refused,
        unanswered: one.unanswered + other.unanswered,
        delivered: one.delivered + other.delivered,
        undelivered: one.undelivered + other.undelivered,
        repeated_receipts: one.repeated_receipts + other.repeated_receipts,
        last_receipt_us: one.last_receipt_us.max(other.last_receipt_us),
    }
}
