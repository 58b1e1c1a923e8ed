//! The outermost layer of both listeners: every response gets its request id, every error its problem body, every
//! request its deadline, and every failure of ours one line in the log.

use std::any::Any;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sambac_domain::error::ErrorCode;

use crate::problem::Problem;
use crate::request_id::{RequestId, RequestIds};
use crate::traffic::Traffic;

/// What the layer needs.
#[derive(Clone)]
pub(crate) struct Answering {
    pub(crate) request_ids: RequestIds,
    pub(crate) traffic: Traffic,
    pub(crate) deadline: Duration,
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TOO_SLOW: &str = "the request was not answered in time; it may still have been accepted, so repeat it with the \
                        same Idempotency-Key";

/// Runs the request and completes its response.
pub(crate) async fn answer(State(answering): State<Answering>, request: Request, next: Next) -> Response {
    let request_id = answering.request_ids.of(request.headers().get(&X_REQUEST_ID));
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let timer = answering.traffic.begin();
    let run = tokio::time::timeout(answering.deadline, next.run(request));
    let too_slow = |_| Problem::new(ErrorCode::ServiceUnavailable).detail(TOO_SLOW).into_response();
    let mut response = run.await.unwrap_or_else(too_slow);
    let path = path.as_ref().map_or("unmatched", MatchedPath::as_str);
    complete(&mut response, &request_id, &method, path);
    timer.end(&method, path, response.status());
    response
}

/// What a handler that panicked answers. The panic itself is reported by the process's hook.
pub(crate) fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    Problem::internal("a handler panicked").into_response()
}

fn complete(response: &mut Response, request_id: &RequestId, method: &Method, path: &str) {
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.or_else(|| is_error(response.status()).then(|| Problem::of_status(response.status())));
    if let Some(problem) = problem {
        if let Some(cause) = problem.cause() {
            tracing::error!(request_id = request_id.as_str(), %method, path, cause, "a request failed");
        }
        problem.write(response, request_id.as_str());
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_REQUEST_ID, request_id.header());
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}
