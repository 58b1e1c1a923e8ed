//! What became of segments, as it travels between nodes.

use std::sync::Arc;

use sambac_bus::work::{Answered, Happened};
use sambac_domain::profile::Profile;
use sambac_smpp::CommandStatus;

use crate::commit::{Answer, AnswerOutcome};

/// An answer as it is told to the node with the ledger.
pub(super) fn told(answer: &Answer) -> Answered {
    let happened = match &answer.outcome {
        AnswerOutcome::Accepted { smsc_message_id } => Happened::Accepted { smsc_message_id: smsc_message_id.clone() },
        AnswerOutcome::Refused { status, .. } => Happened::Refused { command_status: status.0 },
        AnswerOutcome::Unknown => Happened::Unknown,
        AnswerOutcome::NotSent => Happened::NotSent,
        AnswerOutcome::Expired => Happened::Expired,
        AnswerOutcome::Unsendable => Happened::Unsendable,
        AnswerOutcome::Broken => Happened::Broken,
    };
    let Answer { segment, intent, submitted_at, answered_at, .. } = *answer;
    Answered { segment, intent, happened, submitted_at, answered_at }
}

/// What the node with the ledger makes of it: what a refusal means is in the connector's profile, which both nodes have.
pub(crate) fn outcome(happened: Happened, profile: Option<&Arc<Profile>>) -> AnswerOutcome {
    match happened {
        Happened::Accepted { smsc_message_id } => AnswerOutcome::Accepted { smsc_message_id },
        Happened::Refused { command_status } => {
            let verdict = profile.cloned().unwrap_or_default().verdict(command_status);
            AnswerOutcome::Refused { status: CommandStatus(command_status), verdict }
        }
        Happened::Unknown => AnswerOutcome::Unknown,
        Happened::NotSent => AnswerOutcome::NotSent,
        Happened::Expired => AnswerOutcome::Expired,
        Happened::Unsendable => AnswerOutcome::Unsendable,
        Happened::Broken => AnswerOutcome::Broken,
    }
}
