//! The broker by which work goes to other nodes, as configured.

use sambac_bus::work::WorkQueues;
use sambac_engine::work::WorkSettings;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// The broker and its queues; `None` when each process does all of its work itself.
pub(crate) fn settings(config: &Config) -> Result<Option<WorkSettings>, Failure> {
    let Some(url) = &config.queue.url else { return Ok(None) };
    let wrong = |error| Failure::because(Exit::Configuration, format!("queue.url: {error}"));
    Ok(Some(WorkSettings {
        url: url.expose().parse().map_err(wrong)?,
        queues: WorkQueues::new(&config.queue.prefix),
    }))
}
