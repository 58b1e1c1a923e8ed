//! `GET /v1/batches/{id}/recipients`: what became of each, in their order.

use sambac_domain::BatchId;
use sambac_domain::error::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{BatchRecipient, told};
use crate::access::{Authorised, scope};
use crate::input::{Id, Parameters};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::v1::paging;

/// Which recipients.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRecipients {
    /// Recipients on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecipientPage {
    data: Vec<BatchRecipient>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest, ErrorCode::NotFound]])
    }
}

/// List the recipients of a batch.
///
/// Those that were decided so far, in the order of the request.
#[utoipa::path(
    get,
    path = "/v1/batches/{id}/recipients",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(("id" = String, Path, description = "The batch's id", example = "bat_01h2xcejqtf2n"), ListRecipients),
    responses((status = 200, description = "A page", body = RecipientPage), Refusals)
)]
pub(crate) async fn list_batch_recipients(
    client: Authorised<scope::SmsRead>,
    Id(id): Id<BatchId>,
    Parameters(query): Parameters<ListRecipients>,
) -> Result<axum::Json<RecipientPage>, Problem> {
    let limit = paging::limit(query.limit)?;
    let after: Option<u32> = paging::before(query.cursor)?;
    let from = after.map_or(0, |last| last.saturating_add(1));
    client.reach_batch(id).await?;
    let page = client.engine().batch_recipients(client.account_id(), id, from, limit + 1).await;
    let mut rows = page.map_err(told)?;
    let next_cursor = paging::cut(&mut rows, limit, |recipient| recipient.row.no.to_string());
    Ok(axum::Json(RecipientPage { data: rows.into_iter().map(BatchRecipient::from).collect(), next_cursor }))
}
