//! Operators that come and go: what it costs to bind to them again and again, and whether attempts come in waves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use sambac_engine::clock::Clock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Options;
use crate::bench::child::{self, Child};
use crate::bench::process;
use crate::bench::report::{Bar, Report};
use crate::bench::scrape::Metrics;
use crate::simulate::{Scenario, Simulator};

const OPERATORS: u64 = 200;
/// How long an operator is there, and away.
const UP_MS: std::ops::Range<u64> = 500..8_000;
const AWAY_MS: std::ops::Range<u64> = 200..6_000;
const ATTEMPTS: &str = "sambac_connector_bind_attempts_total";

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let duration_s = options.duration_s.unwrap_or(60);
    let folder = options.folder.join(format!("sambac-bench-flapping-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let stop = CancellationToken::new();
    let (mut operators, mut ports) = (Vec::new(), Vec::new());
    for seed in 0..OPERATORS {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port());
        operators.push(tokio::spawn(flap(listener, seed, stop.clone())));
    }
    let result = measure(&folder, &ports, duration_s).await;
    stop.cancel();
    end(operators).await?;
    if !options.keep {
        // A left-over folder is no reason to fail.
        let _ = std::fs::remove_dir_all(&folder);
    }
    result
}

/// An operator that listens, takes binds, goes away with an unbind, and comes back on the same port.
async fn flap(mut listener: TcpListener, seed: u64, stop: CancellationToken) -> anyhow::Result<()> {
    let mut chance = SmallRng::seed_from_u64(seed);
    let address = listener.local_addr()?;
    loop {
        let (up, away) = (chance.random_range(UP_MS), chance.random_range(AWAY_MS));
        let simulator = Simulator::start(Scenario::default(), listener, None, Clock::system().now().0)?;
        let is_over = pause(up, &stop).await;
        simulator.stop().await;
        if is_over || pause(away, &stop).await {
            return Ok(());
        }
        listener = TcpListener::bind(address).await?;
    }
}

/// Waits; true when it is over.
async fn pause(ms: u64, stop: &CancellationToken) -> bool {
    tokio::time::timeout(Duration::from_millis(ms), stop.cancelled()).await.is_ok()
}

async fn end(operators: Vec<JoinHandle<anyhow::Result<()>>>) -> anyhow::Result<()> {
    for operator in operators {
        operator.await??;
    }
    Ok(())
}

async fn measure(folder: &std::path::Path, ports: &[u16], duration_s: u64) -> anyhow::Result<Report> {
    let (file, data) = (folder.join("platform.toml"), folder.join("data"));
    std::fs::write(&file, provisioning(ports))?;
    let mut apply = child::sambac(["apply"])?;
    apply.arg(&file).arg("--data-dir").arg(&data);
    child::finish(apply).await?;
    let mut command = child::sambac(["run", "--log-level", "error"])?;
    for listener in ["--http-listen", "--services-listen", "--smpp-listen"] {
        command.args([listener, "127.0.0.1:0"]);
    }
    command.arg("--data-dir").arg(&data);
    let (platform, ready, _) = Child::start(command, Box::new(|_| {})).await?;
    let services: SocketAddr = services(&ready)?.parse()?;
    // The first attempts are no reconnects.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (begun, cpu) = (Instant::now(), process::cpu(platform.pid()));
    let mut each_s = Vec::new();
    let mut before = Metrics::fetch(services).await?.sum(ATTEMPTS);
    for second in 1..=duration_s {
        tokio::time::sleep_until((begun + Duration::from_secs(second)).into()).await;
        let now = Metrics::fetch(services).await?.sum(ATTEMPTS);
        each_s.push(now.saturating_sub(before));
        before = now;
    }
    let wall_ms = u64::try_from(begun.elapsed().as_millis())?;
    let cpu_ms = process::cpu(platform.pid()).since(&cpu).total_ms;
    let memory = process::memory(platform.pid());
    platform.stop().await?;
    let mut report = report(&each_s, cpu_ms, wall_ms);
    report.settings.insert("duration_s".to_owned(), duration_s);
    report.costs.platform_cpu_ms = cpu_ms;
    report.costs.wall_ms = wall_ms;
    report.costs.rss_peak_kib = memory.peak_kib;
    Ok(report)
}

fn report(each_s: &[u64], cpu_ms: u64, wall_ms: u64) -> Report {
    let (attempts, most) = (each_s.iter().sum::<u64>(), each_s.iter().max().copied().unwrap_or_default());
    let percent = |part: u64, whole: u64| (part * 100).checked_div(whole);
    let mut report = Report {
        what: "200 connectors to operators that come and go at random.".to_owned(),
        bars: vec![
            Bar::at_most("CPU of one core, percent", 10, percent(cpu_ms, wall_ms)),
            Bar::at_most("attempts in the busiest second, percent of all", 10, percent(most, attempts)),
        ],
        ..Report::default()
    };
    report.figures.insert("attempts".to_owned(), attempts);
    report.figures.insert("attempts_in_busiest_s".to_owned(), most);
    report.settings.insert("operators".to_owned(), OPERATORS);
    if attempts == 0 {
        report.faults.push("nothing was tried".to_owned());
    }
    report
}

fn services(ready: &Value) -> anyhow::Result<&str> {
    ready["services"].as_str().with_context(|| format!("no services in {ready}"))
}

fn provisioning(ports: &[u16]) -> String {
    let connector = |(number, port): (usize, &u16)| {
        format!(
            "[[connector]]\nname = \"link-{number}\"\noperator = \"all\"\nhost = \"127.0.0.1\"\nport = {port}\n\
             system_id = \"sambac\"\npassword = \"bench\"\n"
        )
    };
    let connectors: String = ports.iter().enumerate().map(connector).collect();
    format!("operator = [{{ name = \"all\" }}]\n{connectors}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sambac_engine::admin::File;

    #[test]
    fn the_file_is_one_that_apply_reads() {
        let file = toml::from_str::<File>(&provisioning(&[2775, 2776])).expect("it is well formed");
        assert_eq!(file.connector.len(), 2);
    }

    #[test]
    fn the_busiest_second_is_set_against_all_attempts() {
        let report = report(&[5, 20, 75], 100, 3_000);
        assert_eq!((report.figures["attempts"], report.figures["attempts_in_busiest_s"]), (100, 75));
        assert_eq!(report.bars.iter().map(|bar| bar.met).collect::<Vec<_>>(), [true, false]);
        assert_eq!(super::report(&[], 0, 1).faults, ["nothing was tried"]);
    }
}
