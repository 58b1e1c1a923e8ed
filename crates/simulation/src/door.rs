//! What the database does: how long each call takes, when it is away, when an answer is lost, and at which commit the process dies.

use std::sync::Arc;
use std::time::Duration;

use sambac_store::simulated::{Door, Event, Passage};

use crate::dice::Dice;
use crate::weather::{Death, Disk, at};
use crate::world::{World, locked};

/// The database's own state.
#[derive(Debug)]
pub(crate) struct DoorState {
    dice: Dice,
    /// At which passage the process dies, and how many of them it still makes.
    pub(crate) doom: Option<(Passage, u64)>,
    /// Whether it is dead.
    pub(crate) is_dead: bool,
    /// Commits kept.
    pub(crate) commits: u64,
}

impl DoorState {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Dice::named(seed, "door"), doom: None, is_dead: false, commits: 0 }
    }

    /// From now on the process may die so.
    pub(crate) fn arm(&mut self, death: Death) {
        let steps = self.dice.between(0, 6);
        self.doom = match death {
            Death::BeforeCommit => Some((Passage::Commit, steps)),
            Death::AfterCommit => Some((Passage::Committed, steps)),
            Death::Anywhere | Death::Stop | Death::Takeover => None,
        };
    }

    /// For how long a process that hangs is not killed yet: all of it that needs no database goes on.
    pub(crate) fn agony(&mut self) -> Duration {
        self.dice.millis(0, 12)
    }

    fn dies(&mut self, passage: Passage) -> bool {
        match &mut self.doom {
            Some((at, 0)) if *at == passage => self.is_dead = true,
            Some((at, steps)) if *at == passage => *steps -= 1,
            _ => {}
        }
        self.is_dead
    }

    fn time(&mut self, passage: Passage) -> Duration {
        match passage {
            Passage::Read if self.dice.per_mille(900) => Duration::ZERO,
            Passage::Read => self.dice.millis(1, 4),
            Passage::Begin | Passage::Committed => Duration::ZERO,
            Passage::Commit if self.dice.per_mille(10) => self.dice.millis(50, 400),
            Passage::Commit => self.dice.millis(1, 5),
        }
    }
}

/// The door of this world's database.
pub(crate) struct WorldsDoor(pub(crate) Arc<World>);

impl Door for WorldsDoor {
    fn pass(&self, passage: Passage) -> Event {
        let world = &self.0;
        let disk = at(&world.weather.disk, world.passed()).map_or(Disk::Well, |spell| spell.what);
        let mut state = locked(&world.door);
        if state.dies(passage) {
            world.doomed.notify_one();
            return Event::Hangs;
        }
        state.commits += u64::from(passage == Passage::Committed);
        match (disk, passage) {
            (Disk::Away, Passage::Read | Passage::Begin | Passage::Commit) => Event::Fails,
            (Disk::Ambiguous, Passage::Commit) if state.dice.per_mille(150) => Event::Fails,
            (Disk::Ambiguous, Passage::Committed) if state.dice.per_mille(400) => Event::Fails,
            _ => Event::Goes(state.time(passage)),
        }
    }
}
