//! What is learned of a connector from its receipts: the time zone of its dates, the form of its ids, and whether its receipts
//! can be believed.
//!
//! All of it is in memory, and learned again after a start. Nothing here decides anything by itself but how a date is read
//! whose zone the profile does not give: rules are proposed, suspicions are shown.

mod delay;
mod propose;
mod zone;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sambac_domain::id::ConnectorId;
use sambac_domain::profile::{Profile, ReceiptIdSettings};
use sambac_domain::receipt::ReceiptDate;
use sambac_domain::time::Timestamp;

pub use delay::{DELAY_BOUNDS_S, ReceiptDelays};
pub use propose::ReceiptProposal;

use crate::Engine;
use propose::Proposals;
use zone::Zone;

/// What is known of one connector's receipts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptFacts {
    /// Offset of its dates from UTC, once enough receipts told.
    pub utc_offset_minutes: Option<i16>,
    /// How fast its final receipts come and how many say "delivered".
    pub delays: ReceiptDelays,
    /// Rules for its ids that explain receipts which matched nothing.
    pub proposals: Vec<ReceiptProposal>,
    /// Words and numbers of states that are in no table, in the order of the alphabet.
    pub unmapped_states: Vec<String>,
}

/// Words that are remembered as told; an operator that has more is not worth a line for each.
const WORDS_MAX: usize = 64;

#[derive(Default)]
struct Learned {
    words: HashSet<String>,
    zone: Zone,
    delays: ReceiptDelays,
    proposals: Proposals,
}

/// Of all connectors.
#[derive(Default)]
pub(crate) struct ReceiptWatch(Mutex<HashMap<ConnectorId, Learned>>);

impl ReceiptWatch {
    /// A receipt with this done date came.
    pub(crate) fn dated(&self, connector: ConnectorId, done: ReceiptDate, received_at: Timestamp) {
        self.of(connector, |learned| learned.zone.observe(Timestamp(done.micros_as_utc()), received_at));
    }

    /// When the operator says that a segment ended; `None` when its date cannot be true.
    pub(crate) fn done_at(
        &self,
        connector: ConnectorId,
        profile: &Profile,
        done: Option<ReceiptDate>,
        received_at: Timestamp,
    ) -> Option<Timestamp> {
        let done = done?;
        let learned = || self.of(connector, |learned| learned.zone.offset_minutes());
        match profile.receipt.utc_offset_minutes.or_else(learned) {
            Some(offset_minutes) => zone::to_utc(done, offset_minutes, received_at),
            None => zone::if_utc(done, received_at),
        }
    }

    /// Whether this word for a state, which is in no table, was not seen before.
    pub(crate) fn is_new_word(&self, connector: ConnectorId, word: &str) -> bool {
        self.of(connector, |learned| learned.words.len() < WORDS_MAX && learned.words.insert(word.to_owned()))
    }

    /// A final receipt came so long after its segment was submitted.
    pub(crate) fn ended(
        &self,
        connector: ConnectorId,
        submitted_at: Timestamp,
        received_at: Timestamp,
        delivered: bool,
    ) {
        self.of(connector, |learned| learned.delays.observe(received_at.since(submitted_at), delivered));
    }

    /// A receipt matched nothing although segments to its number wait: which rule would have matched it? Gives a rule that has
    /// just become good enough to be proposed.
    pub(crate) fn unmatched(
        &self,
        connector: ConnectorId,
        rules: &ReceiptIdSettings,
        receipt_ids: &[&str],
        answers: &[String],
    ) -> Option<ReceiptProposal> {
        self.of(connector, |learned| learned.proposals.learn(rules, receipt_ids, answers))
    }

    pub(crate) fn facts(&self, connector: ConnectorId) -> ReceiptFacts {
        self.of(connector, |learned| ReceiptFacts {
            utc_offset_minutes: learned.zone.offset_minutes(),
            delays: learned.delays.clone(),
            proposals: learned.proposals.good(),
            unmapped_states: {
                let mut words: Vec<_> = learned.words.iter().cloned().collect();
                words.sort_unstable();
                words
            },
        })
    }

    fn of<T>(&self, connector: ConnectorId, ask: impl FnOnce(&mut Learned) -> T) -> T {
        ask(self.lock().entry(connector).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectorId, Learned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// What was learned of a connector from its receipts since the start.
    pub fn receipt_facts(&self, connector: ConnectorId) -> ReceiptFacts {
        let mut facts = self.0.receipt_watch.facts(connector);
        let snapshot = self.snapshot();
        let now = snapshot.profile(connector).map(|profile| &profile.receipt_id);
        // What was learned under other rules says nothing about those of now, and one that was taken is proposed no more.
        facts.proposals.retain(|proposal| now == Some(&proposal.learned_under));
        facts
    }

    /// Rules for a connector's ids (`receipt_id` of its profile) under which receipts would match that match nothing now.
    /// Whoever takes one changes the connector's settings; its receipts are tried again then.
    pub fn receipt_proposals(&self, connector: ConnectorId) -> Vec<ReceiptProposal> {
        self.receipt_facts(connector).proposals
    }
}
