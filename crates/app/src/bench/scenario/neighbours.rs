//! Operators that answer late or never: what the clients of a healthy operator notice of it.
//!
//! The same load goes to the healthy operator all the time. Beside it another client sends as much to a neighbour: one that is
//! healthy, one that answers after 5 s, after 60 s, never. They take turns, several times, so that what else the machine does
//! meets all of them alike.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sambac_engine::clock::Clock;
use tokio::net::TcpListener;

use super::Options;
use super::drain::drain;
use super::smpp::{HEALTHY, PATIENCE, layout, left};
use crate::bench::esme::EsmeLoad;
use crate::bench::latency::Latencies;
use crate::bench::messages::Messages;
use crate::bench::pace::Pace;
use crate::bench::report::{Bar, Report};
use crate::bench::site::{Layout, Site};
use crate::simulate::{Scenario, Simulator};

/// To the healthy operator, and to each neighbour in its turn.
const PER_S: u64 = 200;
/// How often each neighbour has its turn.
const ROUNDS: u64 = 3;
/// The neighbours' names and what they do. The first is what the others are set against.
const NEIGHBOURS: [(&str, &str); 4] = [
    ("healthy", HEALTHY),
    ("5 s", "magic = false\n[answer]\ndelay_ms = 5000\n"),
    ("60 s", "magic = false\n[answer]\ndelay_ms = 60000\n"),
    ("never", "magic = false\n[answer]\ndrop_answer = 1.0\n"),
];

pub(super) async fn run(options: &Options) -> anyhow::Result<Report> {
    let (mut operators, mut ports) = (Vec::new(), Vec::new());
    for (name, behaviour) in NEIGHBOURS {
        let scenario = Scenario::parse(name, behaviour)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port());
        operators.push(Simulator::start(scenario, listener, None, Clock::system().now().0)?);
    }
    let site = Site::start(Layout { neighbours: ports, ..layout(options, HEALTHY, (2, 500)) }).await?;
    let seconds = options.duration_s.unwrap_or(10);
    let mut beside = Vec::new();
    for _ in NEIGHBOURS {
        beside.push(Latencies::new()?);
    }
    for round in 0..ROUNDS {
        for (number, latencies) in beside.iter_mut().enumerate() {
            turn(&site, number, round, seconds, latencies).await?;
        }
    }
    let report = report(&beside, seconds)?;
    site.stop().await?;
    for operator in operators {
        operator.stop().await;
    }
    Ok(report)
}

/// One neighbour's turn: both loads at once, of which only that to the healthy operator counts.
async fn turn(site: &Site, number: usize, round: u64, seconds: u64, beside: &mut Latencies) -> anyhow::Result<()> {
    let credentials = site.neighbour(number).context("the neighbour has no account")?;
    let pace = Pace::Open { per_s: PER_S };
    let first = (round * NEIGHBOURS.len() as u64 + number as u64) * PER_S * seconds;
    let messages = |first| Arc::new(Messages::new(Instant::now(), first, PER_S * seconds));
    let (ours, theirs) = (messages(first), messages(first));
    let neighbour = EsmeLoad::start(&credentials, (2, 500), theirs, pace).await?;
    let load = EsmeLoad::start(&site.bulk(), (2, 500), Arc::clone(&ours), pace).await?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    load.stop_sending();
    drain(PATIENCE, async || Ok(left(&ours.progress()))).await?;
    let figures = load.finish().await?;
    neighbour.finish().await?;
    anyhow::ensure!(figures.broken.is_empty(), "the load was disturbed: {:?}", figures.broken);
    anyhow::ensure!(left(&ours.progress()) == 0, "messages to the healthy operator were lost");
    beside.add(&figures.receipt);
    Ok(())
}

fn report(beside: &[Latencies], seconds: u64) -> anyhow::Result<Report> {
    let mut report = Report {
        what: format!(
            "{PER_S} messages a second to a healthy operator, beside as many to one that answers late or never."
        ),
        ..Report::default()
    };
    report.settings = [("duration_s", seconds), ("rounds", ROUNDS), ("rate_per_s", PER_S)]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    let mut usual = None;
    for ((name, _), latencies) in NEIGHBOURS.iter().zip(beside) {
        let latency = latencies.summary().context("nothing was delivered")?;
        report.latency.insert(format!("receipt, beside {name}"), latency);
        match usual {
            None => usual = Some(latency.p99_us.max(1)),
            Some(usual) => {
                let percent = latency.p99_us * 100 / usual;
                report.bars.push(Bar::at_most(&format!("p99 beside {name}, percent"), 110, Some(percent)));
            }
        }
    }
    Ok(report)
}
