//! Single sends over REST.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Options;
use super::drain::drain;
use super::smpp::{HEALTHY, PATIENCE, layout};
use crate::bench::messages::Messages;
use crate::bench::meter::Meter;
use crate::bench::report::{Bar, Load, Report, per_s};
use crate::bench::rest::RestLoad;
use crate::bench::site::{Layout, Site};

/// Room for more messages than any machine takes in a second.
const PER_S_MAX: u64 = 50_000;
const DELIVERED: &str = "sambac_messages_finished_total{name=\"delivered\"}";
const FINISHED: &str = "sambac_messages_finished_total";

/// As fast as the platform answers on connections that are kept. No webhook is registered: what is delivered is read from
/// the platform's metrics.
pub(super) async fn closed(options: &Options) -> anyhow::Result<Report> {
    let duration_s = options.duration_s.unwrap_or(20);
    let site = Site::start(Layout { controlled: true, ..layout(options, HEALTHY, (2, 500)) }).await?;
    let meter = Meter::start(&site).await?;
    let messages = Arc::new(Messages::new(Instant::now(), 0, duration_s * PER_S_MAX));
    let load = RestLoad::start(site.http, site.api_key(), options.connections, &messages).await?;
    tokio::time::sleep(Duration::from_secs(duration_s)).await;
    let (offered_ms, at_end) = (messages.now_us() / 1_000, messages.progress());
    let delivered_at_end = site.metrics().await?.sum(DELIVERED);
    let figures = load.finish().await?;
    let progress = messages.progress();
    let finished = async || Ok(progress.accepted.saturating_sub(site.metrics().await?.sum(FINISHED)));
    let drain_ms = drain(PATIENCE, finished).await?;
    let metrics = site.metrics().await?;
    let costs = meter.finish(&site, progress.accepted).await?;
    let tally = site.stop().await?;
    let (finished, delivered) = (metrics.sum(FINISHED), metrics.sum(DELIVERED));
    let mut report = Report {
        what: "Single sends over REST on connections that are kept, with every control on, SMPP out, receipts back."
            .to_owned(),
        load: Load {
            offered_ms,
            sent: progress.sent,
            accepted: progress.accepted,
            refused: progress.refused,
            refusals: figures.refusals,
            unanswered: progress.unanswered,
            accepted_per_s: per_s(at_end.accepted, offered_ms),
            delivered_per_s: per_s(delivered_at_end, offered_ms),
            delivered,
            undelivered: finished - delivered,
            drain_ms,
            lost: progress.accepted.saturating_sub(finished),
            duplicated: tally.accepted.saturating_sub(progress.accepted),
            repeated_receipts: 0,
        },
        latency: figures.accept.summary().map(|latency| ("accept".to_owned(), latency)).into_iter().collect(),
        costs,
        ..Report::default()
    };
    report.settings.insert("duration_s".to_owned(), duration_s);
    report.settings.insert("connections".to_owned(), options.connections.into());
    report.bars = vec![Bar::at_least("accepted /s", 3_000, report.load.accepted_per_s)];
    report.find_faults(figures.broken);
    Ok(report)
}
