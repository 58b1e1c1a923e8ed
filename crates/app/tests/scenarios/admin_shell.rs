//! The shell of an administrator: commands of the binary against a running platform, with an admin key.

use std::net::SocketAddr;
use std::process::Output;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use serde_json::Value;

/// Exit codes.
pub(crate) const WRONG_INPUT: i32 = 3;
pub(crate) const REFUSED: i32 = 4;
pub(crate) const UNREACHABLE: i32 = 5;

/// The admin key `operations` with every scope, for a site.
pub(crate) const SCOPES: &str = "name = \"operations\"\nscopes = [\"config:read\", \"config:write\", \"operations\"]";

/// Where the platform is, and with which key.
pub(crate) struct Shell {
    url: String,
    key: String,
}

impl Shell {
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        Self { url: format!("http://{address}"), key: key.to_owned() }
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sambac"));
        command.env_clear().env("SAMBAC_URL", &self.url).env("SAMBAC_ADMIN_KEY", &self.key).env("PASSWORD", "pa55word");
        Ok(command.args(arguments).kill_on_drop(true).output().await?)
    }

    /// What it printed for programs; it must have worked.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.text(&[&["--output", "json"], arguments].concat()).await?)?)
    }

    /// What it printed for people; it must have worked.
    pub(crate) async fn text(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// It must end with this code, and say so on standard error.
    pub(crate) async fn refused(&self, arguments: &[&str], code: i32, said: &str) -> Result<()> {
        let output = self.run(arguments).await?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.code() == Some(code) && stderr.contains(said),
            "{arguments:?}: {:?} {stderr}",
            output.status
        );
        Ok(())
    }

    /// Waits until a connector is in this state.
    pub(crate) async fn until_state(&self, connector: &str, wanted: &str) -> Result<()> {
        until_true(wanted, async || Ok(self.ask(&["connector", "state", connector]).await?["state"] == wanted)).await
    }

    /// Waits until what a command prints is so.
    pub(crate) async fn until(&self, arguments: &[&str], is_so: impl Fn(&Value) -> bool) -> Result<()> {
        until_true(&format!("{arguments:?}"), async || Ok(is_so(&self.ask(arguments).await?))).await
    }
}

/// How many entries a list has.
pub(crate) fn count(list: &Value) -> usize {
    list["data"].as_array().map_or(0, Vec::len)
}
