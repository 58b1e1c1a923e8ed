//! The fault plan of a seed: when which operator is how, when the database is away, when the process is killed, and when somebody sets
//! the clock. All of it is drawn before the run begins.

use std::time::Duration;

use crate::dice::Dice;

/// How an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As usual: nearly every message is taken.
    Well,
    /// Nobody listens.
    Down,
    /// Binds are refused for a while.
    Refusing,
    /// Most is throttled.
    Throttling,
    /// Messages are taken and not answered.
    Silent,
    /// Answers come late, some after nobody waits any more.
    Slow,
    /// Nothing passes, and nobody notices: the link seems to be there.
    HalfOpen,
    /// Every message is asked to come again later.
    Busy,
}

/// How the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// As usual.
    Well,
    /// It refuses everything.
    Away,
    /// It does what it is told, and half of its answers are lost.
    Ambiguous,
}

/// At which point the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Between two steps.
    Anywhere,
    /// At a commit, before it is kept.
    BeforeCommit,
    /// At a commit, when it is kept and nobody knows.
    AfterCommit,
    /// In good order.
    Stop,
    /// Another process takes over while it goes on, and both end soon after.
    Takeover,
}

/// What lasts from one time to another, counted from the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spell<T> {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) what: T,
}

/// The fault plan.
#[derive(Debug)]
pub(crate) struct Weather {
    pub(crate) operators: Vec<Vec<Spell<Mood>>>,
    pub(crate) disk: Vec<Spell<Disk>>,
    pub(crate) deaths: Vec<(Duration, Death)>,
    /// By how many seconds the wall clock is set, and when.
    pub(crate) jumps: Vec<(Duration, i64)>,
    /// Links that are cut.
    pub(crate) cuts: Vec<(Duration, usize)>,
}

const MINUTE: Duration = Duration::from_secs(60);

/// What a seed is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Everything happens, and processes live for minutes.
    Stormy,
    /// It leaves room for what takes its time, and for what has no excuse.
    Changeable,
    /// The process lives on and the database is well; people set the wall clock, mostly while an operator is in a mood.
    Clocks,
}

impl Kind {
    const fn of(seed: u64) -> Self {
        match seed {
            seed if seed % 5 == 4 => Self::Clocks,
            seed if seed % 2 == 1 => Self::Stormy,
            _ => Self::Changeable,
        }
    }
}

impl Weather {
    /// No fault at all.
    pub(crate) fn calm(operators: usize) -> Self {
        let operators = vec![Vec::new(); operators];
        Self { operators, disk: Vec::new(), deaths: Vec::new(), jumps: Vec::new(), cuts: Vec::new() }
    }

    /// What `seed` has in store until `end`, with as many operators: see [`Kind`]. In a brisk run processes live shorter, too.
    pub(crate) fn of((seed, is_brisk): (u64, bool), operators: usize, end: Duration) -> Self {
        let kind = Kind::of(seed);
        let (mood, death) = match kind {
            Kind::Stormy => (8 * MINUTE, 3 * MINUTE),
            Kind::Changeable => (16 * MINUTE, 25 * MINUTE),
            Kind::Clocks => (6 * MINUTE, end),
        };
        let death = if is_brisk { death / 2 } else { death };
        let mood = |no| moods(&mut Dice::named(seed, &format!("mood {no}")), kind, end, mood);
        let moods: Vec<_> = (0..operators).map(mood).collect();
        let mut weather = Self { cuts: left(&moods), operators: moods, ..Self::calm(0) };
        if kind == Kind::Clocks {
            weather.jumps = set_in(&mut Dice::named(seed, "jumps"), &weather.operators);
            return weather;
        }
        let mut dice = Dice::named(seed, "disk");
        weather.disk = spells(&mut dice, end, death * 2, MINUTE / 4, |dice| {
            if dice.per_mille(500) { Disk::Away } else { Disk::Ambiguous }
        });
        let mut dice = Dice::named(seed, "deaths");
        weather.deaths = moments(&mut dice, end, death, |dice| match dice.between(0, 9) {
            0..=1 => Death::Anywhere,
            2..=4 => Death::BeforeCommit,
            5..=7 => Death::AfterCommit,
            8 => Death::Takeover,
            _ => Death::Stop,
        });
        let mut dice = Dice::named(seed, "jumps");
        weather.jumps = moments(&mut dice, end, 60 * MINUTE, |dice| match dice.between(0, 3) {
            0 => -7_200,
            1 => 3_600,
            2 => -90,
            _ => 45,
        });
        let mut dice = Dice::named(seed, "cuts");
        let most = u64::try_from(operators.saturating_sub(1)).unwrap_or(0);
        let cuts = moments(&mut dice, end, 15 * MINUTE, |dice| usize::try_from(dice.between(0, most)).unwrap_or(0));
        weather.cuts.extend(cuts);
        weather.cuts.sort_unstable();
        weather
    }
}

