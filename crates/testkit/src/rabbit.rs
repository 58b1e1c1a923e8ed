//! A private RabbitMQ for one test, from the installed programs: with its own node, ports and folder, to be killed and started again; or
//! three of them as a cluster.
//!
//! A shell watches over it: when the test is gone, however it ended, the server is killed and its files are removed.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let mut rabbit = sambac_testkit::rabbit::Rabbit::start().await?;
//! println!("{}", rabbit.url());
//! rabbit.kill_9().await?;
//! rabbit.start_again().await?;
//! # Ok(())
//! # }
//! ```

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::Rng as _;
use tokio::net::TcpStream;

use crate::scenario::wait::{until, until_true};
use crate::unique;
use crate::watchdog::Watchdog;

const MISSING: &str = "no RabbitMQ server found: run tools/setup test, or install it (Debian and Ubuntu: `apt-get install rabbitmq-server`)";
/// Erlang takes its time on a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A broker of its own; it goes away with the test.
#[derive(Debug)]
pub struct Rabbit {
    port: u16,
    home: PathBuf,
    watchdog: Watchdog,
}

impl Rabbit {
    /// Starts one, and waits until it takes connections.
    ///
    /// # Errors
    /// No RabbitMQ is installed (the text says what to run), or it does not start.
    pub async fn start() -> Result<Self> {
        let name = unique();
        let mut rabbit = Self::prepare(&name, free_port()?, true, &[])?;
        rabbit.start_again().await?;
        Ok(rabbit)
    }

    /// Starts three that make up a cluster.
    ///
    /// # Errors
    /// As [`Rabbit::start`].
    pub async fn cluster() -> Result<[Self; 3]> {
        let (name, names_port) = (unique(), free_port()?);
        let nodes = [1, 2, 3].map(|number| format!("{name}-{number}"));
        let prepare = |number: usize| Self::prepare(&nodes[number], names_port, number == 0, &nodes);
        let mut all = [prepare(0)?, prepare(1)?, prepare(2)?];
        let [one, two, three] = &mut all;
        tokio::try_join!(one.start_again(), two.start_again(), three.start_again())?;
        one.watchdog.order("await").await?;
        Ok(all)
    }

    /// One that is not started yet. One of those that share a name server has it.
    fn prepare(name: &str, names_port: u16, has_names: bool, cluster: &[String]) -> Result<Self> {
        let home = std::env::temp_dir().join(format!("sambac-rabbit-{name}"));
        std::fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
        let port = free_port()?;
        let (server, node) = (server()?, format!("sambac-{name}@localhost"));
        let ports = [port, names_port, free_port()?].map(|port| port.to_string());
        let peers: Vec<_> = cluster.iter().map(|name| format!("sambac-{name}@localhost")).collect();
        let (names, peers) = (if has_names { "names" } else { "" }, peers.join(" "));
        let named = [server.as_os_str(), home.as_os_str(), OsStr::new(&node)];
        let arguments = named.into_iter().chain(ports.iter().map(OsStr::new)).chain([names, &peers].map(OsStr::new));
        let watchdog = Watchdog::start("sambac-rabbit-watchdog", WATCHDOG, arguments)?;
        Ok(Self { port, home, watchdog })
    }

    /// Where it listens: `host:port`.
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port of this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where to connect.
    pub fn url(&self) -> String {
        self.url_by(self.port)
    }

    /// The same by another port, which leads there.
    pub fn url_by(&self, port: u16) -> String {
        format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
    }

    /// kill -9; returns when it is gone.
    ///
    /// # Errors
    /// When the watchdog is gone itself.
    pub async fn kill_9(&mut self) -> Result<()> {
        self.watchdog.order("kill").await?;
        // A process that was killed keeps its files and ports for a moment, in which another one would not start.
        let port = self.port;
        let is_gone = async || Ok(TcpStream::connect(("127.0.0.1", port)).await.is_err());
        until_true("the private RabbitMQ is gone", is_gone).await
    }

