//! Which faults strike and when: the same seed plans the same.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::proxy::Trick;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// kill -9 of the platform, wherever it is.
    Kill,
    /// It kills itself when it comes to a point of its code for so many times (a build for tests does).
    KillAt(&'static str, u32),
    /// kill -9 of the platform when its COMMIT has left it and not come to the database, is done and not answered, or is answered.
    KillAtCommit(Trick),
    /// The connection breaks around a COMMIT.
    Break(Trick),
    /// Every connection to the database breaks, wherever it is.
    Cut,
    /// kill -9 of the database server.
    Postmaster,
    /// kill -9 of one of its processes: it ends all of them and recovers.
    Backend,
    /// An administrator ends all connections.
    EndBackends,
}

/// A strike, after so many answers since the last one and a moment more.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// What.
    pub strike: Strike,
    /// Waited for after the answers, so that it does not follow one.
    pub moment: Duration,
}

/// Points of the platform's code at which a build for tests kills itself.
const POINTS: [&str; 3] = ["before_commit", "after_commit", "between_batches"];

impl Strike {
    /// As reports call it.
    pub fn name(self) -> String {
        match self {
            Self::Kill => "kill -9 at random".to_owned(),
            Self::KillAt(point, _) => format!("kill -9 at {point}"),
            Self::KillAtCommit(Trick::HoldBefore) => "kill -9 before COMMIT".to_owned(),
            Self::KillAtCommit(Trick::HoldAfter) => "kill -9 after COMMIT, before its answer".to_owned(),
            Self::KillAtCommit(_) => "kill -9 between batches".to_owned(),
            Self::Break(Trick::LoseAnswer) => "answer to COMMIT lost".to_owned(),
            Self::Break(Trick::CutOnTheWay) => "link cut with a COMMIT on its way".to_owned(),
            Self::Break(_) => "link cut, COMMIT arrives late".to_owned(),
            Self::Cut => "all links to PostgreSQL cut".to_owned(),
            Self::Postmaster => "kill -9 of the PostgreSQL server".to_owned(),
            Self::Backend => "kill -9 of one PostgreSQL process".to_owned(),
            Self::EndBackends => "all PostgreSQL sessions ended".to_owned(),
        }
    }
}

/// So many strikes, of all kinds that there are with this database and build, in an order of the seed's.
pub fn plan(seed: u64, strikes: usize, on_postgres: bool, has_points: bool) -> Vec<Planned> {
    let mut chance = SmallRng::seed_from_u64(seed);
    let mut planned = Vec::new();
    while planned.len() < strikes {
        let mut kinds = vec![Strike::Kill];
        if has_points {
            kinds.extend(POINTS.map(|point| Strike::KillAt(point, chance.random_range(1..20))));
        }
        if on_postgres {
            kinds.extend([Trick::HoldBefore, Trick::HoldAfter, Trick::Pass].map(Strike::KillAtCommit));
            let late = Trick::Late(Duration::from_millis(chance.random_range(50..1_500)));
            kinds.extend([Trick::LoseAnswer, Trick::CutOnTheWay, late].map(Strike::Break));
            kinds.extend([Strike::Cut, Strike::Postmaster, Strike::Backend, Strike::EndBackends]);
        }
        kinds.shuffle(&mut chance);
        kinds.truncate(strikes - planned.len());
        planned.extend(
            kinds
                .into_iter()
                .map(|strike| Planned { strike, moment: Duration::from_micros(chance.random_range(0..200_000)) }),
        );
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_plans_the_same_and_every_kind_comes() {
        let names = |seed| plan(seed, 28, true, true).iter().map(|one| one.strike.name()).collect::<Vec<_>>();
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
        let mut kinds = names(7);
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), 14, "{kinds:?}");
        assert!(plan(7, 9, false, false).iter().all(|one| one.strike == Strike::Kill));
    }
}
