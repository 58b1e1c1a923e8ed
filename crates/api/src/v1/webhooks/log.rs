//! What became of events that a webhook was to be told: attempts, what it never took, telling it again, and tests.

use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountEventId, WebhookId};
use sambac_store::rows::{DeadLetterRow, WebhookDeliveryRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Showing;
use crate::access::{Authorised, scope};
use crate::input::{Id, Json, Parameters};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Moment};
use crate::v1::paging;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListLog {
    /// Entries of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One attempt to tell a webhook of an event. Neither the event's body nor the answer's is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookDelivery {
    #[schema(example = "wdl_01h2xcejqtf2n")]
    id: String,
    /// The event, as `webhook-id` says it.
    #[schema(example = "aev_01h2xcejqtf2n")]
    event: String,
    #[schema(value_type = shown::EventWord)]
    event_type: String,
    /// Which attempt it was; 0: a test.
    attempt: u16,
    at: Moment,
    took_ms: i64,
    /// The HTTP status of the answer; missing when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Whether the event was taken.
    taken: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "time-out")]
    reason: Option<String>,
}

/// Attempts, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookDeliveries {
    data: Vec<WebhookDelivery>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// An event that a webhook has not taken, and is not offered any more.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    #[schema(example = "aev_01h2xcejqtf2n")]
    event: String,
    #[schema(value_type = shown::EventWord)]
    event_type: String,
    /// Attempts that were made.
    attempts: u16,
    /// What became of the last one.
    #[schema(example = "time-out")]
    reason: String,
    /// When it was given up.
    at: Moment,
}

/// Events that were not taken, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    data: Vec<DeadLetter>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What to tell again: one event, or all that were given up since some time.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// An event, whether it was taken or not.
    #[garde(length(chars, max = 40))]
    #[schema(max_length = 40, example = "aev_01h2xcejqtf2n")]
    event: Option<String>,
    /// All that were given up since then.
    #[garde(skip)]
    since: Option<Moment>,
}

/// What is told again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// How many events.
    events: usize,
}

/// Of a page.
struct Paging;

impl utoipa::IntoResponses for Paging {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::InvalidRequest]])
    }
}

/// Of telling again.
struct Replaying;

impl utoipa::IntoResponses for Replaying {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound, ErrorCode::WrongState]])
    }
}

/// List attempts to tell a webhook.
///
/// Those of the last seven days, and of them the last 10,000.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/deliveries",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n"), ListLog),
    responses((status = 200, description = "A page, newest first", body = WebhookDeliveries), Paging)
)]
pub(crate) async fn list_deliveries(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
    Parameters(query): Parameters<ListLog>,
) -> Result<axum::Json<WebhookDeliveries>, Problem> {
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    client.webhook(id).await?;
    let mut rows = client.engine().store().webhook_deliveries(id, before, limit + 1).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    Ok(axum::Json(WebhookDeliveries { data: rows.into_iter().map(WebhookDelivery::from).collect(), next_cursor }))
}

/// List events that a webhook has not taken.
///
/// Those of all attempts' failure, for as long as events are kept: they can be told again. A message from a handset is not among them,
/// for it goes on to the next target of its route.
#[utoipa::path(
    get,
    path = "/v1/webhooks/{id}/dead-letters",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n"), ListLog),
    responses((status = 200, description = "A page, newest first", body = DeadLetters), Paging)
)]
pub(crate) async fn list_dead_letters(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
    Parameters(query): Parameters<ListLog>,
) -> Result<axum::Json<DeadLetters>, Problem> {
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    client.webhook(id).await?;
    let mut rows = client.engine().store().dead_letters(id, before, limit + 1).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    Ok(axum::Json(DeadLetters { data: rows.into_iter().map(DeadLetter::from).collect(), next_cursor }))
}

/// Tell a webhook again.
///
/// One event that is still kept, or all that the webhook was given up with since a time. They go out like new ones, under the ids that
/// they had.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/replay",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n")),
    request_body = Replay,
    responses((status = 200, description = "They are on their way", body = Replayed), Replaying)
)]
pub(crate) async fn replay_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
    Json(wanted): Json<Replay>,
) -> Result<axum::Json<Replayed>, Problem> {
    client.reach_webhook(id).await?;
    let (engine, account) = (client.engine(), client.account_id());
    let events = match (wanted.event, wanted.since) {
        (Some(event), None) => {
            let event: AccountEventId = event.parse().map_err(|_| ErrorCode::NotFound)?;
            engine.replay_event(account, id, event).await?
        }
        (None, Some(since)) => engine.replay_dead_letters(account, id, since.0).await?,
        _ => {
            let problem = Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid");
            return Err(problem.at("", "give either event or since"));
        }
    };
    Ok(axum::Json(Replayed { events }))
}

/// Test a webhook.
///
/// A `webhook.test` event is posted now, once, signed like any other, also to a webhook that is disabled. The answer tells what became
/// of it.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{id}/test",
    tag = "Webhooks",
    security(("key" = ["webhooks:write"]), ("key_header" = ["webhooks:write"])),
    params(("id" = String, Path, description = "The webhook", example = "whk_01h2xcejqtf2n")),
    responses((status = 200, description = "The attempt", body = WebhookDelivery), Showing)
)]
pub(crate) async fn test_webhook(
    client: Authorised<scope::WebhooksWrite>,
    Id(id): Id<WebhookId>,
) -> Result<axum::Json<WebhookDelivery>, Problem> {
    client.reach_webhook(id).await?;
    let row = client.engine().test_webhook(client.account_id(), id).await?;
    Ok(axum::Json(WebhookDelivery::from(row)))
}

impl From<WebhookDeliveryRow> for WebhookDelivery {
    fn from(row: WebhookDeliveryRow) -> Self {
        let taken = row.outcome == "taken";
        Self {
            id: row.id.to_string(),
            event: row.event,
            event_type: row.kind,
            attempt: row.attempt,
            at: Moment(row.at),
            took_ms: row.took_ms,
            status: row.status,
            taken,
            reason: (!taken).then_some(row.outcome),
        }
    }
}

impl From<DeadLetterRow> for DeadLetter {
    fn from(row: DeadLetterRow) -> Self {
        Self {
            event: row.id.to_string(),
            event_type: row.kind,
            attempts: row.attempts,
            reason: row.outcome,
            at: Moment(row.at),
        }
    }
}
