//! One-time codes over REST at a fixed rate: started, then tried. Codes that do not exist are tried as well: that must not take
//! another time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use super::Options;
use super::smpp::{HEALTHY, layout};
use crate::bench::http::Connection;
use crate::bench::latency::{Latencies, Latency};
use crate::bench::meter::Meter;
use crate::bench::report::{Bar, Load, Report, per_s};
use crate::bench::site::{Layout, Site};

const RATE_PER_S: u64 = 1_000;
const SECONDS: u64 = 15;
/// Octets of an id as it is written.
const ID_OCTETS: usize = "otp_0000000000000".len();

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let (seconds, rate) = (options.duration_s.unwrap_or(SECONDS), options.rate_per_s.unwrap_or(RATE_PER_S));
    let site = Site::start(Layout { controlled: true, ..layout(options, HEALTHY, (2, 500)) }).await?;
    let meter = Meter::start(&site).await?;
    let caller = Caller {
        address: site.http,
        key: site.api_key().to_owned(),
        connections: options.connections,
        rate,
        total: seconds * rate,
    };
    let start = caller.call(201, |number| {
        let body = format!(r#"{{"to":"+999000{:06}","from":"Bench"}}"#, number % 1_000_000);
        ("/v1/otp".to_owned(), body)
    });
    let (start, ids) = start.await?;
    let costs = meter.finish(&site, caller.total).await?;
    let ids = Arc::new(ids);
    let known = Arc::clone(&ids);
    let wrong = || r#"{"code":"none"}"#.to_owned();
    let check = caller.call(422, move |number| {
        let id = &known[usize::try_from(number).unwrap_or_default() % known.len()];
        (format!("/v1/otp/{id}/check"), wrong())
    });
    let (check, _) = check.await?;
    let unknown = caller.call(422, move |number| (format!("/v1/otp/otp_{:013}/check", 1_000_000 + number), wrong()));
    let (unknown, _) = unknown.await?;
    site.stop().await?;
    Ok(report(&caller, [start, check, unknown], costs))
}

fn report(caller: &Caller, [start, check, unknown]: [Latency; 3], costs: crate::bench::report::Costs) -> Report {
    let offered_ms = caller.total * 1_000 / caller.rate;
    let mut report = Report {
        what: format!(
            "Codes started over REST, then tried, then codes that do not exist, {} a second each.",
            caller.rate
        ),
        load: Load {
            offered_ms,
            sent: caller.total,
            accepted: start.count,
            accepted_per_s: per_s(start.count, offered_ms),
            ..Load::default()
        },
        latency: [("start", start), ("check", check), ("check_unknown", unknown)]
            .map(|(name, latency)| (name.to_owned(), latency))
            .into(),
        costs,
        ..Report::default()
    };
    report.settings.insert("rate_per_s".to_owned(), caller.rate);
    report.settings.insert("connections".to_owned(), caller.connections.into());
    report.bars = vec![
        Bar::at_most("p99 of a start, µs", 25_000, Some(start.p99_us)),
        Bar::at_most("p99 of a check, µs", 10_000, Some(check.p99_us)),
        Bar::at_most(
            "p50 of a check, of one of an unknown code apart, µs",
            500,
            Some(check.p50_us.abs_diff(unknown.p50_us)),
        ),
    ];
    report
}

/// Calls at a fixed rate, each measured from the moment at which it was due.
struct Caller {
    address: SocketAddr,
    key: String,
    connections: u16,
    rate: u64,
    total: u64,
}

impl Caller {
    /// Makes all calls; each must be answered with `status`. Gives the ids in the answers, where there are any.
    async fn call(
        &self,
        status: u16,
        request: impl Fn(u64) -> (String, String) + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<(Latency, Vec<String>)> {
        let (next, begun) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let mut tasks = JoinSet::new();
        for _ in 0..self.connections {
            let connection = Connection::open(self.address).await.context("the platform's REST port")?;
            let head = format!("host: {}\r\nauthorization: Bearer {}\r\n", self.address, self.key);
            let (request, rate, total, next) = (request.clone(), self.rate, self.total, Arc::clone(&next));
            tasks.spawn(async move {
                let due = |number| begun + Duration::from_micros(number * 1_000_000 / rate);
                let take = move || next.fetch_add(1, Ordering::Relaxed);
                let numbers = std::iter::from_fn(move || Some(take()).filter(|number| *number < total));
                make(connection, &head, status, numbers.map(|number| (due(number), request(number)))).await
            });
        }
        let (mut latencies, mut ids) = (Latencies::new()?, Vec::new());
        while let Some(ended) = tasks.join_next().await {
            let (own, found) = ended??;
            latencies.add(&own);
            ids.extend(found);
        }
        Ok((latencies.summary().context("nothing was answered")?, ids))
    }
}

async fn make(
    mut connection: Connection,
    head: &str,
    wanted: u16,
    calls: impl Iterator<Item = (Instant, (String, String))>,
) -> anyhow::Result<(Latencies, Vec<String>)> {
    let (mut latencies, mut ids) = (Latencies::new()?, Vec::new());
    for (due, (path, body)) in calls {
        tokio::time::sleep_until(due.into()).await;
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\n{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let (status, answer) = connection.exchange(request.as_bytes()).await?;
        ensure!(status == wanted, "{path} answered {status}: {}", String::from_utf8_lossy(answer));
        ids.extend(id_in(answer));
        latencies.record(u64::try_from(due.elapsed().as_micros())?);
    }
    Ok((latencies, ids))
}

/// The id of a code in an answer.
fn id_in(answer: &[u8]) -> Option<String> {
    let at = answer.windows(4).position(|octets| octets == b"otp_")?;
    let id = answer.get(at..at + ID_OCTETS)?;
    (answer.get(at + ID_OCTETS) == Some(&b'"')).then(|| String::from_utf8_lossy(id).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_an_answer() {
        assert_eq!(id_in(br#"{"id":"otp_01h2xcejqtf2n","state":"pending"}"#).as_deref(), Some("otp_01h2xcejqtf2n"));
        assert_eq!(id_in(br#"{"code":"otp_not_verified"}"#), None);
        assert_eq!(id_in(b"{}"), None);
    }
}
