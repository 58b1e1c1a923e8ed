//! Judges binds: an operator that is there and well has one, whatever the clock on the wall shows.

use std::time::Duration;

use super::Bench;
use crate::world::locked;

/// How long an operator may be well without a bind: the longest pause between two, a bind that is refused, and the one after that.
const SLOW: Duration = Duration::from_secs(60);
/// How often it is asked.
const LOOK: Duration = Duration::from_secs(15);

impl Bench<'_> {
    /// All operators.
    pub(super) fn binds(&self) {
        for operator in &self.world.operators {
            let binds = locked(&operator.memory).binds.clone();
            let mut at = SLOW;
            while at + SLOW < self.world.passed() {
                let is_there = binds.iter().any(|(from, until)| *from <= at + SLOW && *until >= at);
                if !is_there && self.world.is_well(operator.no, at.saturating_sub(SLOW), at + SLOW) {
                    self.world.found("no bind although nothing is wrong", format!("operator {}, {at:?}", operator.no));
                    break;
                }
                at += LOOK;
            }
        }
    }
}
