//! Whether an operator has heard our answer to a handset's message: what comes once more after that has been written once more.
//!
//! An SMSC delivers again when it has no answer: because the session ended before, or because the answer came after its timer
//! had run out. An answer that was given in time on a session that is still up has arrived. What is not known here, as after a
//! restart, may have been lost.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use sambac_domain::time::Timestamp;
use sambac_smpp::Session;

/// Deliveries that are remembered.
const CAPACITY: usize = 20_000;
/// An SMSC's timer is no shorter than that.
const IN_TIME: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Heard {
    answers: HashMap<i64, Answered>,
    /// In the order in which they came.
    order: VecDeque<i64>,
}

struct Answered {
    session: Session,
    in_time: bool,
}

impl Heard {
    /// A delivery with this fingerprint, received then, is answered now.
    pub(super) fn note(&mut self, fingerprint: i64, session: Session, received_at: Timestamp, now: Timestamp) {
        let in_time = now <= received_at.saturating_add(IN_TIME);
        if self.answers.insert(fingerprint, Answered { session, in_time }).is_none() {
            self.order.push_back(fingerprint);
        }
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }

    /// Whether the answer to the last one has arrived.
    pub(super) fn is_sure(&self, fingerprint: i64) -> bool {
        self.answers.get(&fingerprint).is_some_and(|answered| answered.in_time && !answered.session.is_closed())
    }
}
