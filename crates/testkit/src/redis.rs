//! A private Redis for one test, from the installed program, to be killed, frozen, emptied and started again.
//!
//! A shell watches over it: when the test is gone, however it ended, the server is killed and its files are removed.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let mut redis = sambac_testkit::redis::RedisServer::start().await?;
//! println!("{}", redis.url());
//! redis.ask(&["FLUSHALL"]).await?;
//! redis.kill_9().await?;
//! redis.start_again().await?;
//! # Ok(())
//! # }
//! ```

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::scenario::wait::{until, until_true};
use crate::unique;
use crate::watchdog::Watchdog;

const MISSING: &str =
    "no Redis server found: run tools/setup test, or install it (Debian and Ubuntu: `apt-get install redis-server`)";
const START_LIMIT: Duration = Duration::from_secs(30);

/// A Redis of its own; it goes away with the test.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    password: String,
    is_tls: bool,
    home: PathBuf,
    watchdog: Watchdog,
}

impl RedisServer {
    /// Starts one, and waits until it answers.
    ///
    /// # Errors
    /// No Redis is installed (the text says what to run), or it does not start.
    pub async fn start() -> Result<Self> {
        Self::configured("", None).await
    }

    /// The same with a password.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub async fn start_with(password: &str) -> Result<Self> {
        Self::configured(password, None).await
    }

    /// One that speaks TLS and nothing else, by this certificate and its key (PEM), as `localhost`.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub async fn start_tls(certificate: &str, key: &str) -> Result<Self> {
        Self::configured("", Some((certificate, key))).await
    }

    async fn configured(password: &str, tls: Option<(&str, &str)>) -> Result<Self> {
        let home = std::env::temp_dir().join(format!("sambac-redis-{}", unique()));
        std::fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::write(home.join("conf"), Self::settings(port, password, tls.is_some()))?;
        if let Some((certificate, key)) = tls {
            std::fs::write(home.join("certificate.pem"), certificate)?;
            std::fs::write(home.join("key.pem"), key)?;
        }
        let watchdog = Watchdog::start("sambac-redis-watchdog", WATCHDOG, [home.as_os_str()])?;
        let mut server = Self { port, password: password.to_owned(), is_tls: tls.is_some(), home, watchdog };
        server.start_again().await?;
        Ok(server)
    }

    fn settings(port: u16, password: &str, is_tls: bool) -> String {
        let login = if password.is_empty() { String::new() } else { format!("requirepass {password}\n") };
        let listens = if is_tls {
            let files = "tls-cert-file certificate.pem\ntls-key-file key.pem\ntls-ca-cert-file certificate.pem";
            format!("port 0\ntls-port {port}\ntls-auth-clients no\n{files}\n")
        } else {
            format!("port {port}\n")
        };
        format!("bind 127.0.0.1\nsave \"\"\nappendonly no\n{listens}{login}")
    }

    /// Where it listens on this machine.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        if self.is_tls {
            return format!("rediss://localhost:{}/0", self.port);
        }
        let login = if self.password.is_empty() { String::new() } else { format!(":{}@", self.password) };
        format!("redis://{login}127.0.0.1:{}/0", self.port)
    }

    /// What it answers to a command.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub async fn ask(&self, command: &[&str]) -> Result<String> {
        let mut cli = Command::new("redis-cli");
        cli.args(["-e", "-p", &self.port.to_string()]);
        if self.is_tls {
            cli.args(["--tls", "--insecure"]);
        }
        cli.args(command);
        if !self.password.is_empty() {
            cli.env("REDISCLI_AUTH", &self.password);
        }
        let output = cli.output().await.context(MISSING)?;
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        ensure!(output.status.success(), "{command:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    /// kill -9; returns when it is gone.
    ///
    /// # Errors
    /// When the watchdog is gone itself.
    pub async fn kill_9(&mut self) -> Result<()> {
        self.watchdog.order("kill").await?;
        until_true("the private Redis is gone", async || Ok(self.ask(&["PING"]).await.is_err())).await
    }

    /// Stops it as it is: it takes connections and answers nothing.
    ///
    /// # Errors
    /// When the watchdog is gone.
    pub async fn freeze(&mut self) -> Result<()> {
        self.watchdog.order("freeze").await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When the watchdog is gone.
    pub async fn thaw(&mut self) -> Result<()> {
        self.watchdog.order("thaw").await
    }

    /// Starts it again, empty, and waits until it answers.
    ///
    /// # Errors
    /// When it does not start; the text is the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        self.watchdog.order("start").await?;
        let answers = async || Ok(self.ask(&["PING"]).await.ok());
        let log = || {
            let log = std::fs::read_to_string(self.home.join("log")).unwrap_or_default();
            let end = log.lines().rev().take(20).collect::<Vec<_>>().join("\n");
            if log.contains("redis-server: not found") { MISSING.to_owned() } else { end }
        };
        until("the private Redis answers", START_LIMIT, answers).await.with_context(log).map(drop)
    }
}

/// $1 home, in which its settings are.
///
/// Words on its input start, kill, freeze and thaw the server; at the end of the input everything ends. It keeps nothing on disk.
const WATCHDOG: &str = r#"
home=$1
cd "$home" || exit 1
server=
end_server() { kill -9 "$server"; wait "$server"; server=; }
while read -r word; do
    case $word in
    start)
        redis-server ./conf >>log 2>&1 </dev/null &
        server=$!
        ;;
    kill) end_server ;;
    freeze) kill -STOP "$server" ;;
    thaw) kill -CONT "$server" ;;
    esac
    echo "$word"
done
[ -z "$server" ] || end_server
cd /
rm -rf "$home"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    /// It answers, is gone when it is killed, and is empty when it is started again; who has not its password is not let in.
    #[tokio::test]
    async fn a_server_is_started_killed_and_started_again() {
        let mut redis = RedisServer::start_with("5ecret").await.unwrap();
        redis.ask(&["SET", "key", "value"]).await.unwrap();
        assert_eq!(redis.ask(&["GET", "key"]).await.unwrap(), "value");
        redis.kill_9().await.unwrap();
        assert!(redis.ask(&["PING"]).await.is_err());
        redis.start_again().await.unwrap();
        assert_eq!(redis.ask(&["GET", "key"]).await.unwrap(), "");
        redis.password.clear();
        assert!(redis.ask(&["GET", "key"]).await.is_err());
    }
}
