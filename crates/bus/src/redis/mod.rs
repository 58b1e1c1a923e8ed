//! Redis, or what speaks its protocol: counters that several nodes share, and who of them is there.
//!
//! A cache, never the only copy: whatever is in it may go at any moment. Nothing waits for it longer than its time, and every answer may be
//! an error, upon which the asker goes by what it knows itself. A [`Redis`] is made without a connection; whoever looks after it
//! [connects](Redis::connect) again and again, and shows with each [beat](Redis::beat) that its node is there. The first request that fails
//! lets the connection go, so that no other one waits for it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sambac_bus::redis::{Ask, Redis, RedisSettings};
//!
//! let settings = RedisSettings::new("redis://127.0.0.1:6379".parse()?);
//! let redis = Redis::new(&settings, "3f9a02c1")?;
//! let nodes = redis.connect("0/5b1c").await?;
//! let decided = redis.decide(&[Ask { counter: "send:acc_1".into(), interval_ns: 10_000_000, burst: 20, count: 1 }]).await?;
//! # Ok(())
//! # }
//! ```

mod gcra;
mod link;
mod presence;
mod probe;
mod tls;
mod url;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use redis::{ErrorKind, FromRedisValue, Script, ScriptInvocation, ServerErrorKind};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub use gcra::{Ask, Counted, Decided, Refused};
pub use presence::{Binds, NODES_MAX, Presence};
pub use probe::{RedisFacts, probe};
pub use url::{RedisUrl, RedisUrlError};

use link::Link;

/// How long a connection may take to come about, and whatever nobody waits for with a request in hand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Where Redis is, and how it is asked.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// Where it is.
    pub url: RedisUrl,
    /// Authorities (PEM) of its certificate; those of the system if there is none.
    pub ca_file: Option<PathBuf>,
    /// How long a decision is waited for.
    pub timeout: Duration,
}

impl RedisSettings {
    /// With the defaults.
    #[must_use]
    pub const fn new(url: RedisUrl) -> Self {
        Self { url, ca_file: None, timeout: Duration::from_millis(50) }
    }
}

/// Redis did not do it. No text has a password in it.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// There is no connection for now.
    #[error("there is no connection")]
    Away,
    /// It cannot be reached.
    #[error("cannot be reached: {0}")]
    Connect(#[from] std::io::Error),
    /// It does not answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// It refused, or the connection broke.
    #[error("{0}")]
    Refused(String),
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// A cheap handle.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    url: RedisUrl,
    tls: Option<TlsConnector>,
    timeout: Duration,
    /// What all our keys begin with: one slot of a Redis cluster.
    prefix: String,
    link: ArcSwapOption<Link>,
    lost: Notify,
    scripts: Scripts,
}

struct Scripts {
    decide: Script,
    beat: Script,
}

impl Redis {
    /// Without a connection. `platform` tells platforms apart that share a Redis.
    ///
    /// # Errors
    /// When the authorities of its certificate cannot be read.
    pub fn new(settings: &RedisSettings, platform: &str) -> Result<Self, RedisError> {
        let RedisSettings { url, ca_file, timeout } = settings;
        let tls = url.is_tls().then(|| tls::connector(ca_file.as_deref())).transpose()?;
        Ok(Self(Arc::new(Shared {
            url: url.clone(),
            tls,
            timeout: *timeout,
            prefix: format!("sambac:{{{platform}}}:"),
            link: ArcSwapOption::empty(),
            lost: Notify::new(),
            scripts: Scripts { decide: Script::new(gcra::SCRIPT), beat: Script::new(presence::SCRIPT) },
        })))
    }

    /// Where it is, without its password.
    #[must_use]
    pub fn url(&self) -> &RedisUrl {
        &self.0.url
    }

    /// Whether it can be asked now.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.link.load().is_some()
    }

    /// Connects, and tells that this node is there. Answers which nodes are.
    ///
    /// # Errors
    /// [`RedisError`]; everything stays as it was then.
    pub async fn connect(&self, node: &str) -> Result<Vec<String>, RedisError> {
        let link = link::dial(&self.0.url, self.0.tls.as_ref(), CONNECT_TIMEOUT).await?;
        // Only one that takes what is written can be counted on: a replica cannot, nor one that is full.
        let answer: Vec<Vec<u8>> = ask(&link, &presence::here(&self.0, node), CONNECT_TIMEOUT).await?;
        self.0.link.store(Some(Arc::new(link)));
        Ok(presence::nodes(&answer))
    }

    /// Waits until a request has failed, and with it the connection.
    pub async fn until_lost(&self) {
        let lost = self.0.lost.notified();
        if self.is_there() {
            lost.await;
        }
    }

    /// What all our keys begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Asks within `limit`. The first failure lets the connection go.
    async fn ask<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>, limit: Duration) -> Result<T, RedisError> {
        let link = self.0.link.load_full().ok_or(RedisError::Away)?;
        let answer = ask(&link, script, limit).await;
        self.heed(&link, answer)
    }

    /// The text of a key, as much of it as may be; `None` when it is none.
    async fn read(&self, key: &str, octets_max: usize) -> Result<Option<String>, RedisError> {
        let link = self.0.link.load_full().ok_or(RedisError::Away)?;
        let mut connection = link.connection();
        let mut range = redis::cmd("GETRANGE");
        let asking = range.arg(key).arg(0).arg(octets_max - 1).query_async::<Vec<u8>>(&mut connection);
        let answer = match timeout(CONNECT_TIMEOUT, asking).await {
            Ok(answer) => answer.map_err(RedisError::from),
            Err(_) => Err(RedisError::Timeout(CONNECT_TIMEOUT)),
        };
        Ok(String::from_utf8(self.heed(&link, answer)?).ok())
    }

    /// A failure lets the connection go.
    fn heed<T>(&self, link: &Arc<Link>, answer: Result<T, RedisError>) -> Result<T, RedisError> {
        if answer.is_err() {
            let was = self.0.link.compare_and_swap(link, None);
            if was.as_ref().is_some_and(|was| Arc::ptr_eq(was, link)) {
                self.0.lost.notify_waiters();
            }
        }
        answer
    }
}

async fn ask<T: FromRedisValue>(link: &Link, script: &ScriptInvocation<'_>, limit: Duration) -> Result<T, RedisError> {
    let mut connection = link.connection();
    let answer = timeout(limit, script.invoke_async(&mut connection)).await;
    answer.map_err(|_| RedisError::Timeout(limit))?.map_err(RedisError::from)
}

/// Whether it says that who asks is not let in.
fn is_stranger(error: &redis::RedisError) -> bool {
    matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm))
}
