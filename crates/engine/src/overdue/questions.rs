//! What one operator is asked about overdue receipts, and what is made of its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use sambac_bus::work::Said;
use sambac_domain::id::ConnectorId;
use sambac_domain::message::Message;
use sambac_domain::profile::Profile;
use sambac_domain::state::MessageState;

use super::Overdue;
use crate::alert::AlertKind;
use crate::commit::{Queried, Write};
use crate::{Inner, relay};

/// So many questions without an answer, one after the other, say that there will be none.
const SILENCE_MAX: u8 = 3;

/// When what could not be asked is asked again.
const NOT_AT_ONCE: Duration = Duration::from_secs(1);

/// Those of one connector.
pub(crate) struct Questions {
    id: ConnectorId,
    name: String,
    /// Questions that got no answer, one after the other.
    silence: AtomicU8,
}

/// What is asked about.
pub(crate) struct Subject {
    pub(crate) message: Arc<Message>,
    pub(crate) smsc_message_id: Box<str>,
}

impl Questions {
    pub(crate) fn new(id: ConnectorId, name: &str) -> Self {
        Self { id, name: name.to_owned(), silence: AtomicU8::new(0) }
    }

    /// Whether the operator is asked. One that does not offer it is asked once, and not again until the connector's settings change.
    pub(crate) fn are_asked(&self, profile: &Profile) -> bool {
        profile.receipt.query_after_s > 0 && self.silence.load(Ordering::Relaxed) < SILENCE_MAX
    }

    /// What to ask about; `None` when the operator has it no more.
    pub(crate) async fn subject(&self, inner: &Inner, overdue: Overdue) -> Option<Subject> {
        let live = relay::load_message(inner, overdue.segment.message()).await?;
        let own = live.progress().of(overdue.segment).cloned()?;
        let is_here = own.state == MessageState::Submitted && own.connector == self.id;
        let smsc_message_id = own.smsc_message_id.filter(|_| is_here)?;
        Some(Subject { message: Arc::clone(&live.message), smsc_message_id })
    }

    /// Takes in what came of a question: the write that it stands for, if it does.
    pub(crate) fn heard(&self, inner: &Inner, profile: &Profile, overdue: Overdue, said: Said) -> Option<Write> {
        match said {
            // As due as before, but for a moment: what was in the way is still there.
            Said::NotAsked => {
                let due_at = inner.clock.now().saturating_add(NOT_AT_ONCE);
                inner.overdue.put(self.id, Overdue { due_at, ..overdue });
                None
            }
            Said::Nothing => {
                if self.silence.fetch_add(1, Ordering::Relaxed) + 1 == SILENCE_MAX {
                    self.tell_silence(inner, "it gives no answer");
                }
                self.ask_again(inner, profile, overdue)
            }
            Said::NotOffered { why } => {
                if self.silence.swap(SILENCE_MAX, Ordering::Relaxed) < SILENCE_MAX {
                    self.tell_silence(inner, &why);
                }
                None
            }
            Said::Ended { state, error, done_at } => {
                self.silence.store(0, Ordering::Relaxed);
                let received_at = inner.clock.now();
                let (segment, connector) = (overdue.segment, self.id);
                let queried = Queried { segment, connector, told: state, error, done_at, received_at };
                Some(Write::Queried(Box::new(queried)))
            }
            Said::Open | Said::TakenBack | Said::Kept | Said::Done => {
                self.silence.store(0, Ordering::Relaxed);
                self.ask_again(inner, profile, overdue)
            }
        }
    }

    /// With other settings it may be another operator: it is asked anew.
    pub(crate) fn begin_anew(&self, inner: &Inner) {
        self.silence.store(0, Ordering::Relaxed);
        inner.alerts.clear(AlertKind::ConnectorQuery, &self.name, "settings changed");
    }

    fn ask_again(&self, inner: &Inner, profile: &Profile, overdue: Overdue) -> Option<Write> {
        let settings = &profile.receipt;
        let asked = overdue.asked.saturating_add(1);
        if asked < settings.query_attempts_max {
            let due_at = inner.clock.now().saturating_add(Duration::from_secs(settings.query_after_s.into()));
            inner.overdue.put(self.id, Overdue { asked, due_at, ..overdue });
        }
        None
    }

    /// A person is told once that the operator is not asked any more.
    fn tell_silence(&self, inner: &Inner, why: &str) {
        let text = format!("the operator does not offer query_sm ({why}): set receipt.query_after_s to 0");
        inner.alerts.raise(AlertKind::ConnectorQuery, &self.name, text);
    }
}
