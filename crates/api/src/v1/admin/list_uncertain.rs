//! `GET /v1/admin/messages?state=submit_unknown`: what was sent, and of which nobody knows whether the operator took it.

use sambac_domain::error::ErrorCode;
use sambac_domain::{MessageId, MessageState, SegmentId};
use sambac_store::Uncertain;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::problem::Problem;
use crate::shown::Moment;

/// Which segments.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUncertain {
    /// Only `submit_unknown` can be asked for.
    #[param(example = "submit_unknown")]
    state: String,
    /// Segments on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct UncertainPage {
    /// Oldest first.
    data: Vec<UncertainSegment>,
    /// How many there are in all.
    total: i64,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A segment in doubt.
#[derive(Serialize, ToSchema)]
struct UncertainSegment {
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    /// Which segment of it, from 1.
    segment: u8,
    /// Whose message it is.
    #[schema(example = "acc_01h2xcejqtf2n")]
    account: String,
    /// Where it was sent, by name.
    #[schema(example = "alpha-1")]
    connector: String,
    /// The number, masked.
    #[schema(example = "+44770090****")]
    to: String,
    /// When it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Moment>,
    /// How long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_s: Option<i64>,
}

/// List messages of which nobody knows whether the operator took them.
#[utoipa::path(
    get,
    path = "/v1/admin/messages",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(ListUncertain),
    responses((status = 200, description = "A page, oldest first", body = UncertainPage), Reading)
)]
pub(crate) async fn list_uncertain(
    admin: Admin<admin_scope::Operations>,
    Parameters(wanted): Parameters<ListUncertain>,
) -> Result<axum::Json<UncertainPage>, Problem> {
    let bad = |name: &str, why: &str| {
        Problem::new(ErrorCode::InvalidRequest).detail("a parameter is not valid").parameter(name, why)
    };
    if wanted.state != MessageState::SubmitUnknown.as_str() {
        return Err(bad("state", "must be submit_unknown"));
    }
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(bad("limit", "must be from 1 to 200"));
    }
    let after =
        wanted.cursor.as_deref().map(cursor).map(|read| read.ok_or_else(|| bad("cursor", "is none of this list")));
    let store = admin.engine().store();
    let found = store.uncertain(after.transpose()?, limit).await?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    let next_cursor = found.last().filter(|_| full).map(|last| last.segment.to_string());
    let data = found.into_iter().map(|segment| shown(&admin, segment)).collect();
    let total = store.uncertain_total().await?.count;
    Ok(axum::Json(UncertainPage { data, total, next_cursor }))
}

/// `msg_…/2`.
fn cursor(text: &str) -> Option<SegmentId> {
    let (message, number) = text.split_once('/')?;
    Some(SegmentId::new(message.parse::<MessageId>().ok()?, number.parse().ok()?))
}

fn shown(admin: &Admin<admin_scope::Operations>, uncertain: Uncertain) -> UncertainSegment {
    let now = admin.engine().clock().now();
    let snapshot = admin.engine().snapshot();
    let connector = snapshot.connectors.get(&uncertain.connector_id).map(|row| row.name.clone());
    let age = |at: sambac_domain::Timestamp| now.0.saturating_sub(at.0).max(0) / 1_000_000;
    UncertainSegment {
        message_id: uncertain.message().to_string(),
        segment: uncertain.segment.no(),
        account: uncertain.account_id.to_string(),
        connector: connector.unwrap_or_else(|| uncertain.connector_id.to_string()),
        to: uncertain.destination.masked(),
        submitted_at: uncertain.submitted_at.map(Moment),
        age_s: uncertain.submitted_at.map(age),
    }
}
