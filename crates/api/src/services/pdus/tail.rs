//! `GET /pdus/tail`: records as they come, one JSON document on each line, until the client leaves or the platform stops.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use sambac_domain::error::ErrorCode;
use sambac_engine::Engine;
use sambac_engine::pdu_log::{Follow, Followed};
use serde_json::json;

use super::{Line, Wanted};
use crate::input::Parameters;
use crate::problem::Problem;

/// Followers at a time: each makes every session copy what it says.
const FOLLOWERS_MAX: usize = 16;
/// After so much silence an empty line is written: only a write tells that the client has left.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const JSON_LINES: &str = "application/x-ndjson";

pub(crate) async fn tail(
    State(engine): State<Engine>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    let query = wanted.query()?;
    if engine.pdu_log().followers() >= FOLLOWERS_MAX {
        return Err(Problem::new(ErrorCode::RateLimited).detail("too many follow the log"));
    }
    // The first line is empty, so that the client knows at once that it follows.
    let first = Some(Bytes::from_static(b"\n"));
    let lines = futures_util::stream::unfold((first, engine.pdu_log().follow(query)), async |(first, mut follow)| {
        let line = match first {
            Some(line) => line,
            None => next(&mut follow).await?,
        };
        Some((Ok::<_, Infallible>(line), (None, follow)))
    });
    Ok(([(header::CONTENT_TYPE, JSON_LINES)], Body::from_stream(lines)))
}

async fn next(follow: &mut Follow) -> Option<Bytes> {
    let line = match tokio::time::timeout(SILENCE_MAX, follow.next()).await {
        Ok(Some(Followed::Record(found))) => serde_json::to_string(&Line::of(&found)).ok()?,
        Ok(Some(Followed::Lost(lost))) => json!({"lost": lost}).to_string(),
        Ok(None) => return None,
        Err(_) => String::new(),
    };
    Some(Bytes::from(line + "\n"))
}
