//! Decides in Redis whether something may pass: the generic cell rate algorithm (ITU-T I.371, annex A) over all limits that apply, in one
//! round trip. It takes of all of them, or of none.
//!
//! A counter is the moment at which its bucket is full again, by Redis's own clock. One that is full is as good as none, and expires.

use std::fmt::Write as _;
use std::time::Duration;

use redis::ScriptInvocation;
use smallvec::SmallVec;

use super::{Redis, RedisError};

/// Moments are counted from the beginning of 2026, so that the fractions of a microsecond that Lua's numbers have stay exact enough.
///
/// What is kept can be no further ahead than what was taken makes it: garbage, or a clock that was set back, holds nobody up for longer.
///
/// KEYS: a counter each. ARGV: now in µs, or nothing for Redis's own time; then for each counter the µs from one to the next, the µs of a burst, how many
/// are asked for. Answers: which one refuses (0: none), after how many µs it would not, then of each the µs until it is full and how many would pass.
pub(super) const SCRIPT: &str = r"
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = (time[1] - 1767225600) * 1000000 + time[2]
end
local stored = redis.call('MGET', unpack(KEYS))
local limits, refusing, wait = {}, 0, 0
for i = 1, #KEYS do
  local interval, burst, count = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local most = now + math.max(burst, 255 * interval)
  local full_at = tonumber(stored[i] or '') or now
  if not (full_at <= most) then full_at = most end
  if not (full_at > now) then full_at = now end
  local after = full_at + count * interval
  limits[i] = { interval = interval, burst = burst, full_at = full_at, after = after }
  if refusing == 0 and full_at > now and after > now + burst + 0.5 then
    refusing = i
    wait = math.min(after - burst, full_at) - now
  end
end
local answer = { refusing, math.floor(wait + 0.5) }
for i = 1, #KEYS do
  local limit = limits[i]
  local missing = limit.full_at - now
  if refusing == 0 then
    missing = limit.after - now
    redis.call('SET', KEYS[i], string.format('%.3f', limit.after), 'PX', math.ceil(missing / 1000) + 10000)
  end
  answer[2 * i + 1] = math.floor(missing + 0.5)
  answer[2 * i + 2] = math.max(0, math.floor((limit.burst - missing + 0.1) / limit.interval))
end
return answer
";

/// What is asked of one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which counter: no secret, and no number that is somebody's.
    pub counter: String,
    /// Nanoseconds from one to the next; above 0.
    pub interval_ns: u64,
    /// How many pass at once after a quiet time; above 0.
    pub burst: u32,
    /// How many are asked for. More than the burst pass when the bucket is full.
    pub count: u8,
}

/// One limit after a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Until as many pass as ever would.
    pub full_in: Duration,
    /// How many would pass now.
    pub remaining: u32,
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The first that does, by its place.
    pub place: usize,
    /// After which time it would not.
    pub wait: Duration,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// `None`: it passes, and was taken of all of them.
    pub refused: Option<Refused>,
    /// All of them, in their order.
    pub counted: SmallVec<[Counted; 4]>,
}

impl Redis {
    /// Takes of all these limits, or of none. Nothing is asked when there is none.
    ///
    /// # Errors
    /// [`RedisError`], within the time that was set; it may have been taken then. The connection is let go.
    pub async fn decide(&self, asks: &[Ask]) -> Result<Decided, RedisError> {
        self.decide_at(asks, None).await
    }

    /// The same at a moment, in µs since the beginning of 2026, instead of Redis's own.
    ///
    /// # Errors
    /// As [`Redis::decide`].
    pub async fn decide_at(&self, asks: &[Ask], now_us: Option<u64>) -> Result<Decided, RedisError> {
        if asks.is_empty() {
            return Ok(Decided { refused: None, counted: SmallVec::new() });
        }
        let answer: Vec<i64> = self.ask(&self.asked(asks, now_us), self.0.timeout).await?;
        read(&answer, asks.len()).ok_or_else(|| RedisError::Refused("its answer makes no sense".to_owned()))
    }

    fn asked(&self, asks: &[Ask], now_us: Option<u64>) -> ScriptInvocation<'_> {
        let mut script = self.0.scripts.decide.prepare_invoke();
        script.arg(now_us.map(|at| at.to_string()).unwrap_or_default());
        for Ask { counter, interval_ns, burst, count } in asks {
            script.key(format!("{}{counter}", self.0.prefix));
            script.arg(micros(*interval_ns)).arg(micros(interval_ns.saturating_mul(u64::from(*burst)))).arg(*count);
        }
        script
    }
}

/// Nanoseconds as microseconds with three decimals.
fn micros(ns: u64) -> String {
    let mut text = (ns / 1_000).to_string();
    // A text takes whatever is written.
    let _ = write!(text, ".{:03}", ns % 1_000);
    text
}

fn read(answer: &[i64], limits: usize) -> Option<Decided> {
    let [refusing, wait_us, rest @ ..] = answer else { return None };
    let duration = |us: &i64| Duration::from_micros(u64::try_from(*us).unwrap_or_default());
    let counted: SmallVec<[Counted; 4]> = rest
        .as_chunks()
        .0
        .iter()
        .map(|[full_us, remaining]| Counted {
            full_in: duration(full_us),
            remaining: u32::try_from(*remaining).unwrap_or(u32::MAX),
        })
        .collect();
    let refusing = usize::try_from(*refusing).ok()?;
    let refused = refusing.checked_sub(1).map(|place| Refused { place, wait: duration(wait_us) });
    (counted.len() == limits && refusing <= limits).then_some(Decided { refused, counted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_what_is_none_is_refused() {
        let passed = read(&[0, 0, 1_500, 3], 1).unwrap();
        let counted = Counted { full_in: Duration::from_micros(1_500), remaining: 3 };
        assert_eq!((passed.refused, passed.counted.as_slice()), (None, &[counted][..]));
        let refused = read(&[2, 7, 0, 1, 9, 0], 2).unwrap().refused;
        assert_eq!(refused, Some(Refused { place: 1, wait: Duration::from_micros(7) }));
        for (answer, limits) in
            [(&[][..], 0), (&[0], 0), (&[0, 0, 1], 1), (&[0, 0, 1, 1], 2), (&[2, 0, 1, 1], 1), (&[-1, 0, 1, 1], 1)]
        {
            assert_eq!(read(answer, limits), None, "{answer:?}");
        }
    }

    #[test]
    fn nanoseconds_are_written_as_microseconds() {
        assert_eq!([0, 1, 333_333_333, 10_000_000].map(micros), ["0.000", "0.001", "333333.333", "10000.000"]);
    }
}
