//! What a notice tells a webhook.

use sambac_bus::{EventRef, Notice, Queued};
use sambac_domain::account_event::EventType;
use sambac_domain::id::{AccountEventId, NoticeId};
use sambac_store::StoreError;

use crate::Inner;
use crate::feed;

/// An event as it is posted.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// `webhook-id`: the same for every attempt and every webhook.
    pub(super) id: String,
    /// The event, where it is kept for being told again.
    pub(super) event_id: Option<AccountEventId>,
    /// Its type.
    pub(super) kind: String,
    /// What is posted.
    pub(super) body: String,
}

/// Reads what there is to tell; `None` when there is nothing any more.
pub(super) async fn told(inner: &Inner, queued: &Queued, notice: &Notice) -> Result<Option<Told>, StoreError> {
    match notice {
        Notice::Outcome(outcome) => Ok(Some(Told {
            // Rows of before events had ids of their own.
            id: outcome.event_id.map_or_else(|| format!("ntc_{}", queued.id), |id| id.to_string()),
            event_id: outcome.event_id,
            kind: format!("message.{}", outcome.state.as_str()),
            body: feed::outcome_body(outcome),
        })),
        Notice::Received(_) => {
            let Some(row) = inner.store.mo_to_deliver(NoticeId::from_raw(queued.id)).await? else { return Ok(None) };
            let content = inner.mo_content(&row);
            Ok(content.map(|content| Told {
                id: row.id.to_string(),
                event_id: None,
                kind: EventType::MessageReceived.as_str().to_owned(),
                body: feed::received_body(&row, Some(&content)),
            }))
        }
        Notice::Event(EventRef { account_id, event_id }) => {
            let Some(row) = inner.store.account_event(*account_id, *event_id).await? else { return Ok(None) };
            let kind = row.kind.clone();
            let body = feed::body(inner, row).await?;
            Ok(body.map(|body| Told { id: event_id.to_string(), event_id: Some(*event_id), kind, body }))
        }
    }
}
