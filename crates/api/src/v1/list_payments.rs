//! `GET /v1/payments`: the account's payments, newest first.

use sambac_domain::error::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::paging;
use super::payment::Payment;
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListPayments {
    /// Payments on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentPage {
    data: Vec<Payment>,
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

/// List payments.
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "Account",
    security(("key" = ["balance:read"]), ("key_header" = ["balance:read"])),
    params(ListPayments),
    responses((status = 200, description = "A page, newest first", body = PaymentPage), Refusals)
)]
pub(crate) async fn list_payments(
    client: Authorised<scope::BalanceRead>,
    Parameters(query): Parameters<ListPayments>,
) -> Result<axum::Json<PaymentPage>, Problem> {
    let (limit, before) = (paging::limit(query.limit)?, paging::before(query.cursor)?);
    let store = client.engine().store();
    let mut rows = store.list_payment_intents(client.account_id(), before, limit + 1).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    Ok(axum::Json(PaymentPage { data: rows.into_iter().map(Payment::from).collect(), next_cursor }))
}
