//! `POST /v1/token`: an access token for an API key, by client credentials (RFC 6749, section 4.4).

use sambac_domain::error::ErrorCode;
use sambac_engine::token::{IssuedToken, TokenOrder};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

use crate::access::TokenDesk;
use crate::input::Form;
use crate::openapi::{self, Documented};
use crate::problem::Problem;

/// What is asked for. Other parameters are not looked at.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "grant_type": "client_credentials", "client_id": "key_01h2xcejqtf2n", "client_secret": "sambac_live_…" }))]
pub(crate) struct NewToken {
    /// `client_credentials`.
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// The key's id, where it is not in the `Authorization` header.
    #[schema(example = "key_01h2xcejqtf2n")]
    client_id: Option<String>,
    /// The whole key, likewise.
    #[schema(write_only, example = "sambac_live_…")]
    client_secret: Option<String>,
    /// What the token is to be good for, separated by spaces; all that the key is if not given.
    #[schema(example = "otp:send otp:check")]
    scope: Option<String>,
    /// Seconds that it is to hold, from 10 to 3600; 600 if not given.
    #[schema(example = 600)]
    expires_in: Option<u32>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessToken {
    /// The token, for `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that it holds.
    #[schema(example = 600)]
    expires_in: u32,
    /// What it is good for.
    #[schema(example = "otp:send otp:check")]
    scope: String,
}

/// What it may be refused with.
struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[&[
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidScope,
            ErrorCode::UnsupportedGrantType,
            ErrorCode::Unauthenticated,
            ErrorCode::PayloadTooLarge,
            ErrorCode::UnsupportedMediaType,
            ErrorCode::RateLimited,
            ErrorCode::ServiceUnavailable,
            ErrorCode::Internal,
        ]])
    }
}

/// Make an access token.
///
/// For clients that want a key to travel seldom: a token holds for minutes, is good for no more than the key that makes it, and ends
/// at once with it. The key is given as `client_secret` with its id as `client_id`, in the form or by `Authorization: Basic`, or by
/// itself as `Authorization: Bearer`. Errors have the `error` of OAuth 2.0 beside the `code`.
#[utoipa::path(
    post,
    path = "/v1/token",
    tag = "Keys",
    security(()),
    request_body(content = NewToken, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A token", body = AccessToken), Refusals)
)]
pub(crate) async fn make_token(
    desk: Result<TokenDesk, Problem>,
    form: Result<Form<NewToken>, Problem>,
) -> Result<axum::Json<AccessToken>, Problem> {
    let made = async {
        let (desk, Form(wanted)) = (desk?, form?);
        if wanted.grant_type != "client_credentials" {
            return Err(ErrorCode::UnsupportedGrantType.into());
        }
        let order = TokenOrder { scope: wanted.scope.unwrap_or_default(), life_s: wanted.expires_in };
        desk.make(wanted.client_id.as_deref(), wanted.client_secret.as_deref(), order).await
    };
    made.await.map(|issued| axum::Json(shown(&issued))).map_err(Problem::in_words_of_oauth)
}

fn shown(issued: &IssuedToken) -> AccessToken {
    AccessToken {
        access_token: issued.text.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_in: issued.life_s,
        scope: issued.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
    }
}
