//! A PostgreSQL of a test's own, to be killed: with the durability that it has unless told otherwise, unlike the one that
//! tests share.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::process::{Child, Command};

use super::server::binaries;
use crate::scenario::wait::until;

/// After a kill a server goes through its log before it takes connections.
const START_LIMIT: Duration = Duration::from_secs(60);
const DATABASE: &str = "faults";

/// A server and its one database. It ends with this; its files lie in the folder that it was given.
#[derive(Debug)]
pub struct KillablePostgres {
    binaries: PathBuf,
    home: PathBuf,
    server: Option<Child>,
}

impl KillablePostgres {
    /// Makes a server in `home`, which must not exist, with an empty database.
    ///
    /// # Errors
    /// No PostgreSQL installed, or it does not start.
    pub async fn start(home: &Path) -> Result<Self> {
        let mut server = Self { binaries: binaries()?, home: home.to_owned(), server: None };
        server.make_home().await?;
        server.start_again().await?;
        let mut admin = PgConnection::connect(&server.url_of("postgres")).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {DATABASE}"))).execute(&mut admin).await?;
        admin.close().await?;
        Ok(server)
    }

    /// Makes a second server in `home` that follows this one, and has this one wait for it at each COMMIT from now on: what was
    /// acknowledged is at both.
    ///
    /// # Errors
    /// When it cannot be made, or does not follow.
    pub async fn follower(&self, home: &Path) -> Result<Self> {
        let mut follower = Self { binaries: self.binaries.clone(), home: home.to_owned(), server: None };
        follower.make_folders().await?;
        let mut copy = follower.command("pg_basebackup");
        copy.args(["-R", "-X", "stream", "-c", "fast", "-U", "sambac", "-h"]).arg(self.home.join("socket"));
        let output = copy.output().await?;
        ensure!(output.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&output.stderr));
        follower.start_again().await?;
        let mut admin = PgConnection::connect(&self.url()).await?;
        for sql in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
            sqlx::raw_sql(sql).execute(&mut admin).await?;
        }
        until("the second server follows", START_LIMIT, async || {
            let count = "SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            let following = sqlx::query_scalar::<_, i64>(count).fetch_one(&mut admin).await?;
            Ok((following > 0).then_some(()))
        })
        .await?;
        admin.close().await?;
        Ok(follower)
    }

    /// Has it follow nobody any more, and take writes.
    ///
    /// # Errors
    /// When it does not.
    pub async fn promote(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.url_of("postgres")).await?;
        let is_promoted = sqlx::query_scalar::<_, bool>("SELECT pg_promote()").fetch_one(&mut admin).await?;
        ensure!(is_promoted, "it follows still");
        Ok(admin.close().await?)
    }

    /// Where to connect past every proxy.
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The same through a proxy on a port of this machine.
    pub fn url_by(&self, port: u16) -> String {
        format!("postgres://sambac@127.0.0.1:{port}/{DATABASE}?sslmode=disable")
    }

    /// The socket on which it listens.
    pub fn socket(&self) -> PathBuf {
        self.home.join("socket/.s.PGSQL.5432")
    }

    /// Starts it after a kill, and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn start_again(&mut self) -> Result<()> {
        let url = self.url_of("postgres");
        until("the private PostgreSQL takes connections", START_LIMIT, async || {
            // It refuses to start while a process of the one that was killed is still there.
            if !self.runs()? {
                self.server = Some(self.spawn()?);
            }
            let Ok(connection) = PgConnection::connect(&url).await else { return Ok(None) };
            Ok(Some(connection.close().await?))
        })
        .await
        .with_context(|| std::fs::read_to_string(self.home.join("log")).unwrap_or_default())
    }

    /// kill -9 of the first process: the others end by themselves when they notice, and nothing is tidied up.
    ///
    /// # Errors
    /// When it had ended before.
    pub async fn kill_postmaster(&mut self) -> Result<()> {
        ensure!(self.runs()?, "PostgreSQL had ended before it was killed");
        let mut server = self.server.take().context("it runs")?;
        Ok(server.kill().await?)
    }

    /// kill -9 of one of the processes that serve the platform: PostgreSQL then ends all of them and recovers. False when there
    /// is none.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn kill_backend(&self) -> Result<bool> {
        let mut admin = PgConnection::connect(&self.url()).await?;
        let wanted = "SELECT pid FROM pg_stat_activity WHERE application_name = 'sambac'
            ORDER BY state = 'idle', xact_start LIMIT 1";
        let Some(pid) = sqlx::query_scalar::<_, i32>(wanted).fetch_optional(&mut admin).await? else {
            return Ok(false);
        };
        // No signal can be sent without unsafe code or another program. One that has just ended was not killed.
        Ok(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).stderr(Stdio::null()).status().await?.success())
    }

    /// Has everything that the server has in memory written into its files.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn checkpoint(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.url()).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut admin).await?;
        Ok(admin.close().await?)
    }

    /// Ends every process that serves the platform, as an administrator does.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn end_backends(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.url()).await?;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sambac'";
        sqlx::raw_sql(end).execute(&mut admin).await?;
        Ok(admin.close().await?)
    }

    fn runs(&mut self) -> Result<bool> {
        Ok(match &mut self.server {
            Some(server) => server.try_wait()?.is_none(),
            None => false,
        })
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres:///{database}?user=sambac&host={}", self.home.join("socket").display())
    }

    /// As root it is made for, and run by, a user who is not: the server refuses root.
    async fn make_folders(&self) -> Result<()> {
        let text = format!(
            "mkdir -p '{home}/socket' && if [ \"$(id -u)\" = 0 ]; then chown -R {USER} '{home}'; fi",
            home = self.home.display()
        );
        let made = Command::new("sh").args(["-c", &text]).status().await?;
        ensure!(made.success(), "making {}: {made}", self.home.display());
        Ok(())
    }

    async fn make_home(&self) -> Result<()> {
        self.make_folders().await?;
        let mut initdb = self.command("initdb");
        initdb.args(["-U", "sambac", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let output = initdb.output().await?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn spawn(&self) -> Result<Child> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.home.join("log"))?;
        let mut server = self.command("postgres");
        server.args(["-c", "listen_addresses=", "-c", "max_wal_size=2GB", "-c"]);
        server.arg(format!("unix_socket_directories={}", self.home.join("socket").display()));
        Ok(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn()?)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", AS_USER, "postgres"])
            .arg(self.binaries.join(program))
            .arg("-D")
            .arg(self.home.join("data"));
        command.current_dir(&self.home);
        command
    }
}

impl Drop for KillablePostgres {
    fn drop(&mut self) {
        let Some(pid) = self.server.as_ref().and_then(Child::id) else { return };
        // In good haste: it removes what it shares with its children, which a kill would leave.
        let _ = std::process::Command::new("sh").args(["-c", &format!("kill -QUIT {pid}; sleep 0.2")]).status();
    }
}

/// Whom the server runs as, when root starts it.
const USER: &str = "postgres";
const AS_USER: &str = r#"
if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups "$@"; fi
exec "$@"
"#;
