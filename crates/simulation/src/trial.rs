//! How a planted bug is tried: briefly, and first with a seed that has caught it.

use sambac_domain::planted::Bug;

/// Minutes of messages and faults of a trial.
pub const MINUTES: u64 = 15;

/// A run that catches a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Which seed, lived briskly for [`MINUTES`].
    pub seed: u64,
}

impl Trial {
    /// The one that caught it last time. It is a hint: when the engine or the simulation has changed, another seed may catch it.
    pub const fn of(bug: Bug) -> Self {
        let seed = match bug {
            Bug::OrphanNotStored | Bug::SlotLeaked | Bug::LaneForgets | Bug::TaskNotStored => 2,
            Bug::SentTooLate | Bug::HalfOpenUnnoticed => 4,
            Bug::ReceiptRace | Bug::DlrDoneWhenSent => 5,
            Bug::SentBeforeIntent => 6,
            Bug::FenceIgnored => 7,
            Bug::WallClockTimer => 9,
            Bug::DoubtForgotten => 13,
            Bug::ReceiptAckBeforeFlush => 17,
            _ => 1,
        };
        Self { seed }
    }
}
