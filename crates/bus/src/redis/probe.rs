//! Looks at a Redis without changing anything there.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, cmd};

use super::{CONNECT_TIMEOUT, RedisError, RedisSettings, is_stranger, link, tls};

/// Questions by which the time of an answer is found.
const TRIES: u32 = 5;

/// What a Redis says of itself. What it does not tell, or does not tell us, is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisFacts {
    /// As in `7.0.15`.
    pub version: Option<String>,
    /// `master`, or `slave` of another one.
    pub role: Option<String>,
    /// Whether it is a node of a Redis cluster.
    pub is_cluster: bool,
    /// Octets that it may take; 0: as many as there are.
    pub maxmemory_octets: Option<u64>,
    /// What it does when it has them.
    pub maxmemory_policy: Option<String>,
    /// Octets that it has.
    pub used_octets: Option<u64>,
    /// Whether it writes each change to a disk.
    pub appends: Option<bool>,
    /// Whether we may run scripts there.
    pub runs_scripts: bool,
    /// The shortest of some answers.
    pub answer_after: Duration,
}

/// Connects and asks.
///
/// # Errors
/// [`RedisError`] when it cannot be reached, or does not let us in.
pub async fn probe(settings: &RedisSettings) -> Result<RedisFacts, RedisError> {
    let tls = settings.url.is_tls().then(|| tls::connector(settings.ca_file.as_deref())).transpose()?;
    let link = link::dial(&settings.url, tls.as_ref(), CONNECT_TIMEOUT).await?;
    let asking = async {
        let mut connection = link.connection();
        let answer_after = answer_after(&mut connection).await?;
        let info = info(&mut connection).await?;
        let told = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        let number = |name: &str| told(name).and_then(|value| value.parse().ok());
        Ok(RedisFacts {
            version: told("redis_version"),
            role: told("role"),
            is_cluster: told("cluster_enabled").is_some_and(|value| value == "1"),
            maxmemory_octets: number("maxmemory"),
            maxmemory_policy: told("maxmemory_policy"),
            used_octets: number("used_memory"),
            appends: told("aof_enabled").map(|value| value == "1"),
            runs_scripts: runs_scripts(&mut connection).await,
            answer_after,
        })
    };
    let limit = CONNECT_TIMEOUT * 5;
    tokio::time::timeout(limit, asking).await.map_err(|_| RedisError::Timeout(limit))?
}

/// A user may be without the right to ask.
async fn info(connection: &mut MultiplexedConnection) -> Result<String, RedisError> {
    let info: RedisResult<String> = cmd("INFO").query_async(connection).await;
    match info {
        Err(error) if is_stranger(&error) => Ok(String::new()),
        info => Ok(info?),
    }
}

async fn answer_after(connection: &mut MultiplexedConnection) -> Result<Duration, RedisError> {
    let mut shortest = Duration::MAX;
    for _ in 0..TRIES {
        let begun = Instant::now();
        let _pong: String = cmd("PING").query_async(connection).await?;
        shortest = shortest.min(begun.elapsed());
    }
    Ok(shortest)
}

async fn runs_scripts(connection: &mut MultiplexedConnection) -> bool {
    let answer: RedisResult<i64> = cmd("EVAL").arg("return 1").arg(0).query_async(connection).await;
    answer.is_ok_and(|answer| answer == 1)
}
