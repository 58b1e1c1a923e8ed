//! `GET /v1/otp/funnel`: how far the account's codes have come, by day, country, network and profile.

use sambac_domain::Day;
use sambac_domain::error::ErrorCode;
use sambac_store::{FunnelCounts, FunnelKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::v1::show_usage::UsageQuery;

/// How far codes have come.
#[derive(Serialize, ToSchema)]
pub(crate) struct Funnel {
    /// By day, country, network and profile, in this order.
    data: Vec<FunnelLine>,
}

/// Codes of one day, country, network and profile. Each counts once, however often it was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct FunnelLine {
    /// UTC, on which they were started.
    #[schema(example = "2026-11-23")]
    day: String,
    /// The country of their numbers, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "GB")]
    country: Option<String>,
    /// MCC and MNC of their network, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "23415")]
    network: Option<String>,
    /// Missing for codes that you made yourself, of which you told whether they were used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "login")]
    profile: Option<String>,
    started: i64,
    /// A message of it was handed to an operator.
    sent: i64,
    /// A message of it was delivered.
    delivered: i64,
    /// It was tried.
    checked: i64,
    /// The right code came.
    verified: i64,
    /// You told that it was used.
    used: i64,
    /// Its time was over first.
    expired: i64,
    /// You called it off.
    canceled: i64,
    /// It was tried too often.
    exhausted: i64,
    /// It was asked for, and the guard against pumping did not let it be sent.
    blocked: i64,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// Show how far one-time codes have come.
#[utoipa::path(
    get,
    path = "/v1/otp/funnel",
    tag = "OTP",
    security(("key" = ["otp:read"]), ("key_header" = ["otp:read"])),
    params(UsageQuery),
    responses((status = 200, description = "Counts, oldest day first", body = Funnel), Refusals)
)]
pub(crate) async fn otp_funnel(
    client: Authorised<scope::OtpRead>,
    Parameters(query): Parameters<UsageQuery>,
) -> Result<axum::Json<Funnel>, Problem> {
    let (from, until) = query.span(client.engine().clock().now())?;
    let counts = client.engine().store().otp_funnel(client.account_id(), from, until).await?;
    Ok(axum::Json(Funnel { data: counts.into_iter().map(FunnelLine::from).collect() }))
}

impl From<(FunnelKey, FunnelCounts)> for FunnelLine {
    fn from((key, counts): (FunnelKey, FunnelCounts)) -> Self {
        let FunnelCounts { started, sent, delivered, checked, verified, used, expired, canceled, exhausted, blocked } =
            counts;
        Self {
            day: Day::from_number(key.day).to_string(),
            country: Some(key.country).filter(|country| !country.is_empty()),
            network: key.network.map(|network| network.to_string()),
            profile: Some(key.profile).filter(|profile| !profile.is_empty()),
            started,
            sent,
            delivered,
            checked,
            verified,
            used,
            expired,
            canceled,
            exhausted,
            blocked,
        }
    }
}
