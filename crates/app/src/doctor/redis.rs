//! Redis, where limits are counted that several nodes share. Nothing in it is the only copy, so nothing about it is bad: where it is away
//! each node keeps to its part of the limits.

use sambac_bus::redis::{RedisFacts, RedisSettings, probe};

use super::finding::Findings;
use crate::config::Config;
use crate::shared_limits;

/// Older ones get no corrections any more.
const MAJOR_MIN: u64 = 6;
/// Answers may take so small a part of the time that a decision is waited for.
const ANSWERS_IN_TIMEOUT: u32 = 10;
const MIB: u64 = 1_024 * 1_024;

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    let settings = match shared_limits::settings(config) {
        Ok(Some(settings)) => settings.redis,
        Ok(None) => {
            return findings.skipped("redis", "none is configured (`redis.url`): this node has its limits to itself");
        }
        Err(error) => return findings.bad("redis", error.to_string(), "correct `redis.url`"),
    };
    match probe(&settings).await {
        Ok(facts) => {
            findings.good("redis", format!("{} answers", settings.url));
            told(&settings, &facts, findings);
        }
        Err(error) => {
            let to_do = "start it, or correct `redis.url`; until then each node lets pass its part of each limit";
            findings.warning("redis", format!("{}: {error}", settings.url), to_do);
        }
    }
}

fn told(settings: &RedisSettings, facts: &RedisFacts, findings: &mut Findings) {
    let found = if facts.runs_scripts { "we may run them" } else { "we may not run them" };
    let to_do = "let its user run `EVAL`, `EVALSHA` and `SCRIPT LOAD` on keys of `sambac:*` (docs/operations/redis.md)";
    findings.advise("redis scripts", facts.runs_scripts, found, to_do);
    let Some(version) = &facts.version else {
        return findings.skipped("redis version", "its user may not run `INFO`: nothing more is known");
    };
    let major = version.split('.').next().and_then(|major| major.parse::<u64>().ok()).unwrap_or_default();
    findings.advise("redis version", major >= MAJOR_MIN, version, "use Redis 6 or newer, or Valkey");
    role(facts, findings);
    memory(facts, findings);
    disk(facts, findings);
    let is_safe = settings.url.is_tls() || settings.url.is_local();
    let found = if settings.url.is_tls() { "TLS" } else { "none" };
    findings.advise(
        "redis encryption",
        is_safe,
        found,
        "name it with `rediss://`: its password travels readably otherwise",
    );
    let found = format!("the fastest of some answers took {} µs", facts.answer_after.as_micros());
    let is_near = facts.answer_after * ANSWERS_IN_TIMEOUT <= settings.timeout;
    let to_do =
        "run it nearer to the nodes: each request with a limit waits for an answer, and for `redis.timeout_ms` at most";
    findings.advise("redis answers", is_near, found, to_do);
}

fn role(facts: &RedisFacts, findings: &mut Findings) {
    let is_primary = facts.role.as_deref() == Some("master");
    let found = match (is_primary, facts.is_cluster) {
        (true, false) => "a primary",
        (true, true) => "a node of a Redis cluster",
        (false, _) => "follows another one",
    };
    let to_do = "name a primary that stands alone in `redis.url`: redirects are not followed, and a replica takes nothing that is written";
    findings.advise("redis role", is_primary && !facts.is_cluster, found, to_do);
}

fn memory(facts: &RedisFacts, findings: &mut Findings) {
    let (most, used) = (facts.maxmemory_octets.unwrap_or_default(), facts.used_octets.unwrap_or_default());
    let policy = facts.maxmemory_policy.as_deref().unwrap_or("not told");
    let found = match most {
        0 => format!("{} MiB are used, without a bound", used / MIB),
        most => format!("{} of {} MiB are used, {policy}", used / MIB, most / MIB),
    };
    let is_bounded = most > 0 && policy != "noeviction" && policy != "not told";
    let to_do = "set `maxmemory` and `maxmemory-policy allkeys-lru`: without a bound it grows until the system ends it, and with \
                 `noeviction` it counts nothing more once it is full";
    findings.advise("redis memory", is_bounded, found, to_do);
}

/// That it writes to a disk does no harm but costs time.
fn disk(facts: &RedisFacts, findings: &mut Findings) {
    if facts.appends == Some(true) {
        findings.good("redis disk", "it writes each change to a disk, which nobody needs (`appendonly no`)");
    } else {
        findings.good("redis disk", "it writes no change to a disk, and need not");
    }
}
