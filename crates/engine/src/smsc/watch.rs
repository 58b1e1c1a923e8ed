//! Notices who guesses passwords or crowds the door: many failed binds and connections turned away in a few seconds, and also
//! few of them over a long time, from one address or for one system_id. Nothing is done about it here but to say from where.
//!
//! An hour is counted in two halves, so that what is told is of the last half hour at least.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;
use smallvec::SmallVec;
use tokio::time::Instant;

/// Failures and connections turned away within one period that are an attack, whoever they come from.
pub(super) const FLOOD: u32 = 100;
/// The period.
pub(super) const PERIOD: Duration = Duration::from_secs(10);
/// Half of the time over which slow guessers are counted.
const HALF: Duration = Duration::from_secs(1_800);
/// Failures of one system_id from one source within the hour that are guesses, or a client with a wrong password.
const OF_PAIR: u32 = 10;
/// Failures from one source within the hour, whatever the system_ids.
const OF_SOURCE: u32 = 20;
/// Different system_ids that failed from one source within the hour.
const NAMES: usize = 5;
/// Different sources from which one system_id failed within the hour.
const SOURCES: usize = 5;
/// Different ones that are told apart; of one with more it is known that it has many.
const DIFFERENT_MAX: usize = 8;
/// Sources, and system_ids, that are remembered.
const REMEMBERED: usize = 16_384;
/// Sources that are counted by themselves within a period.
const SOURCES_OF_PERIOD_MAX: usize = 1_024;
/// Guessers that are kept for being told, and those that are told.
const GUESSERS_MAX: usize = 64;
const TOLD_MAX: usize = 4;
/// Octets of a system_id that are told: it may be a stranger's, and of any length.
const NAME_OCTETS: usize = 15;

/// What is noticed.
pub(super) struct Watch {
    hasher: RandomState,
    state: Mutex<State>,
}

struct State {
    period: Period,
    before: Period,
    is_flood: bool,
    sources: Cache<IpAddr, Tries<u64>>,
    names: Cache<u64, Tries<IpAddr>>,
    guessers: HashMap<Guesser, Told>,
}

/// Failures and connections turned away, of all sources.
struct Period {
    since: Instant,
    failures: u32,
    turned_away: u32,
    by_source: HashMap<IpAddr, u32>,
}

/// Failures within the hour, by what differs between them.
#[derive(Clone)]
struct Tries<K> {
    all: Halves,
    each: SmallVec<[(K, Halves); 2]>,
}

#[derive(Clone, Copy)]
struct Halves {
    since: Instant,
    now: u32,
    before: u32,
}

/// Who guesses: a source, or somebody from many sources who wants one system_id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Guesser {
    Source(IpAddr),
    Name(u64),
}

struct Told {
    text: String,
    last: Instant,
}

impl Default for Watch {
    fn default() -> Self {
        let state = State {
            period: Period::new(),
            before: Period::new(),
            is_flood: false,
            sources: Cache::new(REMEMBERED),
            names: Cache::new(REMEMBERED),
            guessers: HashMap::new(),
        };
        Self { hasher: RandomState::new(), state: Mutex::new(state) }
    }
}

impl Watch {
    /// A bind failed. True when that is the beginning of something that a person is to know of.
    pub(super) fn failed(&self, source: IpAddr, system_id: &[u8]) -> bool {
        let (now, name) = (Instant::now(), self.hasher.hash_one(system_id));
        let mut state = self.state();
        state.period(now).failures += 1;
        state.count(source);
        let by_flood = state.begins_flood();
        state.begins_guessing(source, name, system_id, now) || by_flood
    }

    /// A connection was turned away before it could bind, or a bind before it was verified. True as above.
    pub(super) fn turned_away(&self, source: IpAddr) -> bool {
        let mut state = self.state();
        state.period(Instant::now()).turned_away += 1;
        state.count(source);
        state.begins_flood()
    }

