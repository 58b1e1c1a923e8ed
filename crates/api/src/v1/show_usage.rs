//! `GET /v1/usage`: what the account sent, by day, network and state, and what was taken for it.

use sambac_domain::error::ErrorCode;
use sambac_domain::{Currency, Day, MessageState, Timestamp};
use sambac_store::UsageRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::paging::bad;
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Amount};

const DAYS_DEFAULT: i64 = 31;
const DAYS_MAX: i64 = 92;

/// Which days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuery {
    /// The first day, UTC; without it, 30 days before the last.
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// The last day, UTC, 91 days after the first at most; without it, today.
    #[param(example = "2026-11-30")]
    to: Option<String>,
}

/// What was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    /// By day, network, state and currency, in this order. Only what has ended: messages on their way come with their end, on
    /// the day on which they were accepted.
    data: Vec<UsageLine>,
}

/// What was accepted on one day for one network and ended in one state.
#[derive(Serialize, ToSchema)]
struct UsageLine {
    /// UTC.
    #[schema(example = "2026-11-23")]
    day: String,
    /// MCC of the numbers' country, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "234")]
    country: Option<String>,
    /// MCC and MNC of the numbers' network, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "23415")]
    network: Option<String>,
    #[schema(value_type = shown::FinalState)]
    state: MessageState,
    /// Messages; one of several segments that ended differently counts where its first segment does.
    messages: i64,
    segments: i64,
    /// What was taken for these segments.
    charged: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// Show what was sent and what it cost.
#[utoipa::path(
    get,
    path = "/v1/usage",
    tag = "Account",
    security(("key" = ["balance:read"]), ("key_header" = ["balance:read"])),
    params(UsageQuery),
    responses((status = 200, description = "Sums, oldest day first", body = Usage), Refusals)
)]
pub(crate) async fn show_usage(
    client: Authorised<scope::BalanceRead>,
    Parameters(query): Parameters<UsageQuery>,
) -> Result<axum::Json<Usage>, Problem> {
    let (from, until) = query.span(client.engine().clock().now())?;
    let rows = client.engine().store().usage(client.account_id(), from, until).await?;
    Ok(axum::Json(Usage { data: rows.iter().map(UsageLine::new).collect() }))
}

impl UsageQuery {
    /// From the first day's begin to the last day's end.
    pub(super) fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
        let today = now.day();
        let last = self.to.as_ref().map_or(Ok(today), |text| day_of("to", text))?;
        let first = self.from.as_ref().map_or(Ok(last - (DAYS_DEFAULT - 1)), |text| day_of("from", text))?;
        if first > last {
            return Err(bad("from", "must not be after to".to_owned()));
        }
        if last - first >= DAYS_MAX {
            return Err(bad("from", format!("must be at most {} days before to", DAYS_MAX - 1)));
        }
        Ok((Timestamp::of_day(first), Timestamp::of_day(last + 1)))
    }
}

/// Days since 1970-01-01.
fn day_of(name: &'static str, text: &str) -> Result<i64, Problem> {
    let midnight = text.parse::<jiff::civil::Date>().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
    let midnight = midnight.map_err(|_| bad(name, "must be a day like 2026-11-23".to_owned()))?;
    Ok(midnight.timestamp().as_second().div_euclid(86_400))
}

impl UsageLine {
    fn new(row: &UsageRow) -> Self {
        Self {
            day: Day::from_number(row.day).to_string(),
            country: row.network.map(|network| network.without_mnc().to_string()),
            network: row.network.filter(|network| network.without_mnc() != *network).map(|network| network.to_string()),
            state: row.state,
            messages: row.messages,
            segments: row.segments,
            charged: Amount(row.charged_micros),
            currency: row.currency,
        }
    }
}
