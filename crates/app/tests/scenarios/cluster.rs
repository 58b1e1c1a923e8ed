//! Several nodes on one PostgreSQL database: one works, the others wait; and what becomes of messages when the one is killed,
//! drained, or stands still for a while and goes on. With a broker the others send.

mod asked;
mod away;
mod carried;
mod doors;
mod killed;
mod lost;
mod promoted;
mod queued;
mod short;
mod standby;
mod versions;

use anyhow::Result;
use sambac_bus::work::{WorkBroker, WorkQueues};

/// A link of the test's own to the broker, and the names of what nodes have there.
pub(crate) async fn broker(url: &str) -> Result<(WorkBroker, WorkQueues)> {
    let queues = WorkQueues::new("sambac");
    let broker = WorkBroker::connect(&url.parse()?, queues.clone(), "test").await?;
    Ok((broker, queues))
}
