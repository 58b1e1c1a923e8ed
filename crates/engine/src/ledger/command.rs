//! Commands of other services: handed to the group commit, answered when they are stored.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::MessageId;
use sambac_domain::ledger::{Answer, Command};
use tokio::sync::oneshot;

use crate::Engine;
use crate::admission::Place;
use crate::commit::Write;
use crate::refusal::Refusal;

/// Commands that go together.
pub(crate) struct ChargeRequest {
    pub(crate) commands: Vec<Command>,
    /// All or none.
    pub(crate) linked: bool,
    pub(crate) reply: oneshot::Sender<Result<Vec<ChargeOutcome>, Refusal>>,
    /// Its place among what is new, free again once it was taken up.
    pub(crate) place: Place,
}

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeOutcome {
    /// What was done, or why nothing was.
    pub answer: Answer,
    /// Whether this is the answer of the first time.
    pub replayed: bool,
}

impl Engine {
    /// Carries out commands, each once by its key; with `linked` all of them or none. Answers when that is durable, one outcome
    /// for each command, in their order.
    ///
    /// # Errors
    /// A [`Refusal`] when nothing could be decided: then nothing was done, and the same request may be sent again.
    pub async fn charge(&self, commands: Vec<Command>, linked: bool) -> Result<Vec<ChargeOutcome>, Refusal> {
        let place = self.place().await?;
        let (reply, answer) = oneshot::channel();
        let request = ChargeRequest { commands, linked, reply, place };
        if !self.0.write(Write::Charge(Box::new(request))).await {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        answer.await.unwrap_or_else(|_| Err(ErrorCode::ServiceUnavailable.into()))
    }

    /// The one-time password of a message was verified: segments that are paid for by that are charged now, also when they were
    /// given up before. Answers, when it is stored, whether there is such a message.
    pub async fn verified(&self, message: MessageId) -> bool {
        let (done, stored) = oneshot::channel();
        self.0.write(Write::Verified { message, done }).await && stored.await.unwrap_or(0) > 0
    }
}
