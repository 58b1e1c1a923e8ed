//! Persons who want no more messages of an account: who they are, as the hot path looks at it, and what becomes of a message to one.
//!
//! The list is in the table `opt_outs`; what holds of it is kept in memory, by digests, and changes with the group commit that stores it. An
//! account whose list is empty pays a look into a map for it.

mod change;
mod import;
mod list;
mod reply;

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::options::MessageOptions;

use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::submit::SubmitRequest;

pub use change::{OptOutView, WantedOptOut};
pub use import::IMPORT_LINES_MAX;
pub(crate) use list::OptOuts;
pub(crate) use reply::{KeywordReply, run};

/// Refuses a message to who wants none. A one-time code goes all the same, and says so in its life; so does what answers the person.
///
/// # Errors
/// [`ErrorCode::RecipientOptedOut`].
pub(crate) fn obey(snapshot: &Snapshot, request: &mut SubmitRequest) -> Result<(), Refusal> {
    if !snapshot.opt_outs.has(request.account_id, request.destination, &request.sender) {
        return Ok(());
    }
    if request.class == TrafficClass::Otp {
        request.options.get_or_insert_default().opted_out = true;
        return Ok(());
    }
    if is_answer(request.options.as_deref()) {
        return Ok(());
    }
    Err(Refusal::from(ErrorCode::RecipientOptedOut).at("/to"))
}

/// Whether a message answers one that its recipient has sent.
pub(crate) fn is_answer(options: Option<&MessageOptions>) -> bool {
    options.is_some_and(|options| options.answers.is_some())
}