    /// What is going on, in words; `None` when nothing is.
    pub(super) fn told(&self) -> Option<String> {
        let now = Instant::now();
        let mut state = self.state();
        state.period(now);
        state.is_flood = state.flood().is_some();
        state.guessers.retain(|_, told| now.duration_since(told.last) < HALF);
        let mut guessers: Vec<_> = state.guessers.values().collect();
        guessers.sort_by_key(|told| std::cmp::Reverse(told.last));
        let more = guessers.len().saturating_sub(TOLD_MAX);
        let lines = state.flood().into_iter().chain(guessers.iter().take(TOLD_MAX).map(|told| told.text.clone()));
        let mut text = lines.collect::<Vec<_>>().join("; ");
        if more > 0 {
            // Writing to a String does not fail.
            let _ = write!(text, "; and {more} more");
        }
        (!text.is_empty()).then_some(text)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The present period; begins another one when it is over.
    fn period(&mut self, now: Instant) -> &mut Period {
        let elapsed = now.duration_since(self.period.since);
        if elapsed >= PERIOD {
            let ended = std::mem::replace(&mut self.period, Period::new());
            self.before = if elapsed < 2 * PERIOD { ended } else { Period::new() };
        }
        &mut self.period
    }

    fn count(&mut self, source: IpAddr) {
        let by_source = &mut self.period.by_source;
        if by_source.len() < SOURCES_OF_PERIOD_MAX || by_source.contains_key(&source) {
            *by_source.entry(source).or_default() += 1;
        }
    }

    fn begins_flood(&mut self) -> bool {
        let begins = !self.is_flood && self.period.sum() >= FLOOD;
        self.is_flood |= begins;
        begins
    }

    /// The worse of the present period and the one before, when it is an attack.
    fn flood(&self) -> Option<String> {
        let worse = if self.period.sum() >= self.before.sum() { &self.period } else { &self.before };
        (worse.sum() >= FLOOD).then(|| worse.told())
    }

    fn begins_guessing(&mut self, source: IpAddr, name: u64, system_id: &[u8], now: Instant) -> bool {
        let names = tried(&mut self.sources, source, name, now);
        let sources = tried(&mut self.names, name, source, now);
        let told = system_id.get(..NAME_OCTETS).unwrap_or(system_id).escape_ascii();
        let mut begins = false;
        if names.different >= NAMES || names.all >= OF_SOURCE || names.this >= OF_PAIR {
            let many = if names.different >= DIFFERENT_MAX { "or more " } else { "" };
            let of = match names.different {
                1 => format!("of system_id {told}"),
                count => format!("of {count} {many}system_ids, the last {told}"),
            };
            let text = format!("{} binds failed within an hour from {source}, {of}", names.all);
            begins |= self.guesses(Guesser::Source(source), text, now);
        }
        if sources.different >= SOURCES {
            let many = if sources.different >= DIFFERENT_MAX { "or more " } else { "" };
            let count = sources.different;
            let text =
                format!("system_id {told} failed within an hour from {count} {many}addresses, the last {source}");
            begins |= self.guesses(Guesser::Name(name), text, now);
        }
        begins
    }

    /// Keeps it for being told; true when it was not known as a guesser.
    fn guesses(&mut self, guesser: Guesser, text: String, now: Instant) -> bool {
        let is_full = self.guessers.len() >= GUESSERS_MAX && !self.guessers.contains_key(&guesser);
        if is_full {
            let oldest = self.guessers.iter().min_by_key(|(_, told)| told.last).map(|(guesser, _)| *guesser);
            oldest.map(|oldest| self.guessers.remove(&oldest));
        }
        self.guessers.insert(guesser, Told { text, last: now }).is_none()
    }
}

impl Period {
    fn new() -> Self {
        Self { since: Instant::now(), failures: 0, turned_away: 0, by_source: HashMap::new() }
    }

    fn sum(&self) -> u32 {
        self.failures.saturating_add(self.turned_away)
    }

    fn told(&self) -> String {
        let Self { failures, turned_away, by_source, .. } = self;
        let most = by_source.iter().max_by_key(|(_, count)| **count);
        let most = most.map_or_else(String::new, |(source, count)| format!(", most of it from {source} ({count})"));
        let seconds = PERIOD.as_secs();
        format!("{failures} binds failed and {turned_away} connections were turned away within {seconds} seconds{most}")
    }
}

/// How often there was a failure within the hour: in all, in this way, and in how many different ways.
struct Counted {
    all: u32,
    this: u32,
    different: usize,
}

fn tried<A, B>(cache: &mut Cache<A, Tries<B>>, of: A, this: B, now: Instant) -> Counted
where
    A: std::hash::Hash + Eq + Clone,
    B: Eq + Clone,
{
    let mut tries = cache.get(&of).cloned().unwrap_or_else(|| Tries { all: Halves::new(now), each: SmallVec::new() });
    let counted = tries.count(this, now);
    cache.insert(of, tries);
    counted
}

impl<K: Eq> Tries<K> {
    fn count(&mut self, this: K, now: Instant) -> Counted {
        self.all.add(now);
        self.each.retain(|(_, count)| count.sum(now) > 0);
        let known = self.each.iter().position(|(key, _)| *key == this).map(|at| self.each.remove(at));
        if self.each.len() >= DIFFERENT_MAX {
            self.each.remove(0);
        }
        let (key, mut count) = known.unwrap_or((this, Halves::new(now)));
        count.add(now);
        // The latest stands last: the first gives way.
        self.each.push((key, count));
        Counted { all: self.all.sum(now), this: count.sum(now), different: self.each.len() }
    }
}

impl Halves {
    const fn new(now: Instant) -> Self {
        Self { since: now, now: 0, before: 0 }
    }

