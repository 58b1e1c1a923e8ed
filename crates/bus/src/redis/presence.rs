//! Which nodes are there, and which clients have bound at them: each node tells it again and again, and who has not told it for a while is gone.
//!
//! What a node tells of its binds is a text with a number before it that changes with the text, so that others read it when it has changed, and only then.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::ScriptInvocation;

use super::{CONNECT_TIMEOUT, Redis, RedisError, Shared};

/// Nodes that are told of: as many as there can be (`node` is 0 to 63).
pub const NODES_MAX: u32 = 64;
/// A node that has not told for so long that it is there, is not.
const GONE_AFTER: Duration = Duration::from_secs(5);
/// Octets of the number before a node's binds.
const VERSION_OCTETS: usize = 16;
/// Octets of a node's binds that are read: of ten times as many clients as a node takes by default.
const BINDS_OCTETS_MAX: usize = 1 << 20;

/// The time is Redis's own, so that clocks of nodes may differ. A key that is something else than ours was written by somebody else.
///
/// KEYS: the nodes, and this node's binds. ARGV: this node, for how many ms it counts as there (0: it goes), its binds if they are to be written, what
/// the keys of binds begin with. Answers: whether its binds are there (1 or 0), then each node and the number of its binds.
pub(super) const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local lives, kept = tonumber(ARGV[2]), 0
if lives > 0 then
  redis.call('ZADD', KEYS[1], now + lives, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], 2 * lives)
  if ARGV[3] ~= '' then
    redis.call('SET', KEYS[2], ARGV[3])
  end
  kept = redis.call('PEXPIRE', KEYS[2], 2 * lives)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('DEL', KEYS[2])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local answer = { tostring(kept) }
for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, 63)) do
  local key = ARGV[4] .. node
  local version = ''
  if redis.call('TYPE', key).ok == 'string' then version = redis.call('GETRANGE', key, 0, 15) end
  answer[#answer + 1] = node
  answer[#answer + 1] = version
end
return answer
";

/// Binds of clients at one node: how many each SMPP account has, by its number.
pub type Binds = BTreeMap<i64, u32>;

/// What one node knows of all that are there.
#[derive(Debug, Default)]
pub struct Presence {
    /// Of this node: what it was told to be, and whether Redis has it.
    own: String,
    is_told: bool,
    version: u64,
    /// Each node that is there, with the number of its binds and the binds themselves.
    nodes: BTreeMap<String, (String, Binds)>,
}

impl Presence {
    /// The nodes that are there, and the binds at each.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Binds)> {
        self.nodes.iter().map(|(node, (_, binds))| (node.as_str(), binds))
    }

    /// What is to be written of this node's binds; empty when Redis has it.
    fn news(&mut self, binds: &Binds) -> String {
        let text = written(binds);
        if text != self.own {
            (self.own, self.is_told) = (text, false);
            self.version = self.version.wrapping_add(1);
        }
        if self.is_told { String::new() } else { format!("{:0VERSION_OCTETS$x}{}", self.version, self.own) }
    }

    /// Takes an answer; the nodes whose binds are to be read.
    fn take(&mut self, answer: &[String]) -> Vec<String> {
        let Some((kept, nodes)) = answer.split_first() else { return Vec::new() };
        self.is_told = kept == "1";
        let (mut before, mut unread) = (std::mem::take(&mut self.nodes), Vec::new());
        for [node, version] in nodes.as_chunks().0 {
            let known = before.remove(node).filter(|(known, _)| known == version);
            if known.is_none() && !version.is_empty() {
                unread.push(node.clone());
            }
            self.nodes.insert(node.clone(), known.unwrap_or_default());
        }
        unread
    }

    fn learn(&mut self, node: &str, text: &str) {
        if let Some((version, binds)) = text.split_at_checked(VERSION_OCTETS) {
            self.nodes.insert(node.to_owned(), (version.to_owned(), read(binds)));
        }
    }
}

impl Redis {
    /// Tells that this node is there, and its binds where they are new; learns the same of the others.
    ///
    /// # Errors
    /// [`RedisError`]; the connection is let go then.
    pub async fn beat(&self, node: &str, binds: &Binds, presence: &mut Presence) -> Result<(), RedisError> {
        let answer: Vec<Vec<u8>> =
            self.ask(&told(&self.0, node, GONE_AFTER, &presence.news(binds)), CONNECT_TIMEOUT).await?;
        let unread = presence.take(&texts(&answer));
        for other in unread {
            let key = bound_at(&self.0, &other);
            if let Some(text) = self.read(&key, BINDS_OCTETS_MAX).await? {
                presence.learn(&other, &text);
            }
        }
        Ok(())
    }

    /// Tells that this node goes.
    ///
    /// # Errors
    /// [`RedisError`]; others learn it by its silence then.
    pub async fn leave(&self, node: &str) -> Result<(), RedisError> {
        let _others: Vec<Vec<u8>> = self.ask(&told(&self.0, node, Duration::ZERO, ""), CONNECT_TIMEOUT).await?;
        Ok(())
    }
}

/// That a node is there, for who has only just connected: its binds are told by its first beat. The nodes are in every second place of the answer.
pub(super) fn here<'a>(shared: &'a Shared, node: &str) -> ScriptInvocation<'a> {
    told(shared, node, GONE_AFTER, "")
}

