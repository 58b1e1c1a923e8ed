//! From the start of the process to the first accepted message; idle memory; the size of the binary.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;

use super::Options;
use super::smpp::{HEALTHY, layout};
use crate::bench::http::Connection;
use crate::bench::messages::Messages;
use crate::bench::report::{Bar, Report};
use crate::bench::rest::Request;
use crate::bench::site::Site;

/// How often; the middle one counts.
const STARTS: usize = 5;

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut report = Report {
        what: format!("A cold start on a new data folder, {STARTS} times; the middle one is told."),
        ..Report::default()
    };
    let (mut ready_ms, mut accepted_ms, mut idle_kib) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut site = Site::start_cold(layout(options, HEALTHY, (1, 100))).await?;
        first_message(&site, 0).await?;
        accepted_ms.push(u64::try_from(site.started.elapsed().as_millis())?);
        ready_ms.push(u64::try_from(site.ready_after.as_millis())?);
        site.settle().await?;
        idle_kib.push(site.idle_kib);
        site.stop().await?;
    }
    let binary_octets = std::env::current_exe()?.metadata()?.len();
    let idle_kib = middle(&mut idle_kib);
    let first_ms = middle(&mut accepted_ms);
    report.costs.rss_idle_kib = idle_kib;
    report.figures = [
        ("binary_octets", binary_octets),
        ("ready_ms", middle(&mut ready_ms)),
        ("first_accepted_ms", first_ms),
        ("first_accepted_max_ms", accepted_ms.last().copied().unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    report.bars = vec![
        Bar::at_most("start to first accepted message ms", 1_000, Some(first_ms)),
        Bar::at_most("idle RSS MiB", 80, Some(idle_kib / 1024)),
        Bar::at_most("binary MiB", 60, Some(binary_octets / (1024 * 1024))),
    ];
    Ok(report)
}

/// Sends one over REST, to the number of this index, and sees that it was taken.
pub(super) async fn first_message(site: &Site, index: u64) -> anyhow::Result<()> {
    let messages = Arc::new(Messages::new(Instant::now(), index, 1));
    let mut connection = Connection::open(site.http).await.context("the platform's REST port")?;
    let mut request = Request::new(site.http, site.api_key());
    let (status, body) = connection.exchange(request.for_message(&messages, 0)).await?;
    anyhow::ensure!(status == 202, "the first message was answered {status}: {}", String::from_utf8_lossy(body));
    Ok(())
}

pub(super) fn middle(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