    fn add(&mut self, now: Instant) {
        self.turn(now);
        self.now = self.now.saturating_add(1);
    }

    fn sum(&mut self, now: Instant) -> u32 {
        self.turn(now);
        self.now.saturating_add(self.before)
    }

    fn turn(&mut self, now: Instant) {
        let elapsed = now.duration_since(self.since);
        if elapsed >= HALF {
            let before = if elapsed < 2 * HALF { self.now } else { 0 };
            *self = Self { since: now, now: 0, before };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// How many of so many events were the beginning of something.
    fn beginnings(times: u32, event: impl Fn(u32) -> bool) -> usize {
        (0..times).filter(|number| event(*number)).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_failures_and_of_connections_turned_away_is_an_attack_until_it_ends() {
        let watch = Watch::default();
        let from = |number: u32| source((number % 50) as u8);
        assert_eq!(beginnings(FLOOD - 1, |number| watch.turned_away(from(number))), 0);
        assert_eq!(watch.told(), None);
        assert!(watch.turned_away(source(1)) && !watch.turned_away(source(1)), "it begins once");
        let text = watch.told().expect("an attack");
        assert!(text.starts_with("0 binds failed and 101 connections were turned away within 10 seconds"), "{text}");
        assert!(text.ends_with("most of it from 192.0.2.1 (4)"), "{text}");
        tokio::time::advance(PERIOD).await;
        assert!(watch.told().is_some(), "as of the period before");
        tokio::time::advance(PERIOD).await;
        assert_eq!(watch.told(), None);
        assert_eq!(beginnings(FLOOD, |_| watch.turned_away(source(2))), 1, "and it may begin again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_guesser_of_one_password_is_noticed_and_told_of_until_it_rests() {
        let watch = Watch::default();
        let mut begun = 0;
        for number in 1..=2 * OF_PAIR {
            begun += u32::from(watch.failed(source(1), b"esme"));
            assert_eq!(watch.told().is_some(), number >= OF_PAIR, "{number}");
            tokio::time::advance(Duration::from_secs(170)).await;
        }
        assert_eq!(begun, 1);
        let text = watch.told().expect("a guesser");
        assert!(text.contains("within an hour from 192.0.2.1, of system_id esme"), "{text}");
        tokio::time::advance(HALF).await;
        assert_eq!(watch.told(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_mistaken_now_and_then_is_no_guesser() {
        let watch = Watch::default();
        for _ in 0..100 {
            assert!(!watch.failed(source(1), b"esme"));
            tokio::time::advance(Duration::from_secs(450)).await;
        }
        assert_eq!(watch.told(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn many_names_from_one_source_and_one_name_from_many_are_noticed() {
        let watch = Watch::default();
        let names = [&b"alpha"[..], b"beta", b"gamma", b"delta", b"epsilon and so on"];
        let begun: Vec<_> = names.iter().map(|name| watch.failed(source(1), name)).collect();
        assert_eq!(begun, [false, false, false, false, true]);
        let text = watch.told().expect("a guesser");
        assert_eq!(text, "5 binds failed within an hour from 192.0.2.1, of 5 system_ids, the last epsilon and so ");
        let watch = Watch::default();
        assert_eq!(beginnings(20, |number| watch.failed(source(number as u8), b"esme")), 1);
        let text = watch.told().expect("somebody with many addresses");
        assert_eq!(text, "system_id esme failed within an hour from 8 or more addresses, the last 192.0.2.19");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_and_told_is_bounded() {
        let watch = Watch::default();
        for number in 0..200 {
            beginnings(OF_PAIR, |_| watch.failed(source(number), &[number]));
            tokio::time::advance(PERIOD * 2).await;
        }
        assert!(watch.state().guessers.len() <= GUESSERS_MAX);
        let text = watch.told().expect("guessers");
        assert!(text.len() < 500 && text.ends_with(&format!("; and {} more", GUESSERS_MAX - TOLD_MAX)), "{text}");
    }
}
