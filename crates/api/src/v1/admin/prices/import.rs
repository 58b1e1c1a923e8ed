//! A sheet comes in.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sambac_domain::Timestamp;
use sambac_domain::error::ErrorCode;
use sambac_engine::tariff::{BookKind, Faults, ImportError, ImportRequest};
use serde::Deserialize;
use utoipa::IntoParams;

use super::CSV;
use super::shown::ImportedSheetBody;
use crate::access::{Admin, admin_scope};
use crate::problem::Problem;

/// Lines that are told in the answer's text; all that are told are in its list.
const LINES_IN_DETAIL: usize = 3;

/// When the sheet counts, and what is done with it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Importing {
    /// From when it counts, RFC 3339; from now on when not given.
    #[param(example = "2027-01-01T00:00:00Z")]
    effective_from: Option<String>,
    /// Until when; until the next sheet when not given.
    effective_to: Option<String>,
    /// The file names only what changes: all else is copied from the sheet that would count then.
    #[param(default = false)]
    merge: Option<bool>,
    /// Only tell what would change.
    #[param(default = false)]
    dry_run: Option<bool>,
    /// Why there is a new sheet; at most 500 characters.
    note: Option<String>,
    /// What the file was called; at most 200 characters.
    file_name: Option<String>,
}

impl Importing {
    fn request(self, file: Bytes) -> Result<ImportRequest, Problem> {
        let text = |value: Option<String>, name: &str, most: usize| {
            let value = value.unwrap_or_default();
            let fits = value.chars().count() <= most && !value.chars().any(char::is_control);
            let problem = || {
                Problem::new(ErrorCode::InvalidRequest)
                    .parameter(name, format!("is longer than {most} characters or has control characters"))
            };
            if fits { Ok(value) } else { Err(problem()) }
        };
        Ok(ImportRequest {
            file,
            effective_from: moment(self.effective_from.as_deref(), "effective_from")?,
            effective_to: moment(self.effective_to.as_deref(), "effective_to")?,
            merge: self.merge == Some(true),
            dry_run: self.dry_run == Some(true),
            note: text(self.note, "note", 500)?,
            file_name: text(self.file_name, "file_name", 200)?,
        })
    }
}

pub(super) async fn imported(
    admin: &Admin<admin_scope::ConfigWrite>,
    kind: BookKind,
    book: String,
    importing: Importing,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    if !is_csv(headers) {
        return Err(Problem::new(ErrorCode::UnsupportedMediaType).detail("Content-Type must be text/csv"));
    }
    let file = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ErrorCode::PayloadTooLarge),
        _ => Problem::new(ErrorCode::InvalidRequest).detail("the body could not be read to its end"),
    })?;
    let request = importing.request(file)?;
    let (engine, by) = (admin.engine().clone(), admin.administrator().clone());
    // In a task of its own: a client that does not wait for the end must not leave half a sheet.
    let import = tokio::spawn(async move { engine.import_sheet(&by, kind, &book, request).await });
    let done = import.await.map_err(|error| Problem::internal(error.to_string()))?;
    match done {
        Ok(done) => {
            let status = if done.sheet.is_some() { StatusCode::CREATED } else { StatusCode::OK };
            Ok((status, axum::Json(ImportedSheetBody::from(done))).into_response())
        }
        Err(ImportError::Faults(faults)) => Err(problem(&faults)),
        Err(ImportError::Refused(refusal)) => Err(refusal.into()),
    }
}

/// Each line to blame is one error: `/lines/7/price`.
fn problem(faults: &Faults) -> Problem {
    let told = faults.told.iter().take(LINES_IN_DETAIL).map(|fault| format!("line {}: {}", fault.line, fault.reason));
    let told = told.collect::<Vec<_>>().join("; ");
    let more = if faults.count > LINES_IN_DETAIL as u64 { "; …" } else { "" };
    let lines = if faults.count == 1 { "1 line is".to_owned() } else { format!("{} lines are", faults.count) };
    let problem = Problem::new(ErrorCode::InvalidSheet).detail(format!("{lines} wrong: {told}{more}"));
    faults.told.iter().fold(problem, |problem, fault| {
        let column = fault.column.as_ref().map(|column| format!("/{}", column.replace('~', "~0").replace('/', "~1")));
        problem.at(format!("/lines/{}{}", fault.line, column.unwrap_or_default()), fault.reason.clone())
    })
}

fn is_csv(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(CSV)
}

fn moment(text: Option<&str>, name: &str) -> Result<Option<Timestamp>, Problem> {
    let problem =
        || Problem::new(ErrorCode::InvalidRequest).parameter(name, "must be a moment such as 2027-01-01T00:00:00Z");
    text.map(|text| Timestamp::parse_rfc3339(text).ok_or_else(problem)).transpose()
}
