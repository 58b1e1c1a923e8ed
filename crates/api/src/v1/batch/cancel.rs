//! `POST /v1/batches/{id}/cancel`: a batch that is not wanted any more.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::state::MessageState;
use sambac_domain::{AccountId, BatchId};
use sambac_engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Batch, told};
use crate::access::{Authorised, scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// How long the answer waits for recipients to be decided. The rest goes on by itself.
const WAIT: Duration = Duration::from_secs(20);

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CanceledBatch {
    batch: Batch,
    /// Messages that were withdrawn: what was held for them is free again.
    withdrawn: i64,
    /// Messages that were not: they are on their way, or have ended.
    not_withdrawn: i64,
    /// Recipients that have had no turn, and get none; each is refused with `canceled`.
    without_turn: i64,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Cancel a batch.
///
/// Whoever has not had a turn gets none. Of the messages those are withdrawn that wait with us, as scheduled ones do, or are with operators that
/// take messages back. It may be asked again. When `state` is `running` still, the rest goes on by itself.
#[utoipa::path(
    post,
    path = "/v1/batches/{id}/cancel",
    tag = "Messages",
    security(("key" = ["sms:send"]), ("key_header" = ["sms:send"])),
    params(("id" = String, Path, description = "The batch", example = "bat_01h2xcejqtf2n")),
    responses((status = 200, description = "What came of it", body = CanceledBatch), Refusals)
)]
pub(crate) async fn cancel_batch(
    client: Authorised<scope::SmsSend>,
    Id(id): Id<BatchId>,
) -> Result<axum::Json<CanceledBatch>, Problem> {
    client.reach_batch(id).await?;
    let (engine, account) = (client.engine().clone(), client.account_id());
    // In a task of its own: it is done whole also when its client does not wait for that.
    let canceling = tokio::spawn(async move { cancel(&engine, account, id).await });
    canceling.await.map_err(|error| Problem::internal(error.to_string()))?.map(axum::Json)
}

async fn cancel(engine: &Engine, account: AccountId, id: BatchId) -> Result<CanceledBatch, Problem> {
    engine.call_off_batch(account, id, WAIT).await.map_err(told)?;
    let without_turn = engine.store().count_batch_refusals(id, ErrorCode::Canceled).await?;
    let view = engine.batch(account, id).await.map_err(told)?;
    let withdrawn = view.states.iter().filter(|(state, _)| *state == MessageState::Canceled).map(|(_, count)| count);
    let withdrawn = withdrawn.sum();
    Ok(CanceledBatch {
        withdrawn,
        not_withdrawn: view.accepted.saturating_sub(withdrawn),
        without_turn,
        batch: view.into(),
    })
}
