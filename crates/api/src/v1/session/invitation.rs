//! `POST /v1/invitations/redeem`: a password is chosen by a link.

use axum::response::IntoResponse;

use super::shape::{BegunSession, RedeemInvitation};
use super::{Redeeming, answer};
use crate::access::Stranger;
use crate::input::Json;
use crate::problem::Problem;

/// Choose a password.
///
/// By the token of a link, once. With the one that the platform prints while it has no user, its first administrator is made. Who has a
/// second factor logs in with it afterwards; who has none chooses one in the session that begins.
#[utoipa::path(
    post,
    path = "/v1/invitations/redeem",
    tag = "Sessions",
    security(()),
    request_body = RedeemInvitation,
    responses((status = 201, description = "Chosen", body = BegunSession), Redeeming)
)]
pub(crate) async fn redeem_invitation(
    stranger: Stranger,
    Json(wanted): Json<RedeemInvitation>,
) -> Result<impl IntoResponse, Problem> {
    let wants_cookie = wanted.wants_cookie();
    let begun = stranger.engine().redeem(wanted.redeemed(), stranger.from()).await?;
    Ok(answer(&begun, wants_cookie))
}
