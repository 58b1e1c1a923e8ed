//! All records that fit, as one file, sent while it is made.
//!
//! What is under way is one page of records. It is read when the client has taken the one before, so a client that goes away
//! ends it, and one that is slow holds up nobody.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use sambac_domain::error::ErrorCode;
use sambac_engine::cdr::{Export, ExportError, FileKind, Numbers};
use sambac_store::{CdrFilter, Store};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Files at a time: each reads the database as fast as its client takes it.
static PLACES: Semaphore = Semaphore::const_new(2);

pub(super) async fn export(
    store: Store,
    filter: CdrFilter,
    kind: FileKind,
    numbers: Numbers,
) -> Result<Response, Problem> {
    let full = |_| Problem::new(ErrorCode::RateLimited).detail("too many files are being made; try again later");
    let place = PLACES.try_acquire().map_err(full)?;
    let mut export = Export::new(store, filter, kind, numbers).map_err(failed)?;
    // What fails at once is told as a problem; what fails later breaks the connection off, so that nobody takes a part for all.
    let first = export.next().await.map_err(failed)?.unwrap_or_default();
    let rest = stream::try_unfold((export, place), async |(mut export, place)| match export.next().await {
        Ok(octets) => Ok(octets.map(|octets| (Bytes::from(octets), (export, place)))),
        Err(error) => {
            tracing::error!(cause = %error, records = export.records(), "a file of CDRs broke off");
            Err(error)
        }
    });
    let body = stream::once(std::future::ready(Ok::<_, ExportError>(Bytes::from(first)))).chain(rest);
    let name = format!("attachment; filename=\"cdr.{}\"", kind.as_str());
    let headers = [(header::CONTENT_TYPE, kind.media_type().to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(body)).into_response())
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn failed(error: ExportError) -> Problem {
    Problem::internal(error.to_string())
}
