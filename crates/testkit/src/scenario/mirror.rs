//! `sambac mirror` in a process of its own.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Result;

use super::World;
use super::process::Process;

/// A running mirror; killed when dropped. Its database stays: starting another one is a restart.
#[derive(Debug)]
pub struct Mirror {
    process: Process,
}

impl Mirror {
    pub(super) async fn start(world: &World, variables: &[(&str, &str)]) -> Result<Self> {
        let mut command = world.command();
        command.args(["--output", "json", "mirror", "--log-format", "json", "--data-dir"]).arg(world.data_folder());
        command.envs(variables.iter().copied());
        let (process, _) = Process::start(command, &world.path("mirror.log")).await?;
        Ok(Self { process })
    }

    /// kill -9; returns when it is gone.
    ///
    /// # Errors
    /// When it was gone already.
    pub async fn kill_9(mut self) -> Result<()> {
        self.process.kill_9().await
    }

    /// SIGTERM; how it ended, at most after this time.
    ///
    /// # Errors
    /// When it still runs then.
    pub async fn terminate(mut self, limit: Duration) -> Result<ExitStatus> {
        self.process.terminate().await?;
        self.process.ended(limit).await
    }
}
