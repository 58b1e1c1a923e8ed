//! `GET /v1/opt-outs`: the account's entries, newest first.

use sambac_domain::error::ErrorCode;
use sambac_domain::number;
use sambac_store::OptOutFilter;
use sambac_store::rows::OptOutState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{OptOut, told};
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown;
use crate::v1::paging;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListOptOuts {
    /// Entries on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those of this number.
    #[param(example = "+447700900123")]
    number: Option<String>,
    /// Only those in this state.
    #[param(value_type = Option<shown::OptOutState>)]
    state: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct OptOutPage {
    data: Vec<OptOut>,
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

/// List the opt-out list.
///
/// Also those whose persons get messages again: the entry tells who said so, and when.
#[utoipa::path(
    get,
    path = "/v1/opt-outs",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(ListOptOuts),
    responses((status = 200, description = "A page, newest first", body = OptOutPage), Refusals)
)]
pub(crate) async fn list_opt_outs(
    client: Authorised<scope::SmsRead>,
    Parameters(query): Parameters<ListOptOuts>,
) -> Result<axum::Json<OptOutPage>, Problem> {
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let number = query.number.map(|text| number::parse(&text, None)).transpose();
    let number = number.map_err(|error| paging::bad("number", error.to_string()))?;
    let word = |word: String| {
        OptOutState::from_word(&word).ok_or_else(|| paging::bad("state", "is opted_out or opted_in".to_owned()))
    };
    let state = query.state.map(word).transpose()?;
    let filter = OptOutFilter { before, limit: limit + 1, number_digest: None, state };
    let mut views = client.engine().opt_outs(client.account_id(), number, filter).await.map_err(told)?;
    let next_cursor = paging::cut(&mut views, limit, |view| view.row.id.to_string());
    views.retain(|view| client.reaches_opt_out(view));
    Ok(axum::Json(OptOutPage { data: views.into_iter().map(OptOut::from).collect(), next_cursor }))
}
