//! A `sambac` of our own in another process: started, read, and stopped as an operator would stop it.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// For a process to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// For a process to end after SIGTERM, before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// What is done with each line of output after the first.
pub(crate) type OnLine = Box<dyn FnMut(&[u8]) + Send>;

/// A running process. Killed when dropped.
pub(crate) struct Child {
    process: tokio::process::Child,
    pid: u32,
    /// Gives the last line when the output ends.
    output: JoinHandle<Vec<u8>>,
}

/// The same binary with these arguments, without the variables that would configure it.
pub(crate) fn sambac<'a>(arguments: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("the path of this program")?);
    let ours = |name: &OsString| name.to_string_lossy().starts_with("SAMBAC_");
    std::env::vars_os().map(|(name, _)| name).filter(ours).for_each(|name| {
        command.env_remove(name);
    });
    command.args(["--output", "json"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// Runs a command to its end and gives the JSON that it printed.
pub(crate) async fn finish(mut command: Command) -> anyhow::Result<Value> {
    let output = command.output().await.context("a process could not be started")?;
    anyhow::ensure!(output.status.success(), "{:?} failed with {}", command.as_std(), output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

impl Child {
    /// Starts it and waits for its first line; also tells when it was started.
    pub(crate) async fn start(mut command: Command, on_line: OnLine) -> anyhow::Result<(Self, Value, Instant)> {
        let started = Instant::now();
        let mut process = command.spawn().context("a process could not be started")?;
        let pid = process.id().context("the process ended at once")?;
        let mut lines = BufReader::with_capacity(256 * 1024, process.stdout.take().context("no output")?);
        let mut first = Vec::new();
        timeout(READY_LIMIT, lines.read_until(b'\n', &mut first)).await.context("it does not become ready")??;
        let ready = serde_json::from_slice(&first).with_context(|| format!("{:?} did not start", command.as_std()))?;
        let output = tokio::spawn(read(lines, on_line));
        Ok((Self { process, pid, output }, ready, started))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill_9(&mut self) -> anyhow::Result<()> {
        self.process.kill().await.context("kill -9")
    }

    /// Asks it to stop, waits until it has, and gives the last line that it printed.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Value> {
        let asked = Command::new("kill").args(["-TERM", &self.pid.to_string()]).status().await;
        anyhow::ensure!(asked.context("kill")?.success(), "process {} had ended by itself", self.pid);
        if timeout(STOP_LIMIT, self.process.wait()).await.is_err() {
            self.process.kill().await?;
            anyhow::bail!("process {} did not stop in {} s", self.pid, STOP_LIMIT.as_secs());
        }
        let last = self.output.await?;
        Ok(serde_json::from_slice(&last).unwrap_or(Value::Null))
    }
}

async fn read(mut lines: BufReader<ChildStdout>, mut on_line: OnLine) -> Vec<u8> {
    let (mut line, mut last) = (Vec::new(), Vec::new());
    while lines.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
        on_line(&line);
        std::mem::swap(&mut line, &mut last);
        line.clear();
    }
    last
}
