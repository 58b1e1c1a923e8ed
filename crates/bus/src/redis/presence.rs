//! Which nodes are there: each tells it again and again, and who has not told it for a while is gone.

use std::time::Duration;

use redis::ScriptInvocation;

use super::{CONNECT_TIMEOUT, Redis, RedisError, Shared};

/// Nodes that are told of: as many as there can be (`node` is 0 to 63).
pub const NODES_MAX: u32 = 64;
/// A node that has not told for so long that it is there, is not.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// The time is Redis's own, so that clocks of nodes may differ. A key that is something else than ours was written by somebody else.
///
/// KEYS: the nodes. ARGV: this node, and for how many ms it counts as there (0: it goes).
pub(super) const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local lives = tonumber(ARGV[2])
if lives > 0 then
  redis.call('ZADD', KEYS[1], now + lives, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], 2 * lives)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, 63)
";

impl Redis {
    /// Tells that this node is there. Answers which nodes are, this one among them; 64 at most.
    ///
    /// # Errors
    /// [`RedisError`]; the connection is let go then.
    pub async fn beat(&self, node: &str) -> Result<Vec<String>, RedisError> {
        self.ask(&here(&self.0, node), CONNECT_TIMEOUT).await
    }

    /// Tells that this node goes.
    ///
    /// # Errors
    /// [`RedisError`]; others learn it by its silence then.
    pub async fn leave(&self, node: &str) -> Result<(), RedisError> {
        let _others: Vec<String> = self.ask(&told(&self.0, node, 0), CONNECT_TIMEOUT).await?;
        Ok(())
    }
}

/// That a node is there.
pub(super) fn here<'a>(shared: &'a Shared, node: &str) -> ScriptInvocation<'a> {
    told(shared, node, GONE_AFTER.as_millis())
}

fn told<'a>(shared: &'a Shared, node: &str, lives_ms: u128) -> ScriptInvocation<'a> {
    let mut script = shared.scripts.beat.key(format!("{}nodes", shared.prefix));
    script.arg(node).arg(lives_ms.to_string());
    script
}
