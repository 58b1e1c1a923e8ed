//! Events as they are told: read from their rows, with what is kept elsewhere.

use std::time::Duration;

use sambac_domain::account_event::{EventType, EventTypes};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountEventId, AccountId, IdSource, MoId};
use sambac_domain::number::Msisdn;
use sambac_store::StoreError;
use sambac_store::rows::AccountEventRow;
use serde::Deserialize;

use super::received;
use crate::api_key::Environment;
use crate::refusal::Refusal;
use crate::{Caller, Engine, Inner};

/// Rows that are read to find events of the wanted types, for one page.
const LOOK_MAX: u32 = 2_000;
/// How far a cursor may be ahead of the clock.
const AHEAD: Duration = Duration::from_secs(60);

/// An event as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldEvent {
    /// Its id, which is also the cursor behind it.
    pub id: AccountEventId,
    /// The whole event, a JSON object: `id`, `type`, `timestamp`, `data`.
    pub json: String,
}

/// Some events, in order.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events.
    pub events: Vec<ToldEvent>,
    /// The cursor behind them, and behind what was passed over.
    pub cursor: AccountEventId,
    /// Whether there may be more.
    pub more: bool,
}

impl Engine {
    /// The events of a caller's account of these types behind a cursor, or from the oldest that is kept; `limit` at most.
    ///
    /// # Errors
    /// [`ErrorCode::CursorExpired`] when events behind the cursor are not kept any more, [`ErrorCode::InvalidRequest`] for a cursor
    /// that was never given, [`ErrorCode::ServiceUnavailable`].
    pub async fn account_events(
        &self,
        caller: &Caller,
        after: Option<AccountEventId>,
        types: EventTypes,
        limit: u32,
    ) -> Result<EventPage, Refusal> {
        let account = caller.account_id;
        if let Some(after) = after {
            check_cursor(&self.0, account, after).await?;
        }
        let from = after.unwrap_or(AccountEventId::from_raw(0));
        page(&self.0, caller, from, types, limit).await.map_err(|error| unavailable(&error))
    }
}

/// Reads on from a cursor.
pub(super) async fn page(
    inner: &Inner,
    caller: &Caller,
    after: AccountEventId,
    types: EventTypes,
    limit: u32,
) -> Result<EventPage, StoreError> {
    let account = caller.account_id;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut page, mut looked_at) = (EventPage { events: Vec::new(), cursor: after, more: true }, 0);
    while page.events.len() < wanted && looked_at < LOOK_MAX {
        let rows = inner.store.account_events_after(account, page.cursor, limit).await?;
        let is_last = rows.len() < wanted;
        for row in rows {
            if page.events.len() == wanted {
                return Ok(page);
            }
            looked_at += 1;
            page.cursor = row.id;
            if caller.environment == Environment::Test && !is_test(&row) {
                continue;
            }
            // A type that a later program wrote is for those who want all.
            if EventType::parse(&row.kind).map_or(types == EventTypes::EVERY, |kind| types.has(kind)) {
                page.events.extend(told(inner, row).await?);
            }
        }
        if is_last {
            page.more = false;
            break;
        }
    }
    Ok(page)
}

/// Whether an event is about a number of the test network: others are nothing to test keys, and to webhooks that these have made.
pub(crate) fn is_test(row: &AccountEventRow) -> bool {
    #[derive(Deserialize)]
    struct Event {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        #[serde(alias = "number")]
        to: String,
    }
    let number =
        row.body.as_deref().and_then(|body| serde_json::from_str::<Event>(body).ok()).map(|event| event.data.to);
    let number = number.as_deref().and_then(|text| text.strip_prefix('+'));
    number.is_some_and(|digits| Msisdn::from_digits(digits.as_bytes()).is_ok_and(Msisdn::is_test))
}

/// The event that a row is of; `None` when what it is of is not there any more.
async fn told(inner: &Inner, row: AccountEventRow) -> Result<Option<ToldEvent>, StoreError> {
    let id = row.id;
    let body = body(inner, row).await?;
    // The body is an object, and so is what is told, with the id as its first field.
    let json = body.as_deref().and_then(|body| body.strip_prefix('{')).map(|rest| format!("{{\"id\":\"{id}\",{rest}"));
    Ok(json.map(|json| ToldEvent { id, json }))
}

/// What a webhook is posted of an event.
pub(crate) async fn body(inner: &Inner, row: AccountEventRow) -> Result<Option<String>, StoreError> {
    match (row.body, row.subject) {
        (Some(body), _) => Ok(Some(body)),
        (None, Some(subject)) if row.kind == EventType::MessageReceived.as_str() => {
            let message = inner.store.mo_message(row.account_id, MoId::from_raw(subject)).await?;
            Ok(message.map(|message| received::body(&message, inner.mo_content(&message).as_ref())))
        }
        (None, _) => Ok(None),
    }
}

/// # Errors
/// When something behind the cursor may be lost, or the cursor is none.
pub(super) async fn check_cursor(inner: &Inner, account: AccountId, after: AccountEventId) -> Result<(), Refusal> {
    if IdSource::made_at(after.raw()) > inner.clock.now().saturating_add(AHEAD) {
        // Ids go on rising when the clock was set back.
        let last = inner.store.last_account_event(account).await.map_err(|error| unavailable(&error))?;
        if last.is_none_or(|last| last < after) {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "the cursor is none that was given"));
        }
    }
    if is_behind(inner, account, after).await.map_err(|error| unavailable(&error))? {
        return Err(ErrorCode::CursorExpired.into());
    }
    Ok(())
}

/// Whether events behind a cursor were dropped. The newest one of an account never is: so one that is older than all there are has
/// lost something only when it is older than events are kept.
pub(super) async fn is_behind(inner: &Inner, account: AccountId, after: AccountEventId) -> Result<bool, StoreError> {
    if IdSource::made_at(after.raw()) >= inner.clock.now().saturating_sub(inner.settings.feed.kept) {
        return Ok(false);
    }
    let first = inner.store.account_events_after(account, AccountEventId::from_raw(0), 1).await?;
    Ok(first.first().is_some_and(|first| first.id > after))
}

pub(super) fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "events were not read");
    ErrorCode::ServiceUnavailable.into()
}
