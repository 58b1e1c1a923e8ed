//! The `bench` command: runs scenarios one after the other, shows their figures and keeps them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use sambac_engine::clock::Clock;

use super::machine::Machine;
use super::report::{Report, summary};
use super::scenario::{Options, Scenario};
use crate::exit::{Exit, Failure};
use crate::output::{self, Output};

/// Load a platform of its own over SMPP and REST, and tell what it does and costs.
///
/// Fails when a message was lost or sent twice; a bar that is not met is only told.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Which, separated by commas; all of them when not given.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenario: Vec<Scenario>,
    /// For how long to offer load, instead of the scenario's own time.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    duration_s: Option<u64>,
    /// Messages offered each second in the open-loop scenario, instead of 1,000.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=50_000))]
    rate: Option<u64>,
    /// Binds of the client.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=50))]
    binds: u16,
    /// Unanswered submits on each.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    window: u16,
    /// Connections over REST.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4_000))]
    connections: u16,
    /// Messages without a receipt at a time, in closed-loop scenarios.
    #[arg(long, default_value_t = 10_000)]
    unfinished_max: u64,
    /// Messages of the backlog.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10..=50_000_000))]
    backlog: u64,
    /// Silent binds that are dropped at once.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=5_000))]
    crowd: u16,
    /// Database to load, instead of SQLite in a folder of its own. What is there stays there.
    #[arg(long, env = "SAMBAC_STORE_URL", hide_env_values = true)]
    store_url: Option<String>,
    /// A Redis in which the platform counts its limits. The scenario `limits` needs one.
    #[arg(long, env = "SAMBAC_REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// A RabbitMQ by which the platform's work goes, also to the further nodes. It wants a PostgreSQL to itself, as leases stay there for some seconds.
    #[arg(long, env = "SAMBAC_QUEUE_URL", hide_env_values = true, requires = "store_url")]
    queue_url: Option<String>,
    /// Nodes that have the binds to the operator, beside the one with the ledger. With none the one has all of it.
    #[arg(long, default_value_t = 0, requires = "queue_url", value_parser = clap::value_parser!(u8).range(0..=9))]
    connector_nodes: u8,
    /// Where data folders are made, on the disk to be measured.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Leave the data folders there, to look into.
    #[arg(long)]
    keep: bool,
    /// Where the figures are kept.
    #[arg(long, value_name = "FOLDER", default_value = "bench/results")]
    out: PathBuf,
}

impl Bench {
    /// Runs what was asked for.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let scenarios = if self.scenario.is_empty() { self.all() } else { self.scenario.clone() };
        let options = self.options();
        std::fs::create_dir_all(&self.out).with_context(|| self.out.display().to_string())?;
        let mut reports = Vec::new();
        for scenario in scenarios {
            let report = run(scenario, &options).await?;
            keep(&self.out, &report)?;
            if output == Output::Json {
                output::text(&format!("{}\n", serde_json::to_string(&report)?))?;
            }
            reports.push(report);
        }
        std::fs::write(self.out.join("README.md"), page(&kept(&self.out)?))?;
        if output == Output::Table {
            output::text(&summary(&reports))?;
        }
        verdict(&reports)
    }

    /// All that can be run: without a Redis, none of its own. What takes an hour is asked for by its name.
    fn all(&self) -> Vec<Scenario> {
        let can_run = |scenario: &Scenario| match scenario {
            Scenario::Limits => self.redis_url.is_some(),
            Scenario::Soak => false,
            _ => true,
        };
        Scenario::ALL.into_iter().filter(can_run).collect()
    }

    fn options(&self) -> Options {
        Options {
            folder: self.folder.clone().unwrap_or_else(std::env::temp_dir),
            keep: self.keep,
            store_url: self.store_url.clone(),
            redis_url: self.redis_url.clone(),
            queue_url: self.queue_url.clone(),
            connector_nodes: self.connector_nodes,
            duration_s: self.duration_s,
            rate_per_s: self.rate,
            binds: self.binds,
            window: self.window,
            connections: self.connections,
            unfinished_max: self.unfinished_max,
            backlog: self.backlog,
            crowd: self.crowd,
        }
    }
}

async fn run(scenario: Scenario, options: &Options) -> anyhow::Result<Report> {
    let name = scenario.name();
    let machine = Machine::look(&options.folder);
    let at = Clock::system().now().rfc3339();
    let mut report = scenario.run(options).await.with_context(|| format!("scenario {name}"))?;
    report.settings.extend(servers(options));
    Ok(Report { scenario: name, at, machine, ..report })
}

/// What it was run on beside the one process and its file.
fn servers(options: &Options) -> impl Iterator<Item = (String, u64)> {
    let servers = [
        ("postgresql", options.store_url.is_some().into()),
        ("rabbitmq", options.queue_url.is_some().into()),
        ("redis", options.redis_url.is_some().into()),
        ("connector_nodes", options.connector_nodes.into()),
    ];
    servers.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count))
}

/// Writes the figures over those of the last time.
fn keep(folder: &Path, report: &Report) -> anyhow::Result<()> {
    let path = folder.join(format!("{}.json", report.scenario));
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(&path, text + "\n").with_context(|| path.display().to_string())
}

/// All figures that are kept, also of scenarios that were not run now.
fn kept(folder: &Path) -> anyhow::Result<Vec<Report>> {
    let mut reports = Vec::new();
    for scenario in Scenario::ALL {
        if let Ok(text) = std::fs::read_to_string(folder.join(format!("{}.json", scenario.name()))) {
            reports.push(serde_json::from_str(&text)?);
        }
    }
    Ok(reports)
}

fn page(reports: &[Report]) -> String {
    format!(
        "# The last figures of each scenario\n\nWritten by `sambac bench`; ../README.md says what they mean.\n\n{}",
        summary(reports)
    )
}

fn verdict(reports: &[Report]) -> Result<(), Failure> {
    let faults: Vec<String> = reports
        .iter()
        .flat_map(|report| report.faults.iter().map(|fault| format!("{}: {fault}", report.scenario)))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Failure::because(Exit::Failed, faults.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Folder;

    #[test]
    fn figures_are_kept_for_each_scenario_and_read_back_in_order() {
        let folder = Folder::new("bench-results");
        let report = |scenario: Scenario| Report { scenario: scenario.name(), ..Report::default() };
        for scenario in [Scenario::Backlog, Scenario::SmppOpen, Scenario::Backlog] {
            keep(folder.path(), &report(scenario)).expect("the folder can be written");
        }
        let names: Vec<_> =
            kept(folder.path()).expect("they were just written").into_iter().map(|r| r.scenario).collect();
        assert_eq!(names, ["smpp-open", "backlog"]);
    }

    #[test]
    fn a_fault_fails_and_a_missed_bar_does_not() {
        let missed = Report { bars: vec![super::super::report::Bar::at_least("x", 2, 1)], ..Report::default() };
        assert!(verdict(&[missed]).is_ok());
        let lost = Report { scenario: "s".to_owned(), faults: vec!["1 lost".to_owned()], ..Report::default() };
        assert_eq!(verdict(&[lost]).expect_err("a fault").to_string(), "s: 1 lost");
    }
}
