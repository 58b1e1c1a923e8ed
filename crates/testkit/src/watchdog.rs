//! A shell that starts and ends a server in a test's place: when the test is gone, however it ended, so is the server.

use std::ffi::OsStr;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// One that runs. At the end of its input it ends the server.
#[derive(Debug)]
pub(crate) struct Watchdog {
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _shell: Child,
}

impl Watchdog {
    /// Runs this script, which says each word again that it has done.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(crate) fn start<'a>(name: &str, script: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Self> {
        let mut shell = Command::new("setsid")
            .args(["sh", "-c", script, name])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let orders = shell.stdin.take().context("a pipe")?;
        let answers = BufReader::new(shell.stdout.take().context("a pipe")?).lines();
        Ok(Self { orders, answers, _shell: shell })
    }

    /// Has it do what the word stands for.
    ///
    /// # Errors
    /// When it is gone itself.
    pub(crate) async fn order(&mut self, word: &str) -> Result<()> {
        self.orders.write_all(format!("{word}\n").as_bytes()).await.context("the watchdog is gone")?;
        let answer = self.answers.next_line().await?;
        ensure!(answer.as_deref() == Some(word), "the watchdog says {answer:?}");
        Ok(())
    }
}
