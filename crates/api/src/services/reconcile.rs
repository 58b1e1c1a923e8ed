//! `/reconcile`: compares days, lists what differs, and keeps why. Reference: `docs/reference/reconcile.md`.

use axum::Json;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, Currency, Day, OperatorId};
use sambac_engine::reconcile::{Days, DaysError};
use sambac_store::rows::{BreakRow, BreakState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Admin, admin_scope};
use crate::input::{self, Parameters};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{Amount, Moment};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Something that differs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Break {
    /// The same difference has the same id in every run.
    #[schema(example = "no_cdr:acc_01h2xcejqtf2n:opr_01h2xcejqtf2n:2026-11-26")]
    id: String,
    /// `platform`: our tables with each other; `supplier`: CDRs with an operator's statement.
    source: &'static str,
    /// How it differs.
    #[schema(example = "no_cdr")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "acc_01h2xcejqtf2n")]
    account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "opr_01h2xcejqtf2n")]
    operator: Option<OperatorId>,
    /// Of UTC, by the time of the final state.
    #[schema(value_type = String, example = "2026-11-26")]
    day: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    expected_count: i64,
    found_count: i64,
    expected: Amount,
    found: Amount,
    /// Some of what it is about, by id.
    examples: Vec<String>,
    /// `open`, `explained` or `gone`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained_at: Option<Moment>,
    first_at: Moment,
    last_at: Moment,
}

/// A page of breaks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Breaks {
    /// By their ids.
    data: Vec<Break>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which breaks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListBreaks {
    /// Only in this state: open, explained or gone.
    state: Option<String>,
    /// Breaks on one page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Why a break is there.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explanation {
    /// Which break.
    #[garde(length(chars, min = 1, max = 300))]
    id: String,
    /// Why.
    #[garde(length(chars, min = 3, max = 500))]
    #[schema(min_length = 3, max_length = 500, example = "the operator was told, credit note 17")]
    reason: String,
}

/// Which days to compare.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunDays {
    /// The first, of UTC.
    #[garde(skip)]
    #[schema(value_type = String, example = "2026-11-25")]
    from: Day,
    /// The last, included.
    #[garde(skip)]
    #[schema(value_type = String, example = "2026-11-26")]
    to: Day,
}

/// What a run has found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reconciled {
    #[schema(value_type = String, example = "2026-11-25")]
    from: Day,
    #[schema(value_type = String, example = "2026-11-26")]
    to: Day,
    /// Segments of messages that were compared.
    segments: i64,
    /// Everything that differs, whether somebody has explained it or not.
    breaks: usize,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound]])
    }
}

/// List what differs.
#[utoipa::path(
    get,
    path = "/reconcile/breaks",
    tag = "Reconciliation",
    security(("admin_key" = ["operations"])),
    params(ListBreaks),
    responses((status = 200, description = "A page, by id", body = Breaks), Refusals)
)]
pub(crate) async fn list_breaks(
    service: Admin<admin_scope::Operations>,
    Parameters(ListBreaks { state, limit, cursor }): Parameters<ListBreaks>,
) -> Result<Json<Breaks>, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad("limit", "must be from 1 to 1000"));
    }
    let state = match state {
        Some(word) => Some(BreakState::from_word(&word).ok_or_else(|| bad("state", "is open, explained or gone"))?),
        None => None,
    };
    let mut rows = service.engine().breaks(state, &cursor.unwrap_or_default(), limit + 1).await?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_last = rows.len() <= page;
    rows.truncate(page);
    let next_cursor = rows.last().filter(|_| !is_last).map(|row| row.id.clone());
    Ok(Json(Breaks { data: rows.into_iter().map(Break::from).collect(), next_cursor }))
}

/// Say why a break is there.
///
/// It stays explained as long as its figures stay what they are.
#[utoipa::path(
    post,
    path = "/reconcile/breaks/explain",
    tag = "Reconciliation",
    security(("admin_key" = ["operations"])),
    request_body = Explanation,
    responses((status = 200, description = "The break as it is now", body = Break), Refusals)
)]
pub(crate) async fn explain_break(
    service: Admin<admin_scope::Operations>,
    input::Json(Explanation { id, reason }): input::Json<Explanation>,
) -> Result<Json<Break>, Problem> {
    let by = service.administrator().author();
    let row = service.engine().explain_break(&id, &reason, &by).await?;
    tracing::info!(by = service.administrator().name, id, "a break was explained");
    Ok(Json(row.into()))
}

/// Compare days now.
///
/// Answers when it is done: large days take their time.
#[utoipa::path(
    post,
    path = "/reconcile/run",
    tag = "Reconciliation",
    security(("admin_key" = ["operations"])),
    request_body = RunDays,
    responses((status = 200, description = "Compared, and what differs is kept", body = Reconciled), Refusals)
)]
pub(crate) async fn reconcile(
    service: Admin<admin_scope::Operations>,
    input::Json(RunDays { from, to }): input::Json<RunDays>,
) -> Result<Json<Reconciled>, Problem> {
    let days = Days::new(from, to).map_err(|error: DaysError| {
        Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid").at("/to", error.to_string())
    })?;
    let report = service.engine().reconcile(days).await?;
    let segments = report.lines.iter().map(|line| line.counted.segments).sum();
    Ok(Json(Reconciled { from, to, segments, breaks: report.breaks.len().saturating_add(report.more_breaks) }))
}

fn bad(name: &str, detail: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).detail("a parameter is not valid").parameter(name, detail)
}

impl From<BreakRow> for Break {
    fn from(row: BreakRow) -> Self {
        Self {
            id: row.id,
            source: row.source.as_str(),
            kind: row.kind,
            account: row.account_id,
            operator: row.operator_id,
            day: row.day,
            currency: row.currency,
            expected_count: row.expected_count,
            found_count: row.found_count,
            expected: Amount(row.expected_micros),
            found: Amount(row.found_micros),
            examples: row.examples,
            state: row.state.as_str(),
            reason: row.reason,
            explained_by: row.explained_by,
            explained_at: row.explained_at.map(Moment),
            first_at: Moment(row.first_at),
            last_at: Moment(row.last_at),
        }
    }
}
