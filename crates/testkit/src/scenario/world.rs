//! The temporary folder of a scenario, and what is started in it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::timeout;

use super::process;
use super::{ConnectorNode, Database, Mirror, Platform, Secrets, Simulator, Site, StandbyNode};
use crate::unique;

/// How long a command may take that does not stay.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// A folder of its own for one test, removed when the test passed (kept all the same with `SAMBAC_KEEP_EVIDENCE=1`).
#[derive(Debug)]
pub struct World {
    binary: PathBuf,
    /// The database of everything that is started, instead of a file in the data folder.
    store_url: Option<String>,
    folder: PathBuf,
    passed: AtomicBool,
}

impl World {
    /// `binary` is `env!("CARGO_BIN_EXE_sambac")`; `name` says whose folder it is.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(binary: &str, name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join("sambac-scenarios").join(format!("{name}-{}", unique()));
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self { binary: binary.into(), store_url: None, folder, passed: AtomicBool::new(false) })
    }

    /// The same with this database.
    #[must_use]
    pub fn on(mut self, store_url: &str) -> Self {
        self.store_url = Some(store_url.to_owned());
        self
    }

    /// The test passed: nothing has to be kept.
    pub fn passed(self) {
        self.passed.store(true, Ordering::Relaxed);
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The platform's data folder.
    pub fn data_folder(&self) -> PathBuf {
        self.path("data")
    }

    /// The platform's database, read only.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn database(&self) -> Result<Database> {
        Database::open(&self.data_folder().join("sambac.db")).await
    }

    /// Starts `sambac simulate` with this scenario (TOML). Its journal holds the messages themselves.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn simulator(&self, name: &str, scenario: &str) -> Result<Simulator> {
        Simulator::start(self, name, scenario, "127.0.0.1:0").await
    }

    /// Starts `sambac run`, with these variables beside the defaults of a scenario.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn platform(&self, variables: &[(&str, &str)]) -> Result<Platform> {
        Platform::start(self, variables).await
    }

    /// Starts `sambac run` beside one that works, to wait for its turn.
    ///
    /// # Errors
    /// When it does not start, or does not wait.
    pub async fn standby(&self, variables: &[(&str, &str)]) -> Result<StandbyNode> {
        StandbyNode::start(self, variables).await
    }

    /// Starts `sambac run --roles connector` beside a node that works.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn connector_node(&self, variables: &[(&str, &str)]) -> Result<ConnectorNode> {
        ConnectorNode::start(self, variables).await
    }

    /// Starts `sambac mirror`, with these variables.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn mirror(&self, variables: &[(&str, &str)]) -> Result<Mirror> {
        Mirror::start(self, variables).await
    }

    /// Runs `sambac apply` with this site, and returns the secrets that were made.
    ///
    /// # Errors
    /// When it refuses the site.
    pub async fn apply(&self, site: &Site) -> Result<Secrets> {
        let file = self.path("site.toml");
        std::fs::write(&file, site.to_toml())?;
        let output = self.run(&["--output", "json", "apply"], &[file.as_path()]).await?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "apply: {stderr}\n{}", site.to_toml());
        Secrets::from_apply(&output.stdout)
    }

    /// Runs a command of the binary on the data folder, to its end.
    ///
    /// # Errors
    /// When it cannot be run or takes too long. That it failed is told by its status.
    pub async fn run(&self, arguments: &[&str], paths: &[&Path]) -> Result<Output> {
        let mut command = self.command();
        command.args(arguments).args(paths).arg("--data-dir").arg(self.data_folder());
        timeout(COMMAND_LIMIT, command.output())
            .await
            .with_context(|| format!("{command:?} did not end"))?
            .map_err(Into::into)
    }

    /// Runs a command that needs no data folder.
    ///
    /// # Errors
    /// As [`World::run`].
    pub async fn run_plain(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command();
        let output = timeout(COMMAND_LIMIT, command.args(arguments).output()).await;
        output.with_context(|| format!("{command:?} did not end"))?.map_err(Into::into)
    }

    /// The same with these variables, which a person may have in their shell.
    ///
    /// # Errors
    /// As [`World::run`].
    pub async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
        let mut command = self.command();
        command.args(arguments).arg("--data-dir").arg(self.data_folder()).envs(variables.iter().copied());
        let output = timeout(COMMAND_LIMIT, command.output()).await;
        output.with_context(|| format!("{command:?} did not end"))?.map_err(Into::into)
    }

    /// Makes an admin key with these scopes, separated by commas.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn admin_key(&self, name: &str, scopes: &str) -> Result<String> {
        let output = self.run(&["--output", "json", "admin-key", "create", name, "--scopes", scopes], &[]).await?;
        ensure!(output.status.success(), "admin-key: {}", String::from_utf8_lossy(&output.stderr));
        let made: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        Ok(made["key"].as_str().context("no key")?.to_owned())
    }

    /// `sambac ledger check` and `sambac ledger verify`: the platform's own proof that money adds up and was not changed.
    ///
    /// # Errors
    /// When it does not, or was.
    pub async fn prove_ledger(&self) -> Result<()> {
        for what in ["check", "verify"] {
            let output = self.run(&["ledger", what], &[]).await?;
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "ledger {what}: {said}");
        }
        Ok(())
    }

    /// The same with a simulator that runs in a network namespace, and listens at this address of it.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn simulator_in(&self, namespace: &str, listen: &str, name: &str, scenario: &str) -> Result<Simulator> {
        Simulator::start_in(self, Some(namespace), name, scenario, listen).await
    }

    pub(super) fn command_in(&self, namespace: Option<&str>) -> tokio::process::Command {
        let Some(namespace) = namespace else { return self.command() };
        let mut command = process::command(std::path::Path::new("ip"));
        command.args(["netns", "exec", namespace]).arg(&self.binary);
        command
    }

    pub(super) fn command(&self) -> tokio::process::Command {
        let mut command = process::command(&self.binary);
        command.envs(self.store_url.iter().map(|url| ("SAMBAC_STORE_URL", url)));
        command
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.passed.load(Ordering::Relaxed) && std::env::var_os("SAMBAC_KEEP_EVIDENCE").is_none() {
            // What cannot be removed now is in the temporary folder anyway.
            let _ = std::fs::remove_dir_all(&self.folder);
        } else {
            let text = format!("evidence (logs, journals, database): {}\n", self.folder.display());
            // Nobody is left to tell when standard error is closed.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        }
    }
}