impl Weather {
    /// Whether there is no fault at all.
    pub(crate) fn is_calm(&self) -> bool {
        self.deaths.is_empty() && self.disk.is_empty() && self.operators.iter().all(Vec::is_empty)
    }

    /// Whether one operator and the database are well between these times.
    pub(crate) fn is_well(&self, operator: usize, from: Duration, to: Duration) -> bool {
        self.operators.get(operator).is_none_or(|spells| is_clear(spells, from, to)) && is_clear(&self.disk, from, to)
    }

    /// By how much the wall clock is set back in all: so much longer may a message live.
    pub(crate) fn set_back(&self) -> Duration {
        self.jumps.iter().map(|(_, by_s)| Duration::from_secs(by_s.min(&0).unsigned_abs())).sum()
    }

    /// Whether somebody sets the clock between these times.
    pub(crate) fn is_set(&self, from: Duration, to: Duration) -> bool {
        self.jumps.iter().any(|(at, _)| from <= *at && *at <= to)
    }

    /// Whether there is no fault between these times. Deaths are no matter of weather.
    pub(crate) fn is_fair(&self, from: Duration, to: Duration) -> bool {
        let within = |at: Duration| from <= at && at <= to;
        self.operators.iter().all(|spells| is_clear(spells, from, to))
            && is_clear(&self.disk, from, to)
            && !self.is_set(from, to)
            && !self.cuts.iter().any(|(at, _)| within(*at))
    }
}

fn is_clear<T>(spells: &[Spell<T>], from: Duration, to: Duration) -> bool {
    spells.iter().all(|spell| spell.to < from || to < spell.from)
}

/// What lasts at this time.
pub(crate) fn at<T: Copy>(spells: &[Spell<T>], time: Duration) -> Option<Spell<T>> {
    spells.iter().find(|spell| spell.from <= time && time < spell.to).copied()
}

/// An operator that goes down, or that takes no binds, ends those that it has.
fn left(moods: &[Vec<Spell<Mood>>]) -> Vec<(Duration, usize)> {
    let ends = |spell: &&Spell<Mood>| matches!(spell.what, Mood::Down | Mood::Refusing);
    let of = |(no, spells): (usize, &Vec<Spell<Mood>>)| -> Vec<_> {
        spells.iter().filter(ends).map(|spell| (spell.from, no)).collect()
    };
    let mut cuts: Vec<_> = moods.iter().enumerate().flat_map(of).collect();
    cuts.sort_unstable();
    cuts
}

/// Somebody sets the clock while an operator is in a mood, mostly back: what waits for a time waits longer then.
fn set_in(dice: &mut Dice, moods: &[Vec<Spell<Mood>>]) -> Vec<(Duration, i64)> {
    let mut jumps = Vec::new();
    for spell in moods.iter().flatten() {
        let (wanted, at) = (dice.per_mille(600), spell.from + dice.millis(3_000, 40_000));
        let by_s = [-7_200, -900, -900, -600, -600, -90, 45, 3_600][usize::try_from(dice.between(0, 7)).unwrap_or(0)];
        jumps.extend(Some((at, by_s)).filter(|_| wanted && at < spell.to));
    }
    jumps.sort_unstable();
    jumps
}

fn moods(dice: &mut Dice, kind: Kind, end: Duration, between: Duration) -> Vec<Spell<Mood>> {
    const BAD: [Mood; 7] =
        [Mood::Down, Mood::Refusing, Mood::Throttling, Mood::Silent, Mood::Slow, Mood::HalfOpen, Mood::Busy];
    // Who waits for an operator that is not there waits by a clock.
    let most = if kind == Kind::Clocks { 3 } else { 6 };
    spells(dice, end, between, 2 * MINUTE, |dice| {
        let place = usize::try_from(dice.between(0, most)).unwrap_or(0);
        BAD.get(place).copied().unwrap_or(Mood::Down)
    })
}

fn spells<T>(
    dice: &mut Dice,
    end: Duration,
    between: Duration,
    lasting: Duration,
    what: impl Fn(&mut Dice) -> T,
) -> Vec<Spell<T>> {
    let (mut found, mut time) = (Vec::new(), Duration::ZERO);
    loop {
        let from = time + dice.around(between);
        let to = from + dice.around(lasting);
        if to >= end {
            return found;
        }
        found.push(Spell { from, to, what: what(dice) });
        time = to;
    }
}

fn moments<T>(dice: &mut Dice, end: Duration, between: Duration, what: impl Fn(&mut Dice) -> T) -> Vec<(Duration, T)> {
    let (mut found, mut time) = (Vec::new(), Duration::ZERO);
    loop {
        time += dice.around(between);
        if time >= end {
            return found;
        }
        found.push((time, what(dice)));
    }
}
