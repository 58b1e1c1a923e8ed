//! A thousand binds are dropped at once: how soon all are back, and what those that stayed notice of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::Options;
use super::drain::drain;
use super::smpp::{HEALTHY, PATIENCE, left};
use crate::bench::crowd::Crowd;
use crate::bench::esme::EsmeLoad;
use crate::bench::latency::Latency;
use crate::bench::messages::Messages;
use crate::bench::pace::Pace;
use crate::bench::report::{Bar, Report};
use crate::bench::site::Site;

/// All must be back within this.
const BACK_MS: u64 = 60_000;
/// The load of those that stay.
const PER_S: u64 = 200;

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let site = Site::start(super::smpp::layout(options, HEALTHY, (2, 500))).await?;
    let seconds = options.duration_s.unwrap_or(15);
    let count = usize::from(options.crowd);
    let crowd = Crowd::start(&site.crowd(), count);
    crowd.until_bound(count, Duration::from_secs(300)).await.context("the crowd did not bind")?;

    let quiet = steady(&site, 0, seconds, async || Ok(())).await?;
    let mut back_ms = 0;
    let noisy = steady(&site, PER_S * seconds, seconds, async || {
        crowd.drop_all();
        let back = crowd.until_bound(count, Duration::from_millis(4 * BACK_MS)).await;
        back_ms = u64::try_from(back.context("the crowd did not come back")?.as_millis())?;
        Ok(())
    })
    .await?;
    let mut report = Report {
        what: format!("{count} binds dropped at once, beside {PER_S} messages a second on two others."),
        ..Report::default()
    };
    report.settings.insert("crowd".to_owned(), u64::from(options.crowd));
    report.settings.insert("rate_per_s".to_owned(), PER_S);
    report.latency.insert("accept, quiet".to_owned(), quiet);
    report.latency.insert("accept, herd".to_owned(), noisy);
    report.figures.insert("all_back_ms".to_owned(), back_ms);
    report.figures.insert("p99_percent_of_quiet".to_owned(), noisy.p99_us * 100 / quiet.p99_us.max(1));
    report.bars = vec![
        Bar::at_most("all back ms", BACK_MS, Some(back_ms)),
        Bar::at_most("accept p99, percent of quiet", 200, Some(noisy.p99_us * 100 / quiet.p99_us.max(1))),
    ];
    drop(crowd);
    site.stop().await?;
    Ok(report)
}

/// The accept latency of an even load of `seconds`, during which `meanwhile` happens; the load goes on until both are over.
pub(super) async fn steady(
    site: &Site,
    first: u64,
    seconds: u64,
    meanwhile: impl AsyncFnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Latency> {
    let messages = Arc::new(Messages::new(Instant::now(), first, PER_S * seconds));
    let load = EsmeLoad::start(&site.bulk(), (2, 500), Arc::clone(&messages), Pace::Open { per_s: PER_S }).await?;
    let (_, happened) = tokio::join!(tokio::time::sleep(Duration::from_secs(seconds)), meanwhile());
    happened?;
    load.stop_sending();
    drain(PATIENCE, async || Ok(left(&messages.progress()))).await?;
    let figures = load.finish().await?;
    anyhow::ensure!(figures.broken.is_empty(), "the load was disturbed: {:?}", figures.broken);
    figures.accept.summary().context("no message was answered")
}
