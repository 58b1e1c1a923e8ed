//! Ten thousand wrong binds a second: what clients notice of it that bind meanwhile, and what it costs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sambac_smpp::{BindKind, BindRequest, SessionConfig, bind};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::Options;
use super::herd::steady;
use super::smpp::HEALTHY;
use crate::bench::esme::Credentials;
use crate::bench::latency::Latencies;
use crate::bench::process;
use crate::bench::report::{Bar, Report};
use crate::bench::site::Site;

/// Wrong binds a second that are tried.
const PER_S: u64 = 10_000;
/// Guesses at a time.
const AT_A_TIME: u64 = 400;
/// Addresses that they come from: 127.0.1.1 and on.
const SOURCES: u64 = 20;
/// Good binds, one each.
const GOOD_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let site = Site::start(super::smpp::layout(options, HEALTHY, (2, 500))).await?;
    let seconds = options.duration_s.unwrap_or(15);
    // This client is known; the other comes for the first time in the middle of the attack.
    let (known, new) = (site.bulk(), site.otp());
    timed(&known).await.context("the first good bind")?;

    let tried = Arc::new(AtomicU64::new(0));
    let mut guessers = JoinSet::new();
    let began = Instant::now();
    for number in 0..AT_A_TIME {
        guessers.spawn(guess(known.clone(), number, began, Arc::clone(&tried)));
    }
    let cpu = process::cpu(site.platform.pid());
    let mut good = Latencies::new()?;
    let mut failed = 0_u64;
    let accept = steady(&site, 0, seconds, async || {
        let mut first = Some(&new);
        while began.elapsed() < Duration::from_secs(seconds) {
            let who = if began.elapsed() > Duration::from_secs(seconds / 2) {
                first.take().unwrap_or(&known)
            } else {
                &known
            };
            match timed(who).await {
                Ok(took) => good.record(u64::try_from(took.as_micros())?),
                Err(_) => failed += 1,
            }
            tokio::time::sleep(GOOD_EVERY).await;
        }
        Ok(())
    })
    .await?;
    let wall_ms = u64::try_from(began.elapsed().as_millis())?.max(1);
    let cpu_ms = process::cpu(site.platform.pid()).since(&cpu).total_ms;
    guessers.shutdown().await;
    let good = good.summary().context("no good bind")?;
    let mut report = Report {
        what: format!(
            "Wrong binds from {SOURCES} addresses, up to {PER_S} a second, beside good ones and an even load."
        ),
        ..Report::default()
    };
    report.latency.insert("good bind".to_owned(), good);
    report.latency.insert("accept".to_owned(), accept);
    report.figures.insert("wrong_binds_per_s".to_owned(), tried.load(Relaxed) * 1_000 / wall_ms);
    report.figures.insert("good_binds_failed".to_owned(), failed);
    report.figures.insert("platform_cpu_percent_of_one".to_owned(), cpu_ms * 100 / wall_ms);
    report.bars = vec![
        Bar::at_most("good bind max ms", 1_000, Some(good.max_us / 1_000)),
        Bar::at_most("good binds failed", 0, Some(failed)),
    ];
    site.stop().await?;
    Ok(report)
}

/// How long a good bind takes.
async fn timed(credentials: &Credentials) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let stream = TcpStream::connect(credentials.address).await?;
    let (session, _events, _) =
        bind(stream, &request(credentials, &credentials.password), SessionConfig::default()).await?;
    let took = began.elapsed();
    session.unbind(Duration::from_secs(1)).await;
    Ok(took)
}

/// Guesses, one password after the other, as fast as all together may.
async fn guess(credentials: Credentials, number: u64, began: Instant, tried: Arc<AtomicU64>) {
    let source = SocketAddr::from(([127, 0, 1, u8::try_from(1 + number % SOURCES).unwrap_or(1)], 0));
    for times in 0_u64.. {
        let due = Duration::from_micros((times * AT_A_TIME + number) * 1_000_000 / PER_S);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        tried.fetch_add(1, Relaxed);
        // Whether it is refused or never answered: it is wrong.
        let _ = wrong(source, &credentials).await;
    }
}

async fn wrong(source: SocketAddr, credentials: &Credentials) -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(source)?;
    let stream = socket.connect(credentials.address).await?;
    let config = SessionConfig { bind_timeout: Duration::from_secs(2), ..SessionConfig::default() };
    bind(stream, &request(credentials, "wrong"), config).await?;
    Ok(())
}

fn request(credentials: &Credentials, password: &str) -> BindRequest {
    BindRequest::new(BindKind::Transceiver, credentials.system_id.as_bytes(), password.as_bytes())
}
