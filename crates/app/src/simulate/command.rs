//! The `simulate` command: runs one simulator until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::replay::Replay;
use super::{Journal, Scenario, ScenarioError, Simulator, magic};
use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::signals;

/// An SMSC with faults by scenario and by magic destination numbers (+999…).
#[derive(Args, Debug)]
pub(crate) struct Simulate {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What it does (TOML); a healthy operator when not given.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Append what it sees and does to this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Write messages into the journal in hexadecimal, too.
    #[arg(long, requires = "journal")]
    journal_text: bool,
    /// Take only binds with this system_id.
    #[arg(long)]
    system_id: Option<String>,
    /// Take only binds with this password.
    #[arg(long, env = "SAMBAC_SIMULATOR_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Seed of the random faults, instead of the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// Send what an SMSC sent in this capture (pcap, pcapng) to the first ESME that receives, at the same pace.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// As fast as the ESME takes it.
    #[arg(long, requires = "replay")]
    replay_fast: bool,
    /// Print the magic destination numbers and exit.
    #[arg(long)]
    magic: bool,
}

impl Simulate {
    /// Runs until SIGINT or SIGTERM, then prints what happened.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        if self.magic {
            return output::text(&magic::markdown());
        }
        let scenario = self.scenario()?;
        let journal = self.journal()?;
        let stop = signals::stop()?;
        let listener =
            TcpListener::bind(self.listen).await.with_context(|| format!("cannot listen on {}", self.listen))?;
        let simulator = Simulator::start(scenario, listener, journal, sambac_engine::clock::Clock::system().now().0)?;
        let address = simulator.address().to_string();
        output.print(&json!({"listening": address}), || format!("listening on {address}"))?;
        stop.await;
        let tally = simulator.tally();
        simulator.stop().await;
        output.print(&json!({"stopped": tally}), || format!("stopped: {tally:?}"))
    }

    fn scenario(&self) -> Result<Scenario, Failure> {
        let read = self.scenario.as_deref().map(Scenario::read).transpose();
        let mut scenario =
            read.map_err(|error: ScenarioError| Failure::new(Exit::Configuration, error))?.unwrap_or_default();
        scenario.bind.system_id = self.system_id.clone().or(scenario.bind.system_id);
        scenario.bind.password = self.password.clone().or(scenario.bind.password);
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        let replay = self.replay.as_deref().map(|path| Replay::read(path, self.replay_fast)).transpose();
        scenario.replay = replay.map_err(|error| Failure::new(Exit::Configuration, error))?;
        Ok(scenario)
    }

    fn journal(&self) -> anyhow::Result<Option<Journal>> {
        let open = |path: &PathBuf| {
            Journal::open(path, self.journal_text)
                .with_context(|| format!("cannot open the journal {}", path.display()))
        };
        self.journal.as_ref().map(open).transpose()
    }
}
