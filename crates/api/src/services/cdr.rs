//! `GET /cdr`: the records of what was sent, of all accounts. One record is one segment.
//!
//! Reference: `docs/reference/cdr.md`.

mod export;
mod record;
mod wanted;

use axum::response::{IntoResponse as _, Response};
use sambac_domain::SegmentId;
use sambac_domain::error::ErrorCode;
use sambac_engine::admin::AdminScope;
use sambac_engine::cdr::Numbers;
use sambac_store::CdrOrder;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

use record::Record;
use wanted::Wanted;

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct CdrList {
    data: Vec<Record>,
    /// Give it as `cursor` for the next page; missing on the last one. A page may be short, or empty, and have a next one: a
    /// filter that finds little looks at a part of the records at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0f3a5b1c00000101")]
    next_cursor: Option<String>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest, ErrorCode::RateLimited]])
    }
}

/// List records of what was sent.
///
/// One record is one segment that has ended, as it was then. Numbers are masked unless the key has the scope `numbers:read`. With
/// `format`, all of them come as one file; an answer that is not whole breaks off.
#[utoipa::path(
    get,
    path = "/cdr",
    tag = "CDR",
    security(("admin_key" = ["cdr:read"])),
    params(Wanted),
    responses(
        (status = 200, description = "A page, newest first, or a file", content(
            (CdrList = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        Refusals
    )
)]
pub(crate) async fn list_cdrs(
    admin: Admin<admin_scope::CdrRead>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, Problem> {
    let whole = admin.administrator().require(AdminScope::NumbersRead).is_ok();
    let store = admin.engine().store();
    if let Some(kind) = wanted.file()? {
        let numbers = if whole { Numbers::Whole } else { Numbers::Masked };
        return export::export(store.clone(), wanted.filter(whole)?, kind, numbers).await;
    }
    let limit = wanted.limit()?;
    let after = wanted.after()?;
    let filter = wanted.filter(whole)?;
    let page = store.cdr_page(&filter, CdrOrder::NewestFirst, after, limit).await?;
    let data = page.rows.iter().map(|row| Record::new(row, whole)).collect();
    Ok(axum::Json(CdrList { data, next_cursor: page.next.map(cursor) }).into_response())
}

/// A cursor is a segment's id in hexadecimal digits.
fn cursor(id: SegmentId) -> String {
    format!("{:016x}", id.raw())
}
