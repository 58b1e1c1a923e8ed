//! Everybody outside the engine, and what they remember: operators, clients, receivers of webhooks. They outlive each process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_domain::time::Timestamp;
use sambac_engine::clock::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::door::DoorState;
use crate::journal::Journal;
use crate::operator::Operator;
use crate::order::Orders;
use crate::sink::Hook;
use crate::times::Times;
use crate::weather::{Death, Weather};

/// When every run begins: the first second of 2027.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_secs(1_798_761_600);

/// How long what was wrong may be felt: the longest pause between two binds, and what has gathered until then.
const RECOVERY: Duration = Duration::from_secs(120);

/// Everybody outside, shared by all who play them.
pub(crate) struct World {
    /// How long faults and new messages go on.
    pub(crate) end: Duration,
    /// Mean pause of each client between two messages.
    pub(crate) pause: Duration,
    pub(crate) times: Times,
    pub(crate) weather: Weather,
    pub(crate) operators: Vec<Operator>,
    pub(crate) orders: Mutex<Orders>,
    pub(crate) hooks: Mutex<Vec<Hook>>,
    pub(crate) sink_dice: Mutex<Dice>,
    pub(crate) door: Mutex<DoorState>,
    journal: Mutex<Journal>,
    clocks: Mutex<Clocks>,
    /// The process hangs, and is to be killed.
    pub(crate) doomed: Notify,
    /// What nobody expected, told by whoever met it.
    findings: Mutex<Vec<(String, String)>>,
    /// The first finding ends the run.
    pub(crate) is_over_when_found: bool,
}

/// The time, and what the engine's clock makes of it.
#[derive(Debug)]
struct Clocks {
    passed: Duration,
    since: Option<Instant>,
    wall: Clock,
    set_by_s: i64,
    /// From when to when processes lived.
    lives: Vec<(Duration, Duration)>,
    /// When one began, or took over.
    begins: Vec<Duration>,
}

/// Whatever happened to who held it.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(
        seed: u64,
        (end, pause, times): (Duration, Duration, Times),
        weather: Weather,
        accounts: usize,
    ) -> Self {
        let operators = (0..weather.operators.len()).map(|no| Operator::new(seed, no, times)).collect();
        Self {
            end,
            pause,
            times,
            weather,
            operators,
            orders: Mutex::new(Orders::new(seed, accounts, times)),
            hooks: Mutex::default(),
            sink_dice: Mutex::new(Dice::named(seed, "sinks")),
            door: Mutex::new(DoorState::new(seed)),
            journal: Mutex::default(),
            clocks: Mutex::new(Clocks {
                passed: Duration::ZERO,
                since: None,
                wall: Clock::mock(BEGINNING),
                set_by_s: 0,
                lives: Vec::new(),
                begins: Vec::new(),
            }),
            doomed: Notify::new(),
            findings: Mutex::default(),
            is_over_when_found: false,
        }
    }

    /// A process begins: its time goes on from where that of the one before ended. Gives the engine's clock.
    pub(crate) fn begin(&self) -> Clock {
        self.another_begins();
        let mut clocks = locked(&self.clocks);
        clocks.since = Some(Instant::now());
        let shown = BEGINNING.saturating_add(clocks.passed);
        clocks.wall = Clock::going(Timestamp(shown.0 + clocks.set_by_s * 1_000_000));
        clocks.wall.clone()
    }

    /// Another process than before decides from now on.
    pub(crate) fn another_begins(&self) {
        let passed = self.passed();
        locked(&self.clocks).begins.push(passed);
    }

    /// Whether one decided at the first time and another at the second.
    pub(crate) fn are_anothers(&self, from: Timestamp, to: Timestamp) -> bool {
        let since = |at: Timestamp| Duration::from_micros(u64::try_from(at.0 - BEGINNING.0).unwrap_or(0));
        locked(&self.clocks).begins.iter().any(|begin| (since(from)..=since(to)).contains(begin))
    }

    /// A process has ended; the next one begins after `pause`.
    pub(crate) fn ended(&self, pause: Duration) {
        let mut clocks = locked(&self.clocks);
        let lived = clocks.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let began = clocks.passed;
        clocks.lives.push((began, began + lived));
        clocks.passed += lived + pause;
    }

    /// Sets the wall clock.
    pub(crate) fn set_wall(&self, by_s: i64) {
        let mut clocks = locked(&self.clocks);
        clocks.set_by_s += by_s;
        clocks.wall.advance_micros(by_s * 1_000_000);
    }

    /// How much time has passed since the beginning.
    pub(crate) fn passed(&self) -> Duration {
        let clocks = locked(&self.clocks);
        clocks.passed + clocks.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        BEGINNING.saturating_add(self.passed())
    }

    /// The engine's clock.
    pub(crate) fn wall_clock(&self) -> Clock {
        locked(&self.clocks).wall.clone()
    }

    /// What the engine's clock shows.
    pub(crate) fn wall(&self) -> Timestamp {
        locked(&self.clocks).wall.now()
    }

    /// Waits until so much time has passed since the beginning.
    pub(crate) async fn until(&self, time: Duration) {
        tokio::time::sleep(time.saturating_sub(self.passed())).await;
    }

    /// Whether faults and new messages are over.
    pub(crate) fn is_healed(&self) -> bool {
        self.passed() >= self.end
    }

    /// Whether nothing was wrong from `from` to `to`, nor shortly before: then there is no excuse.
    pub(crate) fn is_fair(&self, from: Duration, to: Duration) -> bool {
        let since = from.saturating_sub(RECOVERY);
        let lived = |(began, ended): &(Duration, Duration)| *began + RECOVERY <= from && *ended >= to;
        locked(&self.clocks).lives.iter().any(lived) && self.weather.is_fair(since, to)
    }

    /// Whether this operator, the database and the process were well all the time.
    pub(crate) fn is_well(&self, operator: usize, from: Duration, to: Duration) -> bool {
        let lived = |(began, ended): &(Duration, Duration)| *began <= from && *ended >= to;
        locked(&self.clocks).lives.iter().any(lived) && self.weather.is_well(operator, from, to)
    }

    /// Writes into the journal.
    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        let now = self.now();
        locked(&self.journal).note(now, what);
    }

    /// Something is wrong.
    pub(crate) fn found(&self, rule: &str, text: String) {
        self.note(format_args!("FOUND {rule}: {text}"));
        locked(&self.findings).push((rule.to_owned(), text));
    }

    /// What is wrong so far.
    pub(crate) fn findings(&self) -> Vec<(String, String)> {
        locked(&self.findings).clone()
    }

    /// Whether something was found, and more is not wanted.
    pub(crate) fn is_seen_through(&self) -> bool {
        self.is_over_when_found && !locked(&self.findings).is_empty()
    }

    /// The journal's digest and how many events it has.
    pub(crate) fn digest(&self) -> (String, u64) {
        let journal = locked(&self.journal);
        (journal.hash(), journal.events())
    }

    /// Prints each event from now on.
    pub(crate) fn show(&self) {
        locked(&self.journal).is_shown = true;
    }

    /// The next death after `passed`.
    pub(crate) fn next_death(&self, passed: Duration) -> Option<(Duration, Death)> {
        self.weather.deaths.iter().find(|(at, _)| *at > passed).copied()
    }
}
