//! The server of a test run: found or started, and stopped by its watchdog.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const MISSING: &str = "no PostgreSQL server found: install it (Debian and Ubuntu: `apt-get install postgresql`, Fedora: \
`dnf install postgresql-server`, macOS: `brew install postgresql`), or put initdb and postgres on the PATH";

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    /// The run's folder: lock, and the socket of the server.
    folder: PathBuf,
    socket: PathBuf,
}

impl Server {
    /// The server of this test run; started when there is none.
    pub(super) async fn of_this_run() -> Result<Self> {
        let (run, owner) = this_run();
        let folder = std::env::temp_dir().join(format!("sambac-pg-{run}"));
        tokio::fs::create_dir_all(&folder).await.with_context(|| format!("creating {}", folder.display()))?;
        let ready = folder.join("ready");
        exclusively(&folder, async || {
            if !tokio::fs::try_exists(&ready).await? {
                start(&folder, owner).await?;
            }
            let socket = tokio::fs::read_to_string(&ready).await.context("reading where the server listens")?;
            Ok(Self { folder: folder.clone(), socket: PathBuf::from(socket.trim()) })
        })
        .await
    }

    /// The address of one of its databases.
    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?user=sambac&host={}", self.socket.display())
    }

    /// Runs `work` while no other process or thread of the run does so.
    pub(super) async fn exclusively<T>(&self, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        exclusively(&self.folder, work).await
    }
}

/// What names the run, and the process with which it ends: nextest, or this process.
fn this_run() -> (String, u32) {
    let own = std::process::id();
    match std::env::var("NEXTEST_RUN_ID") {
        Ok(run) => (run, std::os::unix::process::parent_id()),
        Err(_) => (own.to_string(), own),
    }
}

async fn exclusively<T>(folder: &Path, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    let path = folder.join("lock");
    let lock = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock().map(|()| file)
    });
    let lock = lock.await?.context("locking the run's folder")?;
    let result = work().await;
    drop(lock);
    result
}

/// Starts the watchdog, which starts the server, and waits until that accepts connections.
async fn start(folder: &Path, owner: u32) -> Result<()> {
    let binaries = binaries()?;
    let home = folder.join(format!("server-{}", std::process::id()));
    let mut watchdog = Command::new("setsid")
        .args(["sh", "-c", WATCHDOG, "sambac-pg-watchdog"])
        .args([&binaries, folder, &home])
        .arg(owner.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("starting the watchdog of the private PostgreSQL")?;
    let output = watchdog.stdout.take().context("the watchdog's output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    if line.as_deref() != Some("ready") {
        let log = tokio::fs::read_to_string(folder.join("log")).await.unwrap_or_default();
        bail!("the private PostgreSQL from {} does not start:\n{log}", binaries.display());
    }
    Ok(())
}

/// The newest folder that has `initdb` and `postgres`.
pub(super) fn binaries() -> Result<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut debian: Vec<PathBuf> = debian.collect();
    debian.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let debian = debian.into_iter().rev().map(|version| version.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let has_server = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    debian.chain(on_path).find(has_server).context(MISSING)
}

/// $1 binaries, $2 the run's folder, $3 the server's home, $4 the process with which the run ends.
///
/// The server refuses to run as root: then it becomes `postgres` or `nobody`. `SIGQUIT` stops it at once, without
/// a checkpoint, because its files are removed next. Waiting for a process that is no child means looking.
const WATCHDOG: &str = r#"
bin=$1 folder=$2 home=$3 owner=$4
as=
mkdir -p "$home/data" "$home/socket"
if [ "$(id -u)" = 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown -R "$user" "$home"
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
exec 2>"$folder/log"
server=
stop() {
    [ -z "$server" ] || { kill -QUIT "$server"; wait "$server"; }
    rm -rf "$folder"
}
trap 'stop; exit 0' HUP INT TERM
cd "$home" || exit 1
$as "$bin/initdb" -D "$home/data" -U sambac -A trust -E UTF8 --locale=C --no-sync >&2 || exit 1
$as "$bin/postgres" -D "$home/data" -c listen_addresses= -c unix_socket_directories="$home/socket" \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=400 \
    -c shared_buffers=64MB -c max_wal_size=256MB -c autovacuum=off >&2 &
server=$!
until [ -S "$home/socket/.s.PGSQL.5432" ] && "$bin/pg_isready" -q -h "$home/socket"; do
    kill -0 "$server" || exit 1
    sleep 0.05
done
echo "$home/socket" >"$folder/ready"
echo ready
exec >/dev/null
while kill -0 "$owner" && kill -0 "$server"; do
    sleep 0.3
done 2>/dev/null
stop
"#;
