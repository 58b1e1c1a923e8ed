//! `POST /v1/sms/batch`: one text for many recipients, stored whole when answered.

use std::time::Duration;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sambac_domain::error::ErrorCode;
use sambac_engine::batch::RECIPIENTS_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use super::quote::Quote;
use super::request::SendBatch;
use super::{Batch, BatchRecipient, told};
use crate::access::{Authorised, scope};
use crate::input::{IdempotencyKey, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// How long the answer waits for recipients to be decided. The rest of a batch that takes longer goes on by itself.
const WAIT: Duration = Duration::from_secs(20);

/// The batch was taken: it is stored, and what is left of it goes on by itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct TakenBatch {
    batch: Batch,
    /// What has become of its recipients, in their order: all of them when the batch has `ended`, else those decided so far.
    recipients: Vec<BatchRecipient>,
}

/// What either kind of request is answered with.
pub(crate) enum Answered {
    /// And whether an earlier request made the batch.
    Taken {
        batch: TakenBatch,
        replayed: bool,
    },
    Quoted(Quote),
}

const REFUSALS: &[ErrorCode] = &[
    ErrorCode::InvalidSender,
    ErrorCode::InvalidSchedule,
    ErrorCode::TemplateUnknown,
    ErrorCode::IdempotencyInProgress,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::AccountSuspended,
];

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSALS])
    }
}

/// Send one text to many.
///
/// A 202 means that the batch is stored and will be worked off, whatever happens: each recipient is accepted with a message or
/// refused with its reason, one by one and in their order. The answer comes when all are decided, but after 20 seconds at the
/// latest; what is left goes on by itself, at your account's throughput. With an `Idempotency-Key`, a repeat of the request sends
/// nothing and tells how far the batch is. With `dry_run` nothing happens, and the answer says what would become of each recipient.
#[utoipa::path(
    post,
    path = "/v1/sms/batch",
    tag = "Messages",
    security(("key" = ["sms:send"]), ("key_header" = ["sms:send"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of your own that is new for every \
        batch: 1 to 255 visible ASCII characters", max_length = 255)),
    request_body = SendBatch,
    responses(
        (status = 202, description = "Taken", body = TakenBatch, headers(
            ("Location" = String, description = "Where its progress is told"),
            ("Idempotent-Replayed" = String, description = "`true` on the answer to a repeated request"))),
        (status = 200, description = "Dry run: what would happen", body = Quote),
        Refusals,
    )
)]
pub(crate) async fn send_batch(
    client: Authorised<scope::SmsSend>,
    IdempotencyKey(key): IdempotencyKey,
    Json(batch): Json<SendBatch>,
) -> Result<Answered, Problem> {
    if batch.is_dry_run() {
        let by = (client.account_id(), client.api_key_id());
        let quote = client.engine().quote_batch(by, &mut batch.into_content(&client)?).await?;
        return Ok(Answered::Quoted(quote.into()));
    }
    let idempotency = client.once(key, || batch.fingerprint(&client));
    let content = batch.into_content(&client)?;
    let (engine, account) = (client.engine(), client.account_id());
    let (id, replayed) = engine.begin_batch((account, client.api_key_id()), content, idempotency).await?;
    engine.await_batch(account, id, WAIT).await;
    let batch = engine.batch(account, id).await.map_err(told)?.into();
    let all = u32::try_from(RECIPIENTS_MAX).unwrap_or(u32::MAX);
    let recipients = engine.batch_recipients(account, id, 0, all).await.map_err(told)?;
    let recipients = recipients.into_iter().map(BatchRecipient::from).collect();
    Ok(Answered::Taken { batch: TakenBatch { batch, recipients }, replayed })
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        match self {
            Self::Quoted(quote) => axum::Json(quote).into_response(),
            Self::Taken { batch, replayed } => {
                let location = [(header::LOCATION, format!("/v1/batches/{}", batch.batch.batch_id))];
                let replayed = replayed.then_some([(HeaderName::from_static("idempotent-replayed"), "true")]);
                (StatusCode::ACCEPTED, location, replayed, axum::Json(batch)).into_response()
            }
        }
    }
}
