//! `GET /v1/payments/{id}`: how far a payment is.

use sambac_domain::PaymentId;
use sambac_domain::error::ErrorCode;

use super::payment::Payment;
use crate::access::{Authorised, scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Show a payment.
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "Account",
    security(("key" = ["balance:read"]), ("key_header" = ["balance:read"])),
    params(("id" = String, Path, description = "Its id", example = "pay_01h2xcejqtf2n")),
    responses((status = 200, description = "The payment as it is now", body = Payment), Refusals)
)]
pub(crate) async fn show_payment(
    client: Authorised<scope::BalanceRead>,
    Id(id): Id<PaymentId>,
) -> Result<axum::Json<Payment>, Problem> {
    let row = client.engine().payment(client.account_id(), id).await?.ok_or(ErrorCode::NotFound)?;
    Ok(axum::Json(row.into()))
}