/// The nodes of an answer.
pub(super) fn nodes(answer: &[Vec<u8>]) -> Vec<String> {
    texts(answer).into_iter().skip(1).step_by(2).collect()
}

/// Somebody else may have written what is no text.
fn texts(answer: &[Vec<u8>]) -> Vec<String> {
    answer.iter().map(|octets| String::from_utf8_lossy(octets).into_owned()).collect()
}

fn told<'a>(shared: &'a Shared, node: &str, lives: Duration, news: &str) -> ScriptInvocation<'a> {
    let mut script = shared.scripts.beat.key(format!("{}nodes", shared.prefix));
    script.key(bound_at(shared, node)).arg(node).arg(lives.as_millis().to_string()).arg(news).arg(bound_at(shared, ""));
    script
}

fn bound_at(shared: &Shared, node: &str) -> String {
    format!("{}bound:{node}", shared.prefix)
}

fn written(binds: &Binds) -> String {
    binds
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(account, count)| format!("{account}={count}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What is not ours is left out.
fn read(text: &str) -> Binds {
    let bind = |word: &str| {
        let (account, count) = word.split_once('=')?;
        Some((account.parse().ok()?, count.parse().ok()?))
    };
    text.split(' ').filter_map(bind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_written_and_read_and_what_is_not_ours_is_left_out() {
        let binds: Binds = [(7, 2), (9, 1), (11, 0)].into();
        assert_eq!(written(&binds), "7=2 9=1");
        assert_eq!(read("7=2 9=1"), [(7, 2), (9, 1)].into());
        for text in ["", " ", "7", "=", "7=x", "x=7", "7=-1", "7=1=2"] {
            assert_eq!(read(text), Binds::new(), "{text}");
        }
    }

    /// What is told is told once, until it changes or Redis has lost it; what others tell is read when it has changed.
    #[test]
    fn only_news_is_told_and_read() {
        let (mut presence, binds) = (Presence::default(), Binds::from([(7, 2)]));
        let answer = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(presence.news(&binds).ends_with("7=2"));
        assert_eq!(presence.take(&answer(&["1", "0/a", "v1", "1/b", "w1"])), ["0/a", "1/b"]);
        assert_eq!(presence.news(&binds), "");
        presence.learn("1/b", "000000000000000w8=1");
        assert_eq!(presence.take(&answer(&["1", "1/b", "000000000000000w"])), Vec::<String>::new());
        assert_eq!(presence.nodes().collect::<Vec<_>>(), [("1/b", &Binds::from([(8, 1)]))]);
        assert_eq!(presence.take(&answer(&["0", "1/b", "000000000000000x"])), ["1/b"], "it has changed");
        assert!(presence.news(&binds).ends_with("7=2"), "Redis has lost it");
        assert!(presence.news(&Binds::new()).len() == VERSION_OCTETS, "nobody is bound any more");
    }
}
