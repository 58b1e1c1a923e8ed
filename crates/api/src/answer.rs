//! The outermost layer of both listeners: every response gets its request id, every error its problem body, every
//! request its deadline, and every failure of ours one line in the log.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use sambac_domain::error::ErrorCode;
use tower_http::catch_panic::CatchPanicLayer;

use crate::problem::Problem;
use crate::request_id::{RequestId, RequestIds};
use crate::serve::Limits;
use crate::traffic::Traffic;
use crate::witness::Witness;

/// What the layer needs.
#[derive(Clone)]
pub(crate) struct Answering {
    pub(crate) request_ids: RequestIds,
    pub(crate) traffic: Traffic,
    pub(crate) deadline: Duration,
}

impl Answering {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { request_ids: RequestIds::new(), traffic: Traffic::new(), deadline: limits.request_timeout }
    }
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TOO_SLOW: &str = "the request was not answered in time; it may still have been accepted, so repeat it with the \
                        same Idempotency-Key";

/// Puts the layer around routes, with what belongs to it: the limit of bodies, and the net under panics.
pub(crate) fn around(routes: Router, answering: &Answering, body_octets_max: usize) -> Router {
    routes
        .layer(DefaultBodyLimit::max(body_octets_max))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(answering.clone(), answer))
}

/// Runs the request and completes its response.
async fn answer(State(answering): State<Answering>, mut request: Request, next: Next) -> Response {
    let request_id = answering.request_ids.of(request.headers().get(&X_REQUEST_ID));
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let (witness, uri) = (Witness::default(), request.uri().clone());
    request.extensions_mut().insert(witness.clone());
    let timer = answering.traffic.begin();
    let run = tokio::time::timeout(answering.deadline, next.run(request));
    let too_slow = |_| Problem::new(ErrorCode::ServiceUnavailable).detail(TOO_SLOW).into_response();
    let mut response = run.await.unwrap_or_else(too_slow);
    let path = path.as_ref().map_or("unmatched", MatchedPath::as_str);
    witness.tell_limits(response.headers_mut());
    witness.keep(&method, path, uri.path(), response.status()).await;
    complete(&mut response, &request_id, &method, path);
    timer.end(&method, path, response.status());
    response
}

/// What a handler that panicked answers. The panic itself is reported by the process's hook.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
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

#[cfg(test)]
pub(crate) mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use tower::ServiceExt;

    use super::*;

    /// Routes that go wrong in every way, inside the layer.
    pub(crate) fn router(deadline: Duration) -> Router {
        async fn panics() -> StatusCode {
            panic!("the secret place is /tmp/secret");
        }
        let routes = Router::new()
            .route("/echo", post(async |body: axum::body::Bytes| body))
            .route("/panics", get(panics))
            .route("/fails", get(async || Problem::internal("secret")))
            .route("/breaks", get(async || (StatusCode::BAD_GATEWAY, "secret")))
            .route("/hangs", get(std::future::pending::<StatusCode>));
        let answering = Answering { request_ids: RequestIds::new(), traffic: Traffic::new(), deadline };
        around(routes, &answering, 1024)
    }

    async fn call(request: Request) -> (StatusCode, axum::http::HeaderMap, serde_json::Value) {
        let response = router(Duration::from_secs(30)).oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    fn get_request(path: &str) -> Request {
        Request::get(path).body(Body::empty()).expect("a request")
    }

    #[tokio::test]
    async fn whatever_breaks_here_the_client_learns_the_requests_id_only() {
        for path in ["/panics", "/fails", "/breaks"] {
            let (status, headers, body) = call(get_request(path)).await;
            assert_eq!((status.as_u16(), &body["code"]), (500, &"internal".into()), "{path}");
            assert_eq!(body["request_id"], headers[X_REQUEST_ID].to_str().expect("ascii"));
            assert!(!body.to_string().contains("secret"), "{body}");
            assert!(body.get("detail").is_none() && body.get("errors").is_none(), "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_hangs_is_answered_at_its_deadline() {
        let (status, headers, body) = call(get_request("/hangs")).await;
        assert_eq!((status.as_u16(), &body["code"]), (503, &"service_unavailable".into()));
        assert!(headers.contains_key(header::RETRY_AFTER));
    }

    #[tokio::test]
    async fn what_the_router_refuses_is_a_problem_and_keeps_its_headers() {
        let (status, headers, body) = call(get_request("/echo")).await;
        assert_eq!((status.as_u16(), &body["code"]), (405, &"method_not_allowed".into()));
        assert_eq!(headers[header::ALLOW], "POST");
        let (status, _, body) = call(get_request("/nowhere")).await;
        assert_eq!((status.as_u16(), &body["code"]), (404, &"not_found".into()));
        let large = Request::post("/echo").body(Body::from(vec![b'a'; 1025])).expect("a request");
        let (status, _, body) = call(large).await;
        assert_eq!((status.as_u16(), &body["code"]), (413, &"payload_too_large".into()));
    }

    #[tokio::test]
    async fn the_clients_own_request_id_comes_back() {
        let request = Request::get("/fails").header(X_REQUEST_ID, "mine-1").body(Body::empty()).expect("a request");
        let (_, headers, body) = call(request).await;
        assert_eq!(
            (&headers[X_REQUEST_ID], &body["request_id"]),
            (&HeaderValue::from_static("mine-1"), &"mine-1".into())
        );
        assert_eq!(
            (&headers[header::CACHE_CONTROL], &headers[header::X_CONTENT_TYPE_OPTIONS]),
            (&"no-store".parse().unwrap(), &"nosniff".parse().unwrap())
        );
    }
}
