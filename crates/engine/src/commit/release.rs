//! A connector gives away what waits for it: each segment goes to the next connector of its route, or, where there is none and a
//! person wants it so, to its end. What is announced or in doubt for good is left alone.

use std::collections::HashSet;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, SegmentId};
use sambac_domain::state::MessageState;
use sambac_store::rows::OutboxKey;
use tokio::sync::oneshot;

use super::Committer;
use super::answer::Case;

/// Segments that a connector is to give away.
pub(crate) struct Release {
    pub(crate) connector: ConnectorId,
    pub(crate) rows: Vec<OutboxKey>,
    /// To whom.
    pub(crate) how: Gives,
    pub(crate) done: oneshot::Sender<Released>,
}

/// To whom waiting segments are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// To another connector that is there, or they wait as before.
    Reachable,
    /// To another connector, there or not, or they wait as before.
    Any,
    /// To another connector, or they end.
    AnyOrEnds,
}

/// What became of segments that waited for a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// They wait for another connector now.
    pub moved: usize,
    /// They ended as failed, and their prices were given back.
    pub ended: usize,
    /// They wait for it as before.
    pub kept: usize,
}

impl Committer {
    pub(super) fn release(&mut self, release: Release) {
        let Release { connector, rows, how, done } = release;
        // A row must not be moved twice by one batch.
        let moves = self.batch.outbox_moves.iter().map(|moved| moved.to.id);
        let touched: HashSet<i64> = moves.chain(self.batch.outbox_done.iter().map(|row| row.id)).collect();
        let mut released = Released::default();
        for row in rows {
            let is_free = !touched.contains(&row.id);
            let case = Some(row).filter(|_| is_free).and_then(|row| self.case(row, connector));
            let case = case.filter(|case| self.waits(case));
            match case.map(|case| self.give_away(&case, how)) {
                Some(Gone::Elsewhere) => released.moved += 1,
                Some(Gone::ToItsEnd) => released.ended += 1,
                Some(Gone::No) | None => released.kept += 1,
            }
        }
        self.after.released(done, released);
    }

    /// Whether it waits for this connector: to be sent, or for its time.
    fn waits(&self, case: &Case) -> bool {
        let is_here = case.with(|progress| progress.connector) == Some(case.connector);
        let waits = self.may_be_sent(case.segment, case.connector) || is_here && case.scheduled_for().is_some();
        waits && !self.announced.contains(&case.segment)
    }

    fn case(&self, row: OutboxKey, connector: ConnectorId) -> Option<Case> {
        let segment = SegmentId::from_raw(row.id);
        Some(Case { live: self.live(segment.message())?, segment, row, connector })
    }

    fn give_away(&mut self, case: &Case, how: Gives) -> Gone {
        let any = || if how == Gives::Reachable { None } else { self.next_connector(case) };
        match self.reachable_connector(case).or_else(any) {
            Some(next) => {
                self.after.withdraw(case.row.clone());
                self.hand_to(case, next);
                Gone::Elsewhere
            }
            None if how == Gives::AnyOrEnds => {
                self.after.withdraw(case.row.clone());
                self.event(case.segment, "ended_by_hand", None);
                self.fail(case, MessageState::Failed, ErrorCode::OperatorUnavailable);
                Gone::ToItsEnd
            }
            None => Gone::No,
        }
    }
}

/// Where a segment went.
enum Gone {
    Elsewhere,
    ToItsEnd,
    No,
}
