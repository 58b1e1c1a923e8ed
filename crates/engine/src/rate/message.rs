//! The limits that a message uses up, whatever way it comes in.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use tokio::time::Instant;

use super::{Limit, Limits, too_often};
use crate::Inner;
use crate::refusal::Refusal;
use crate::snapshot::{Account, Snapshot};
use crate::submit::{Draft, SubmitRequest};

impl Inner {
    /// The account's own limits, over all its ways in. The last check, so that only what would be taken uses them up.
    pub(crate) async fn check_limits(&self, snapshot: &Snapshot, draft: &Draft, now: Instant) -> Result<(), Refusal> {
        let account = snapshot.account(draft.request.account_id).ok_or(ErrorCode::Unauthenticated)?;
        let limits = self.limits_of(account, draft);
        if let Some((place, wait)) = self.take(&limits, now).await.refused {
            let is_of_number = limits.get(place).is_some_and(Limit::is_of_number);
            return Err(if is_of_number { too_often(wait).at("/to") } else { too_fast(account, wait) });
        }
        self.joined.look(account, draft, now)
    }

    /// The limits that a message uses up: that of its number, and that of what its account submits.
    pub(crate) fn limits_of<'a>(&'a self, account: &'a Account, draft: &Draft) -> Limits<'a> {
        let SubmitRequest { account_id, destination, .. } = draft.request;
        let of_number = Limit::of_number(&self.destinations, account_id, destination, account.calls.destination);
        let of_account = Limit::of("segments", account_id.raw(), &account.limit, draft.parts);
        of_number.into_iter().chain(of_account).collect()
    }
}

fn too_fast(account: &Account, wait: Duration) -> Refusal {
    let (limit, wait_ms) = (account.limit.throughput(), wait.as_millis());
    let text = format!("the account may submit {limit}; there is room in {wait_ms} ms");
    Refusal { retry_after: Some(wait), ..Refusal::new(ErrorCode::RateLimited, text) }
}
