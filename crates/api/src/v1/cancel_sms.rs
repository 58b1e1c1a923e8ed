//! `POST /v1/sms/{id}/cancel`: a message that is not wanted any more.

use sambac_domain::MessageId;
use sambac_domain::error::ErrorCode;

use super::show_sms::Sms;
use crate::access::{Authorised, scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::CannotCancel]])
    }
}

/// Cancel a message.
///
/// As long as all of it waits with us, as a scheduled one does, or is with operators that take messages back. It is withdrawn
/// whole or not at all, and what was held for it is free again.
#[utoipa::path(
    post,
    path = "/v1/sms/{id}/cancel",
    tag = "Messages",
    security(("key" = ["sms:send"]), ("key_header" = ["sms:send"])),
    params(("id" = String, Path, description = "The message", example = "msg_01h2xcejqtf2n")),
    responses((status = 200, description = "Withdrawn: how it is now", body = Sms), Refusals)
)]
pub(crate) async fn cancel_sms(
    client: Authorised<scope::SmsSend>,
    Id(id): Id<MessageId>,
) -> Result<axum::Json<Sms>, Problem> {
    client.reach_message(id).await?;
    let canceled = client.engine().cancel(client.account_id(), id).await;
    let view = canceled.map_err(|refusal| match refusal.code {
        ErrorCode::NotFound => Problem::new(ErrorCode::NotFound),
        _ => refusal.into(),
    })?;
    let tags = client.engine().store().message_tags(view.row.id).await?;
    Ok(axum::Json(Sms::from(view).with_tags(tags)))
}
