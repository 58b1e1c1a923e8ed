//! Tries an SMSC out: runs a checklist against it, and proposes the settings of its connector.
//!
//! It sends real messages, to the numbers it is given only, and no more than it may. What a handset shows cannot be seen from
//! here; where the peer sends messages back (our simulator's `[echo]`, a test number that answers), the alphabet is seen, too.
//! Whatever the SMSC does in the middle of it, every check ends: passed, failed or untested, with the reason.

mod burst;
mod charset;
mod checklist;
mod forms;
mod ids;
mod messages;
mod order;
mod peer;
mod report;
mod way;

use std::time::Duration;

use sambac_domain::number::Msisdn;

pub(crate) use order::Certifications;
pub use report::{Certification, Finding, Verdict};
pub use way::DirectBind;

use self::checklist::Checklist;
use self::report::SharedReport;
use self::way::Way;
use crate::clock::Clock;

/// What may be done to an SMSC that is tried out.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Test numbers: the only ones that are sent to.
    pub numbers: Vec<Msisdn>,
    /// What the messages come from.
    pub from: String,
    /// Messages sent at most.
    pub messages_max: u32,
    /// How long all of it may take.
    pub limit: Duration,
    /// How long an answer may take.
    pub answer_wait: Duration,
    /// How long to wait for a receipt or an answer from a handset.
    pub receipt_wait: Duration,
}

/// Tries out an SMSC that no connector leads to.
pub async fn certify(bind: DirectBind, trial: Trial, clock: &Clock) -> Certification {
    let report = SharedReport::new(&bind.address, &bind.system_id, clock.now());
    Checklist::new(Way::Direct(bind), trial, clock.clone(), report.clone()).run().await;
    report.get()
}
