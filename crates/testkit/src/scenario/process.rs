//! A child process of the binary under test: its ready line, its log, its end.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long a process may take until it says where it listens.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running child; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: u32,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A process that ended before it said that it is ready; with the end of its log.
#[derive(Debug, thiserror::Error)]
#[error("it ended before it was ready: {0}")]
pub struct EndedEarly(String);

/// A command of the binary, without the variables of whoever runs the tests that would configure it.
pub(super) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SAMBAC_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Process {
    /// Starts `command`, its log going to the end of `log`, and reads its first line as JSON.
    pub(super) async fn start(mut command: Command, log: &Path) -> Result<(Self, Value)> {
        let log_file = OpenOptions::new().create(true).append(true).open(log)?;
        command.stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let stdout = child.stdout.take().context("a pipe")?;
        let pid = child.id().context("it has just started")?;
        let mut process = Self { child, pid, lines: BufReader::new(stdout).lines() };
        let line = timeout(START_LIMIT, process.line()).await.context("it is not ready in time")??;
        match line {
            Some(line) => Ok((process, line)),
            None => Err(EndedEarly(tail(log)).into()),
        }
    }

    /// The next line of its output; none when it has ended.
    pub(super) async fn line(&mut self) -> Result<Option<Value>> {
        let Some(line) = self.lines.next_line().await? else { return Ok(None) };
        Ok(Some(serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?))
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub(super) fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// kill -9; returns when it is gone.
    pub(super) async fn kill_9(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, without waiting for what follows.
    pub(super) async fn terminate(&self) -> Result<()> {
        self.signal("TERM").await
    }

    /// A signal by its name: `TERM`, `STOP`, `CONT`.
    pub(super) async fn signal(&self, name: &str) -> Result<()> {
        // The shell's own kill: no signal can be sent without unsafe code or another program.
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.pid)]).status().await?;
        if sent.success() { Ok(()) } else { bail!("kill -{name} {}: {sent}", self.pid) }
    }

    /// Waits for its end, at most so long.
    pub(super) async fn ended(&mut self, limit: Duration) -> Result<ExitStatus> {
        match timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("it still runs after {limit:?}"),
        }
    }

    /// Resident memory in KiB.
    pub(super) fn rss_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    }
}

/// The end of a log, for an error message.
pub(super) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
