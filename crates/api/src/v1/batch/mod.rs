//! Batches: one text for many recipients. What a batch looks like to its client is here.

mod cancel;
mod quote;
mod recipients;
mod request;
mod send;
mod show;

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::DefaultBodyLimit;
use sambac_domain::error::ErrorCode;
use sambac_engine::batch::{BatchView, DecidedRecipient};
use sambac_engine::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;
use crate::problem::{FieldError, Problem};
use crate::shown::{self, Moment, Price};

/// Octets of the body of a batch: 800 for each of 10,000 recipients.
const BODY_OCTETS_MAX: usize = 8_000_000;

/// The routes of batches.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(send::send_batch))
        .layer(DefaultBodyLimit::max(BODY_OCTETS_MAX))
        .routes(routes!(show::show_batch))
        .routes(routes!(cancel::cancel_batch))
        .routes(routes!(recipients::list_batch_recipients))
}

/// A refusal as it is told here. What is not there reads alike, whether its id is one or not.
fn told(refusal: Refusal) -> Problem {
    if refusal.code == ErrorCode::NotFound { Problem::new(ErrorCode::NotFound) } else { refusal.into() }
}

/// A batch: how far it is, and what has become of its messages so far.
#[derive(Serialize, ToSchema)]
pub(crate) struct Batch {
    /// Names it from now on.
    #[schema(example = "bat_01h2xcejqtf2n")]
    batch_id: String,
    /// `ended` when every recipient was accepted or refused.
    #[schema(value_type = shown::Batch)]
    state: &'static str,
    /// Recipients that it names.
    total: u32,
    /// Recipients whose messages were taken.
    accepted: i64,
    /// Recipients that were refused; each tells why.
    refused: i64,
    /// How many of its messages are in which state: `routed` and `scheduled` are on their way.
    #[schema(value_type = BTreeMap<String, i64>, example = json!({ "routed": 2, "delivered": 9998 }))]
    states: BTreeMap<&'static str, i64>,
    created_at: Moment,
    /// When the last recipient was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
    /// When it was called off.
    #[serde(skip_serializing_if = "Option::is_none")]
    canceled_at: Option<Moment>,
}

/// What became of a recipient.
#[derive(Serialize, ToSchema)]
pub(crate) struct BatchRecipient {
    /// Which one, from 0, in the order of the request.
    index: u32,
    /// Its message, if it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: Option<String>,
    /// The message's state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shown::State>)]
    state: Option<&'static str>,
    /// The segments that it is sent in.
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<u8>,
    /// For all segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RecipientError>,
}

/// Why a recipient was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecipientError {
    #[schema(value_type = shown::Code)]
    code: &'static str,
    title: &'static str,
    /// What is particular to this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The fields to blame, as JSON pointers into the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

impl From<BatchView> for Batch {
    fn from(view: BatchView) -> Self {
        let BatchView { row, accepted, refused, states } = view;
        Self {
            batch_id: row.id.to_string(),
            state: if row.ended_at.is_some() { "ended" } else { "running" },
            total: row.total,
            accepted,
            refused,
            states: states.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
            created_at: Moment(row.created_at),
            ended_at: row.ended_at.map(Moment),
            canceled_at: row.canceled_at.map(Moment),
        }
    }
}

impl From<DecidedRecipient> for BatchRecipient {
    fn from(DecidedRecipient { row, message }: DecidedRecipient) -> Self {
        let price = |price: i64, segments: u8, currency| Price::new(price.saturating_mul(segments.into()), currency);
        Self {
            index: row.no,
            message_id: row.message_id.map(|id| id.to_string()),
            state: message.as_ref().map(|message| message.state.as_str()),
            segments: message.as_ref().map(|message| message.segment_count),
            price: message.map(|message| price(message.price_micros, message.segment_count, message.currency)),
            error: row.error.map(|code| RecipientError::new(code, row.no, row.field, row.detail)),
        }
    }
}

impl RecipientError {
    /// What a recipient would be refused with.
    fn of(refusal: Refusal, no: usize) -> Self {
        let Refusal { code, detail, field, .. } = refusal;
        let detail = Some(detail).filter(|detail| detail != code.title());
        Self::new(code, u32::try_from(no).unwrap_or(u32::MAX), field.map(Cow::into_owned), detail)
    }

    fn new(code: ErrorCode, no: u32, field: Option<String>, detail: Option<String>) -> Self {
        let title = code.title();
        // What all have in common stands outside of the recipients.
        let is_own = |field: &str| ["/to", "/variables", "/reference"].iter().any(|own| field.starts_with(own));
        let pointer = |field: String| if is_own(&field) { format!("/recipients/{no}{field}") } else { field };
        let said = detail.clone().unwrap_or_else(|| title.to_owned());
        let errors = field.map(|field| FieldError::at(pointer(field), said)).into_iter().collect();
        Self { code: code.code(), title, detail, errors }
    }
}
