//! `/v1/events`: what the account is told, as a list, as a stream of server-sent events, and as a WebSocket. All three read the same
//! rows and have the same cursor.

mod shape;
mod socket;
mod sse;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use sambac_domain::error::ErrorCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::paging;
use crate::access::{Authorised, Door, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use shape::{EventList, ListEvents, StreamEvents};

/// Where a client of server-sent events says which it had last.
const LAST_EVENT_ID: &str = "last-event-id";

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(list_events)).routes(routes!(socket_events))
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest, ErrorCode::CursorExpired]])
    }
}

/// List or stream events.
///
/// Every event of the account in the order in which it was stored, those that webhooks are posted and under the same ids. With
/// `Accept: text/event-stream` the answer is a stream that goes on with what is to come: each event's id is a cursor, and whoever is
/// cut off goes on behind the last one that it had, with `Last-Event-ID` or `after`, and misses and repeats nothing for as long as
/// events are kept. Without a cursor a stream begins with what is to come, and a list with the oldest event that is kept.
///
/// A stream says with `event: ready` where it begins, sends a comment when nothing happens, and says with `event: end` why it ends.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Events",
    security(("key" = ["events:read"]), ("key_header" = ["events:read"])),
    params(ListEvents, ("Last-Event-ID" = Option<String>, Header, description = "Like `after`, as browsers send it")),
    responses((status = 200, description = "A page, oldest first; or a stream", content(
        (EventList = "application/json"), (String = "text/event-stream"))), Refusals)
)]
pub(crate) async fn list_events(
    client: Authorised<scope::EventsRead>,
    headers: HeaderMap,
    Parameters(query): Parameters<ListEvents>,
) -> Result<Response, Problem> {
    let limit = paging::limit(query.limit)?;
    let last_seen = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let (after, types) = (shape::cursor(last_seen.or(query.after.as_deref()))?, shape::types(query.types.as_deref())?);
    if wants_stream(&headers) {
        let feed = client.engine().event_feed(client.caller(), after, types).await?;
        return Ok(sse::stream(feed));
    }
    let page = client.engine().account_events(client.caller(), after, types, limit).await?;
    Ok(axum::Json(EventList::new(page)).into_response())
}

/// Stream events by WebSocket.
///
/// What `GET /v1/events` streams, each event as one text message. The first message is `{"ready": "<cursor>"}`; a stream that ends says
/// why in the reason of its close frame, with the cursor to go on behind.
#[utoipa::path(
    get,
    path = "/v1/events/ws",
    tag = "Events",
    security(("key" = ["events:read"]), ("key_header" = ["events:read"])),
    params(StreamEvents),
    responses((status = 101, description = "The connection is a WebSocket now"), Refusals)
)]
pub(crate) async fn socket_events(
    client: Authorised<scope::EventsRead>,
    Parameters(query): Parameters<StreamEvents>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let (after, types) = (shape::cursor(query.after.as_deref())?, shape::types(query.types.as_deref())?);
    let no_socket =
        |_| Problem::new(ErrorCode::InvalidRequest).detail("this path is for WebSockets: the request asks for none");
    let upgrade = upgrade.map_err(no_socket)?;
    let feed = client.engine().event_feed(client.caller(), after, types).await?;
    Ok(socket::serve(upgrade, feed))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kinds = accepted.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.into_iter().any(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
}
