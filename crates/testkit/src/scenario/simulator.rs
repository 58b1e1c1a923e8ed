//! `sambac simulate` in a process of its own: an operator that does what a scenario says.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::process::Process;
use super::wait::{PATIENCE, until};
use super::{Journal, World};

/// A simulated operator. Its port stays the same when it is stopped and started again.
#[derive(Debug)]
pub struct Simulator {
    name: String,
    address: SocketAddr,
    journal: PathBuf,
    process: Option<Process>,
}

impl Simulator {
    pub(super) async fn start(world: &World, name: &str, scenario: &str, listen: &str) -> Result<Self> {
        Self::start_in(world, None, name, scenario, listen).await
    }

    pub(super) async fn start_in(
        world: &World,
        namespace: Option<&str>,
        name: &str,
        scenario: &str,
        listen: &str,
    ) -> Result<Self> {
        let (file, journal) = (world.path(&format!("{name}.toml")), world.path(&format!("{name}.jsonl")));
        std::fs::write(&file, scenario)?;
        let mut command = world.command_in(namespace);
        command.args(["--output", "json", "simulate", "--listen", listen, "--journal-text", "--scenario"]).arg(file);
        command.arg("--journal").arg(&journal);
        let (process, ready) = Process::start(command, &world.path(&format!("{name}.log"))).await?;
        let address = ready["listening"].as_str().context("no address")?.parse()?;
        Ok(Self { name: name.to_owned(), address, journal, process: Some(process) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it in good order, and returns all that it has seen and done.
    ///
    /// # Errors
    /// When it does not stop, or its journal is not readable.
    pub async fn finish(&mut self) -> Result<Journal> {
        self.stop().await?;
        self.journal()
    }

    /// What it has seen and done up to some 50 ms ago: while it runs, it writes now and then.
    ///
    /// # Errors
    /// When the journal is not there or not readable.
    pub fn journal(&self) -> Result<Journal> {
        Journal::read(&self.journal)
    }

    /// What it has seen and done, once that is `count` lines of `event` at least.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn until(&self, event: &str, count: usize) -> Result<Journal> {
        let enough = async || {
            let journal = self.journal()?;
            Ok((journal.of(event).count() >= count).then_some(journal))
        };
        until(&format!("{count} of {event}"), PATIENCE, enough).await
    }

    /// What it has seen and done, once `count` messages came.
    ///
    /// # Errors
    /// When they do not.
    pub async fn until_submits(&self, count: usize) -> Result<Journal> {
        self.until("submit", count).await
    }

    /// Stops it in good order, unless it is stopped.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.terminate().await?;
        process.ended(PATIENCE).await?;
        Ok(())
    }

    /// A signal by its name: `STOP`, `CONT`.
    ///
    /// # Errors
    /// When it is stopped.
    pub async fn signal(&self, name: &str) -> Result<()> {
        self.process.as_ref().context("it is stopped")?.signal(name).await
    }

    /// Starts it again on the same port, with another scenario.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self, world: &World, scenario: &str) -> Result<()> {
        self.stop().await?;
        *self = Self::start(world, &self.name, scenario, &self.address.to_string()).await?;
        Ok(())
    }
}
