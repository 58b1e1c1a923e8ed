//! `GET /v1/sms/inbound`: the account's messages from handsets, newest first.

use sambac_domain::error::ErrorCode;
use sambac_store::MoFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::inbound::Inbound;
use super::paging;
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListInbound {
    /// Messages on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only from this handset.
    #[param(example = "+447700900123")]
    from: Option<String>,
    /// Only to this number or short code.
    #[param(example = "12345")]
    to: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct InboundPage {
    data: Vec<Inbound>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// List messages from handsets.
#[utoipa::path(
    get,
    path = "/v1/sms/inbound",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(ListInbound),
    responses((status = 200, description = "A page, newest first", body = InboundPage), Refusals)
)]
pub(crate) async fn list_inbound(
    client: Authorised<scope::SmsRead>,
    Parameters(query): Parameters<ListInbound>,
) -> Result<axum::Json<InboundPage>, Problem> {
    let mut filter = query.filter()?;
    let limit = filter.limit;
    // One more than asked for tells whether there is a next page.
    filter.limit += 1;
    let mut rows = client.engine().store().list_mo_messages(client.account_id(), &filter).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    rows.retain(|row| client.reaches_source(row));
    let data = rows.iter().map(|row| Inbound::new(client.engine(), row)).collect();
    Ok(axum::Json(InboundPage { data, next_cursor }))
}

impl ListInbound {
    fn filter(self) -> Result<MoFilter, Problem> {
        let stored = |text: String| text.trim_start_matches('+').to_owned();
        Ok(MoFilter {
            before: paging::before(self.cursor)?,
            limit: paging::limit(self.limit)?,
            source: self.from.map(stored),
            destination: self.to.map(stored),
        })
    }
}
