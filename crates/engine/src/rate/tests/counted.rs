//! Limits counted in a real Redis: by the same vectors as in memory, by several nodes, and with a Redis that fails in every way.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sambac_bus::redis::{Ask, Binds, Presence, RedisSettings};
use sambac_domain::AccountId;
use sambac_domain::number::Msisdn;
use sambac_testkit::redis::RedisServer;
use sambac_testkit::scenario::wait::until_true;

use super::*;
use crate::metrics::Metrics;
use crate::seal::Seal;

/// Long enough for a machine that is busy with other tests.
const PATIENT: Duration = Duration::from_secs(5);
/// Some moment, in µs since the beginning of 2026.
const BEGUN_US: u64 = 28_000_000_000_000;

fn seal() -> Seal {
    Seal::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").expect("a key")
}

/// A node of the platform, which waits so long for a decision.
fn node(server: &RedisServer, number: u8, timeout: Duration) -> SharedLimits {
    let redis = RedisSettings { timeout, ..RedisSettings::new(server.url().parse().expect("a URL")) };
    let settings = SharedLimitSettings { redis, nodes_min: 1 };
    SharedLimits::new(&settings, &seal(), number, Metrics::new().rate().clone()).expect("settings")
}

async fn connected(node: SharedLimits) -> SharedLimits {
    let nodes = node.redis.connect(&node.node).await.expect("Redis is there");
    node.heard(u32::try_from(nodes.len()).expect("few nodes"));
    node
}

fn bucket(text: &str) -> TokenBucket {
    TokenBucket::new(text.parse().expect("a throughput"), BURST_MS, Instant::now())
}

/// What a node hears of who is there when it tells these binds.
async fn told(node: &SharedLimits, binds: &Binds) -> Presence {
    let mut presence = Presence::default();
    node.redis.beat(&node.node, binds, &mut presence).await.expect("a beat");
    presence
}

async fn nodes(node: &SharedLimits) -> Vec<String> {
    told(node, &Binds::new()).await.nodes().map(|(node, _)| node.to_owned()).collect()
}

/// How many of so many pass.
async fn passing(node: &SharedLimits, bucket: &TokenBucket, count: usize) -> usize {
    let mut passed = 0;
    for _ in 0..count {
        let limit = Limit::of("account", 1, bucket, 1).expect("a limit");
        passed += usize::from(node.take(&[limit], Instant::now()).await.refused.is_none());
    }
    passed
}