    /// Starts it again on the files that it had, and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not start; the text is the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        self.begin_again().await?;
        self.until_it_listens().await
    }

    /// Starts it again on the files that it had: one that waits for others of its cluster takes connections when they are there.
    ///
    /// # Errors
    /// When the watchdog is gone itself.
    pub async fn begin_again(&mut self) -> Result<()> {
        self.watchdog.order("start").await
    }

    /// What it has written to its log.
    ///
    /// # Errors
    /// When there is none.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.home.join("log"))?)
    }

    /// It finds itself short of memory, and takes nothing from whoever publishes.
    ///
    /// # Errors
    /// When the watchdog is gone itself.
    pub async fn runs_short(&mut self) -> Result<()> {
        self.watchdog.order("short").await
    }

    /// It has memory again.
    ///
    /// # Errors
    /// When the watchdog is gone itself.
    pub async fn has_enough(&mut self) -> Result<()> {
        self.watchdog.order("enough").await
    }

    /// Waits until it takes connections.
    ///
    /// # Errors
    /// When it does not; the text is the end of its log.
    pub async fn until_it_listens(&self) -> Result<()> {
        let listens = async || Ok(TcpStream::connect(("127.0.0.1", self.port)).await.ok());
        let log = || {
            let log = self.log().unwrap_or_default();
            log.lines().rev().take(20).collect::<Vec<_>>().join("\n")
        };
        until("the private RabbitMQ listens", START_LIMIT, listens).await.with_context(log).map(drop)
    }
}

/// A port that nobody has now, below those that the system gives to clients: one of these would be in the way of a server that comes back. The server
/// cannot be asked for any free one.
fn free_port() -> Result<u16> {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let tried = (0..100).map(|_| rand::rng().random_range(10_000..30_000));
    tried.into_iter().find(is_free).context("no port is free")
}

/// The script of the newest server; Debian's own would become another user and use the system's folders.
fn server() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut servers: Vec<PathBuf> = versions.map(|version| version.join("sbin/rabbitmq-server")).collect();
    servers.retain(|server| server.exists());
    servers.sort();
    servers.pop().context(MISSING)
}

/// $1 server, $2 home, $3 node, $4 port, $5 port of the name server, $6 port of the node for other nodes, $7 whether the name server is this
/// one's, $8 the nodes of its cluster.
///
/// Words on its input start and kill the server, which is a process group of its own; at the end of the input everything ends.
/// Erlang's name server would outlive the test if RabbitMQ started it. As root the server becomes another user.
const WATCHDOG: &str = r#"
server=$1 home=$2 node=$3 port=$4 names=$5 nodes=$6 has_names=$7 peers=$8
as=
if [ "$(id -u)" = 0 ]; then
    user=rabbitmq
    id "$user" >/dev/null 2>&1 || user=nobody
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
cd "$home" || exit 1
echo sambac >.erlang.cookie
chmod 400 .erlang.cookie
[ -z "$as" ] || chown -R "$user" "$home"
echo '[].' >plugins
printf 'loopback_users = none\nlisteners.tcp.1 = 127.0.0.1:%s\nqueue_index_embed_msgs_below = 4096\n' "$port" >rabbitmq.conf
number=0
for peer in $peers; do
    number=$((number + 1))
    printf 'cluster_formation.classic_config.nodes.%s = %s\n' "$number" "$peer" >>rabbitmq.conf
done
: >env
export HOME="$home" ERL_EPMD_PORT="$names" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME="$node" \
    RABBITMQ_DIST_PORT="$nodes" RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/logs" RABBITMQ_LOGS=- \
    RABBITMQ_ENABLED_PLUGINS_FILE="$home/plugins" RABBITMQ_CONF_ENV_FILE="$home/env" RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" \
    RABBITMQ_PID_FILE="$home/pid" RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}"
names_pid=
[ -z "$has_names" ] || { $as epmd -port "$names" -address 127.0.0.1 >/dev/null 2>&1 </dev/null & names_pid=$!; }
group=
end_server() { env kill -9 -- "-$group"; wait "$group"; group=; }
control() { $as "${server%/*}/rabbitmqctl" -n "$node" "$@" >>log 2>&1 </dev/null; }
while read -r word; do
    case $word in
    start) setsid $as "$server" >>log 2>&1 </dev/null & group=$! ;;
    kill) end_server ;;
    await) control await_online_nodes 3 ;;
    short) control set_vm_memory_high_watermark 0 ;;
    enough) control set_vm_memory_high_watermark 0.4 ;;
    esac
    echo "$word"
done
[ -z "$group" ] || end_server
[ -z "$names_pid" ] || kill -9 "$names_pid"
cd /
rm -rf "$home"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    /// It listens, is gone when it is killed, and listens again afterwards.
    #[tokio::test]
    async fn a_broker_is_started_killed_and_started_again() {
        let mut rabbit = Rabbit::start().await.unwrap();
        let connect = async |port: u16| TcpStream::connect(("127.0.0.1", port)).await;
        rabbit.kill_9().await.unwrap();
        assert!(connect(rabbit.port).await.is_err());
        rabbit.start_again().await.unwrap();
        assert!(connect(rabbit.port).await.is_ok());
    }
}
