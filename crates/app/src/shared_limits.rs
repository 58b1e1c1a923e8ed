//! Where limits are counted that several nodes share, as configured.

use std::time::Duration;

use sambac_bus::redis::{RedisSettings, RedisUrl};
use sambac_engine::rate::SharedLimitSettings;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Redis, and how it is asked; `None` when this node is alone.
pub(crate) fn settings(config: &Config) -> Result<Option<SharedLimitSettings>, Failure> {
    let redis = &config.redis;
    let Some(url) = &redis.url else { return Ok(None) };
    let url: RedisUrl =
        url.expose().parse().map_err(|error| Failure::because(Exit::Configuration, format!("redis.url: {error}")))?;
    let settings = RedisSettings {
        ca_file: redis.ca_file.clone(),
        timeout: Duration::from_millis(redis.timeout_ms),
        ..RedisSettings::new(url)
    };
    Ok(Some(SharedLimitSettings { redis: settings, nodes_min: redis.nodes_min }))
}