/// The same three limits in memory and in Redis, and what both say at the same moments.
struct Both {
    begun: Instant,
    texts: [&'static str; 3],
    buckets: [TokenBucket; 3],
    node: SharedLimits,
}

impl Both {
    async fn new(server: &RedisServer, texts: [&'static str; 3]) -> Self {
        server.ask(&["FLUSHALL"]).await.expect("a flush");
        let begun = Instant::now();
        let bucket = |text: &str| TokenBucket::new(text.parse().expect("a throughput"), BURST_MS, begun);
        Self { begun, texts, buckets: texts.map(bucket), node: connected(node(server, 0, PATIENT)).await }
    }

    /// Asks both for `count` at a moment; how many would pass after that, and who refused for how long.
    async fn take(&self, at_ms: u64, count: u8, which: Range<usize>) -> (Vec<u32>, Option<(usize, Duration)>) {
        let names = ["key", "account", "send"];
        let limits: Limits<'_> =
            which.filter_map(|place| Limit::of(names[place], 7, &self.buckets[place], count)).collect();
        let here = Taken::here(&limits, Share::WHOLE, self.begun + Duration::from_millis(at_ms));
        let asks: Vec<Ask> = limits.iter().map(|limit| limit.ask(&self.node)).collect();
        let there = self.node.redis.decide_at(&asks, Some(BEGUN_US + at_ms * 1_000)).await.expect("a decision");
        let refused = there.refused.map(|refused| (refused.place, refused.wait));
        let told = format!("{:?} × {count} at {at_ms} ms", self.texts);
        assert_eq!(refused, here.refused, "{told}");
        for (here, there) in here.left.iter().zip(&there.counted) {
            assert_eq!((there.remaining, there.full_in), (here.remaining, here.full_in), "{told}: {}", here.name);
        }
        (here.left.iter().map(|left| left.remaining).collect(), refused)
    }
}

/// What passes, what is left and when to come again is the same in memory and in Redis.
#[tokio::test]
async fn memory_and_redis_agree_on_vectors() {
    let server = RedisServer::start().await.expect("Redis");
    let both = Both::new(&server, ["10/s burst 5", "100/s burst 100", "1/s burst 2"]).await;
    assert_eq!(both.take(0, 1, 0..3).await, (vec![4, 99, 1], None));
    assert_eq!(both.take(0, 1, 0..3).await, (vec![3, 98, 0], None));
    let second = Some((2, Duration::from_secs(1)));
    assert_eq!(both.take(0, 1, 0..3).await, (vec![3, 98, 0], second), "nothing is taken of any");
    assert_eq!(both.take(999, 1, 0..3).await, (vec![5, 100, 0], Some((2, Duration::from_millis(1)))));
    assert_eq!(both.take(1_000, 1, 0..3).await, (vec![4, 99, 0], None));
    assert_eq!(both.take(1_000, 4, 0..1).await, (vec![0], None));
    assert_eq!(both.take(60_000, 1, 0..3).await, (vec![4, 99, 1], None), "quiet time counts as one burst");
    let both = Both::new(&server, ["10/s burst 2", "", "3/min"]).await;
    assert_eq!(both.take(0, 5, 0..1).await, (vec![0], None), "longer than the burst, from a full bucket");
    assert_eq!(both.take(0, 1, 0..1).await, (vec![0], Some((0, Duration::from_millis(400)))));
    assert_eq!(both.take(0, 5, 0..1).await, (vec![0], Some((0, Duration::from_millis(500)))));
    assert_eq!(both.take(400, 1, 0..1).await, (vec![0], None));
    assert_eq!(both.take(0, 1, 1..3).await, (vec![0], None), "no limit is not counted");
}

/// The same for whatever comes: throughputs, moments and counts by chance, from a seed that is told.
#[tokio::test]
async fn memory_and_redis_agree_on_anything() {
    let server = RedisServer::start().await.expect("Redis");
    // Whole microseconds, which both keep exactly.
    let throughputs =
        ["10/s burst 3", "100/s", "1000/s burst 7", "5/min burst 2", "60/h burst 60", "1/s", "250/s burst 1"];
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let texts = [0; 3].map(|_| throughputs[random.random_range(0..throughputs.len())]);
        let (both, mut at_ms) = (Both::new(&server, texts).await, 0);
        for _ in 0..100 {
            at_ms += [0, 0, 1, 7, 60, 1_000, 20_000][random.random_range(0..7)];
            both.take(at_ms, random.random_range(1..=4), 0..random.random_range(1..=3)).await;
        }
    }
}

/// Two nodes let pass together what the limit says, whoever is asked; and no more each than without Redis.
#[tokio::test]
async fn nodes_share_a_limit() {
    let server = RedisServer::start().await.expect("Redis");
    let first = connected(node(&server, 1, PATIENT)).await;
    let second = connected(node(&server, 2, PATIENT)).await;
    assert_eq!((first.nodes(), second.nodes()), (1, 2), "the first has not heard of the second yet");
    let (here, there) = (bucket("1/h burst 10"), bucket("1/h burst 10"));
    assert_eq!(passing(&first, &here, 4).await, 4);
    assert_eq!(passing(&second, &there, 20).await, 6);
    assert_eq!(passing(&first, &here, 20).await, 0);
    let keys = server.ask(&["KEYS", "*"]).await.expect("keys");
    assert!(keys.lines().all(|key| key.starts_with(first.redis.prefix())), "{keys}");
    assert_eq!(nodes(&first).await.len(), 2);
    second.redis.leave(&second.node).await.expect("it is told");
    assert_eq!(nodes(&first).await.as_slice(), std::slice::from_ref(&first.node));
}

/// Another platform counts by itself in the same Redis.
#[tokio::test]
async fn platforms_do_not_share() {
    let server = RedisServer::start().await.expect("Redis");
    let ours = connected(node(&server, 1, PATIENT)).await;
    let settings =
        SharedLimitSettings { redis: RedisSettings::new(server.url().parse().expect("a URL")), nodes_min: 1 };
    let seal = Seal::throwaway().expect("randomness");
    let theirs = SharedLimits::new(&settings, &seal, 1, Metrics::new().rate().clone()).expect("settings");
    let theirs = connected(theirs).await;
    assert_eq!((ours.nodes(), theirs.nodes()), (1, 1));
    assert_eq!(passing(&ours, &bucket("1/h burst 3"), 5).await, 3);
    assert_eq!(passing(&theirs, &bucket("1/h burst 3"), 5).await, 3);
}

/// A number is counted under a digest, for its account, and forgotten by itself.
#[tokio::test]
async fn a_number_is_nowhere_to_be_read() {
    let server = RedisServer::start().await.expect("Redis");
    let node = connected(node(&server, 1, PATIENT)).await;
    let destinations = Destinations::new(Instant::now());
    let number = Msisdn::from_u64(447_700_900_123).expect("a number");
    let limit = "1/min burst 2".parse().expect("a throughput");
    let take = async |account| {
        let limit = Limit::of_number(&destinations, AccountId::from_raw(account), number, limit).expect("a limit");
        node.take(&[limit], Instant::now()).await.refused
    };
    assert_eq!((take(1).await, take(1).await, take(2).await), (None, None, None));
    let (place, wait) = take(1).await.expect("it is used up");
    assert!(place == 0 && wait > Duration::from_secs(50) && wait <= Duration::from_secs(60), "{wait:?}");
    let keys = server.ask(&["KEYS", "*:to:*"]).await.expect("keys");
    assert_eq!(keys.lines().count(), 2, "{keys}");
    for key in keys.lines() {
        let left_ms: i64 = server.ask(&["PTTL", key]).await.expect("an end").parse().expect("a number");
        assert!(!key.contains("4477") && left_ms > 0 && left_ms <= 130_000, "{key} {left_ms}");
    }
}

/// While Redis is away each node lets pass its part, never all and never nothing; what was taken before counts; when it is back it
/// counts again.
#[tokio::test]
async fn while_redis_is_away_each_node_keeps_to_its_part() {
    let mut server = RedisServer::start().await.expect("Redis");
    let first = connected(node(&server, 1, PATIENT)).await;
    let second = connected(node(&server, 2, PATIENT)).await;
    first.heard(2);
    let used = bucket("1/h burst 10");
    assert_eq!(passing(&first, &used, 20).await, 10);
    server.kill_9().await.expect("it is killed");
    for node in [&first, &second] {
        assert_eq!(passing(node, &bucket("1/h burst 10"), 20).await, 5, "half of ten");
        assert_eq!(passing(node, &bucket("1/h"), 20).await, 1, "half of one is one, half as often");
        assert!(!node.is_there());
        node.redis.until_lost().await;
    }
    assert_eq!(passing(&first, &used, 20).await, 0, "the burst was taken already");
    assert!(first.redis.connect(&first.node).await.is_err());
    server.start_again().await.expect("it starts");
    first.redis.connect(&first.node).await.expect("it is back");
    second.redis.connect(&second.node).await.expect("it is back");
    let (here, there) = (bucket("1/h burst 10"), bucket("1/h burst 10"));
    assert_eq!((passing(&first, &here, 7).await, passing(&second, &there, 7).await), (7, 3));
}

/// A Redis that takes connections and answers nothing holds a request up for its time, and the next ones not at all.
#[tokio::test]
async fn a_frozen_redis_holds_nobody_up() {
    let mut server = RedisServer::start().await.expect("Redis");
    let node = connected(node(&server, 1, Duration::from_millis(200))).await;
    server.freeze().await.expect("it is frozen");
    let bucket = bucket("1/h burst 1000");
    let begun = Instant::now();
    assert_eq!(passing(&node, &bucket, 500).await, 500);
    assert!(begun.elapsed() < Duration::from_secs(20), "500 times 200 ms would be 100 s: {:?}", begun.elapsed());
    assert!(!node.is_there() && node.redis.connect(&node.node).await.is_err());
    server.thaw().await.expect("it goes on");
    until_true("it is asked again", async || Ok(node.redis.connect(&node.node).await.is_ok()))
        .await
        .expect("it is back");
}

/// An emptied Redis gives no more than one burst anew, and to who was not asked before at most; a script that it has forgotten is told again.
#[tokio::test]
async fn an_emptied_redis_gives_one_burst_at_most() {
    let server = RedisServer::start().await.expect("Redis");
    let first = connected(node(&server, 1, PATIENT)).await;
    let second = connected(node(&server, 2, PATIENT)).await;
    let (here, there) = (bucket("1/h burst 10"), bucket("1/h burst 10"));
    assert_eq!(passing(&first, &here, 20).await, 10);
    server.ask(&["FLUSHALL"]).await.expect("a flush");
    server.ask(&["SCRIPT", "FLUSH"]).await.expect("a flush");
    assert_eq!(passing(&first, &here, 20).await, 0, "this node knows what it gave");
    assert_eq!(passing(&second, &there, 20).await, 10, "the other one was not asked before");
    assert_eq!(nodes(&first).await.len(), 1, "the nodes tell it again");
    assert_eq!(nodes(&second).await.len(), 2);
}

/// Whatever somebody else has written under our keys, limits hold, and nobody is held up for longer than his own burst.
#[tokio::test]
async fn what_others_wrote_there_does_no_harm() {
    let server = RedisServer::start().await.expect("Redis");
    let node = connected(node(&server, 1, PATIENT)).await;
    let counter = format!("{}account:1", node.redis.prefix());
    for garbage in ["", "nan", "-nan", "inf", "-inf", "1e308", "-5", "0x1p9", "{}", "\u{ff}"] {
        let bucket = bucket("100/s burst 3");
        server.ask(&["SET", &counter, garbage]).await.expect("it is set");
        let limit = || [Limit::of("account", 1, &bucket, 1).expect("a limit")];
        let taken = node.take(&limit(), Instant::now()).await;
        // 255 of 10 ms each: as far ahead as a message of ours could have made it.
        let wait = taken.refused.map_or(Duration::ZERO, |(_, wait)| wait);
        assert!(wait <= Duration::from_millis(2_550), "{garbage}: {wait:?}");
        assert!(node.is_there(), "{garbage}");
    }
    server.ask(&["DEL", &counter]).await.expect("it is gone");
    server.ask(&["LPUSH", &counter, "x"]).await.expect("a list");
    server.ask(&["SET", &format!("{}nodes", node.redis.prefix()), "x"]).await.expect("it is set");
    assert_eq!(passing(&node, &bucket("1/h burst 3"), 5).await, 3);
    assert_eq!(nodes(&node).await.as_slice(), std::slice::from_ref(&node.node));
}

/// A Redis that does not take what is written is none, and says why; so is one with another password, which is not told.
#[tokio::test]
async fn a_redis_that_cannot_be_written_to_is_away() {
    let server = RedisServer::start_with("5ecret").await.expect("Redis");
    let full = connected(node(&server, 1, PATIENT)).await;
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await.expect("it is set");
    assert_eq!(passing(&full, &bucket("1/h burst 4"), 5).await, 4, "alone, its part is all of it");
    let error = full.redis.connect(&full.node).await.expect_err("it is full").to_string();
    assert!(error.contains("OOM"), "{error}");
    let wrong = RedisSettings::new(server.url().replace("5ecret", "wr0ng").parse().expect("a URL"));
    let settings = SharedLimitSettings { redis: wrong, nodes_min: 4 };
    let stranger = SharedLimits::new(&settings, &seal(), 2, Metrics::new().rate().clone()).expect("settings");
    let error = stranger.redis.connect(&stranger.node).await.expect_err("another password").to_string();
    assert!(!error.contains("wr0ng") && !error.contains("5ecret") && !error.is_empty(), "{error}");
    assert_eq!(passing(&stranger, &bucket("1/h burst 12"), 20).await, 3, "one of four, by the settings");
}

/// The user that the page of operations describes has every right that is needed.
#[tokio::test]
async fn the_documented_user_may_do_all_that_is_needed() {
    let server = RedisServer::start().await.expect("Redis");
    let page = include_str!("../../../../../docs/operations/redis.md");
    let line = page.lines().find(|line| line.starts_with("user sambac ")).expect("a line for redis.conf");
    let rights = line.split_whitespace().skip(1).collect::<Vec<_>>();
    server.ask(&[&["ACL", "SETUSER"], &*rights].concat()).await.expect("a user");
    let url = server.url().replace("redis://", "redis://sambac:password@");
    let redis = RedisSettings { timeout: PATIENT, ..RedisSettings::new(url.parse().expect("a URL")) };
    let facts = sambac_bus::redis::probe(&redis).await.expect("it is let in");
    assert!(facts.runs_scripts && facts.version.is_some(), "{facts:?}");
    let settings = SharedLimitSettings { redis, nodes_min: 9 };
    let node = SharedLimits::new(&settings, &seal(), 1, Metrics::new().rate().clone()).expect("settings");
    let node = connected(node).await;
    assert_eq!(passing(&node, &bucket("1/h burst 9"), 20).await, 9, "not a part of it");
    let other = told(&node, &[(7, 1)].into()).await;
    assert_eq!(other.nodes().map(|(_, binds)| binds.len()).collect::<Vec<_>>(), [1]);
    node.redis.leave(&node.node).await.expect("it is told");
}

/// What has bound at a node is heard at the others, and read again only when it has changed; a flush is made good by the next beat, and garbage binds nobody.
#[tokio::test]
async fn nodes_hear_what_has_bound_elsewhere() {
    let server = RedisServer::start().await.expect("Redis");
    let first = connected(node(&server, 1, PATIENT)).await;
    let second = connected(node(&server, 2, PATIENT)).await;
    let (mut here, mut there) = (Presence::default(), Presence::default());
    let bound = |presence: &Presence, node: &SharedLimits| {
        presence.nodes().find(|(name, _)| *name == node.node).map(|(_, binds)| binds.clone()).unwrap_or_default()
    };
    let (some, more) = (Binds::from([(256, 2), (512, 1)]), Binds::from([(256, 3)]));
    for binds in [&some, &more, &Binds::new(), &some] {
        first.redis.beat(&first.node, binds, &mut here).await.expect("a beat");
        second.redis.beat(&second.node, &Binds::new(), &mut there).await.expect("a beat");
        assert_eq!(&bound(&there, &first), binds);
    }
    server.ask(&["FLUSHALL"]).await.expect("a flush");
    second.redis.beat(&second.node, &Binds::new(), &mut there).await.expect("a beat");
    assert_eq!(bound(&there, &first), Binds::new(), "nothing is known of it for now");
    for _ in 0..2 {
        first.redis.beat(&first.node, &some, &mut here).await.expect("a beat");
        second.redis.beat(&second.node, &Binds::new(), &mut there).await.expect("a beat");
    }
    assert_eq!(bound(&there, &first), some, "it was told again");
    let key = format!("{}bound:{}", first.redis.prefix(), first.node);
    for garbage in ["", "x", "000000000000000\u{e9}256=7", "00000000000000zz256=-1 =9 512"] {
        server.ask(&["SET", &key, garbage]).await.expect("it is set");
        second.redis.beat(&second.node, &Binds::new(), &mut there).await.expect("a beat");
        assert_eq!(bound(&there, &first), Binds::new(), "{garbage}");
    }
    server.ask(&["DEL", &key]).await.expect("it is gone");
    server.ask(&["LPUSH", &key, "x"]).await.expect("a list");
    second.redis.beat(&second.node, &Binds::new(), &mut there).await.expect("a beat");
    assert_eq!(bound(&there, &first), Binds::new());
}
