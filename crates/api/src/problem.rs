//! The one shape of every error: an entry of the catalogue as RFC 9457 problem details.
//!
//! A handler makes a [`Problem`] from a code (or gets one with `?` from a refusal of the engine); it travels in the
//! response's extensions and is written out by [`crate::answer`], which knows the request's id.
//!
//! ```text
//! Problem::new(ErrorCode::InvalidRequest).at("/validity_s", "must be from 1 to 259200")
//! ```

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sambac_domain::error::{ErrorCode, Retry};
use sambac_engine::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::witness::whole_s;

/// What went wrong, before it is written out.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: ErrorCode,
    detail: Option<String>,
    errors: Vec<FieldError>,
    cause: Option<String>,
    retry_after: Option<Duration>,
    /// At the token endpoint: what OAuth 2.0 calls it.
    oauth: Option<&'static str>,
}

/// The body of every error (`application/problem+json`, RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Where the error is explained, relative to this server.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "/docs/errors/insufficient_funds")]
    type_uri: String,
    /// A few words for people; the same for every error of this code.
    #[schema(example = "The balance does not cover the message")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 402)]
    status: u16,
    /// What programs match on. Keeps its meaning for ever.
    #[schema(value_type = crate::shown::Code)]
    code: &'static str,
    /// What OAuth 2.0 calls it (RFC 6749, section 5.2), where tokens are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "invalid_client")]
    error: Option<&'static str>,
    /// What is particular to this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The fields to blame, where there are any.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// Finds this request in our log.
    #[schema(example = "req_5f2b9c0d00000001")]
    request_id: &'a str,
    /// Whether trying again can help.
    retry: RetryAdvice,
}

/// One field to blame.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where in the body, as a JSON pointer (RFC 6901); empty for the body as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/to")]
    pointer: Option<String>,
    /// Which query parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    parameter: Option<String>,
    /// What is wrong with it.
    detail: String,
}

/// Whether the same request can be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RetryAdvice {
    /// `never`; `later` with back-off; `after_fix` of the request or the account; `after` so many seconds.
    advice: RetryWord,
    /// Seconds to wait, with `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_s: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RetryWord {
    Never,
    Later,
    AfterFix,
    After,
}

impl FieldError {
    /// Blames the field of the body at `pointer`.
    pub(crate) fn at(pointer: String, detail: String) -> Self {
        Self { pointer: Some(pointer), parameter: None, detail }
    }
}

impl Problem {
    /// With nothing particular to say.
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { code, detail: None, errors: Vec::new(), cause: None, retry_after: None, oauth: None }
    }

    /// A failure of ours. `cause` goes to the log, never to the client.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(ErrorCode::Internal) }
    }

    /// Says what is particular to this case.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Blames the field of the body at `pointer`.
    #[must_use]
    pub(crate) fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError::at(pointer.into(), detail.into()));
        self
    }

    /// Blames a query parameter or header.
    #[must_use]
    pub(crate) fn parameter(mut self, name: impl Into<String>, detail: impl Into<String>) -> Self {
        let parameter = Some(name.into());
        self.errors.push(FieldError { pointer: None, parameter, detail: detail.into() });
        self
    }

    /// Tells it in the words of OAuth 2.0, too.
    #[must_use]
    pub(crate) fn in_words_of_oauth(self) -> Self {
        let word = match self.code {
            ErrorCode::Unauthenticated => "invalid_client",
            ErrorCode::InvalidScope => "invalid_scope",
            ErrorCode::UnsupportedGrantType => "unsupported_grant_type",
            ErrorCode::RateLimited | ErrorCode::ServiceUnavailable => "temporarily_unavailable",
            ErrorCode::Internal => "server_error",
            _ => "invalid_request",
        };
        Self { oauth: Some(word), ..self }
    }

    /// What a response without a problem of ours means: those that the router and its layers make.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(match status {
            StatusCode::NOT_FOUND => ErrorCode::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
            StatusCode::SERVICE_UNAVAILABLE => ErrorCode::ServiceUnavailable,
            status if status.is_client_error() => ErrorCode::InvalidRequest,
            _ => ErrorCode::Internal,
        })
    }

    /// The HTTP status it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The entry of the catalogue.
    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    /// What is particular to this case.
    pub(crate) fn told(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The fields to blame.
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// What to log, where it is a failure of ours.
    pub(crate) fn cause(&self) -> Option<&str> {
        match self.code {
            ErrorCode::Internal => Some(self.cause.as_deref().or(self.detail.as_deref()).unwrap_or("unknown")),
            _ => None,
        }
    }

    /// Turns `response`, whose other headers stay, into this problem.
    pub(crate) fn write(&self, response: &mut Response, request_id: &str) {
        *response.status_mut() = self.status();
        let body = serde_json::to_vec(&self.body(request_id)).unwrap_or_default();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sambac\""));
        }
        *response.body_mut() = Body::from(body);
    }

    /// A failure of ours tells the request's id and nothing that depends on the case.
    fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        let ours = self.code == ErrorCode::Internal;
        ProblemBody {
            type_uri: format!("/docs/errors/{}", self.code.code()),
            title: self.code.title(),
            status: self.code.http_status(),
            code: self.code.code(),
            error: self.oauth,
            detail: self.detail.as_deref().filter(|_| !ours),
            errors: if ours { &[] } else { &self.errors },
            request_id,
            retry: match self.retry_after_s() {
                Some(after_s) if self.retry_after.is_some() => RetryAdvice::from(Retry::AfterS(after_s)),
                _ => RetryAdvice::from(self.code.retry()),
            },
        }
    }

    fn retry_after_s(&self) -> Option<u32> {
        if let Some(wait) = self.retry_after {
            return Some(u32::try_from(whole_s(wait)).unwrap_or(u32::MAX).max(1));
        }
        match (self.code.retry(), self.code.http_status()) {
            (Retry::AfterS(seconds), _) => Some(seconds),
            (Retry::SameLater, 429 | 503) => Some(1),
            _ => None,
        }
    }
}

impl From<Retry> for RetryAdvice {
    fn from(retry: Retry) -> Self {
        match retry {
            Retry::Never => Self { advice: RetryWord::Never, after_s: None },
            Retry::SameLater => Self { advice: RetryWord::Later, after_s: None },
            Retry::AfterFix => Self { advice: RetryWord::AfterFix, after_s: None },
            Retry::AfterS(seconds) => Self { advice: RetryWord::After, after_s: Some(seconds) },
        }
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::new(refusal.code);
        // The title is there already; and what is not there reads the same whoever says so.
        if refusal.detail != refusal.code.title() {
            problem = problem.detail(refusal.detail.clone());
        }
        let problem = refusal.faults.into_iter().fold(problem, |problem, (pointer, why)| problem.at(pointer, why));
        let problem = Self { retry_after: refusal.retry_after, ..problem };
        match refusal.field {
            Some(pointer) => problem.at(pointer, refusal.detail),
            None => problem,
        }
    }
}

impl From<sambac_store::StoreError> for Problem {
    fn from(error: sambac_store::StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(problem: &Problem) -> serde_json::Value {
        serde_json::to_value(problem.body("req_1")).expect("a body")
    }

    #[test]
    fn a_problem_names_its_code_its_page_and_the_fields() {
        let problem = Problem::new(ErrorCode::InvalidRequest).detail("two fields").at("/to", "no").at("/from", "no");
        let body = written(&problem);
        assert_eq!(body["type"], "/docs/errors/invalid_request");
        assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(400), Some("invalid_request")));
        assert_eq!((&body["errors"][1]["pointer"], &body["request_id"]), (&"/from".into(), &"req_1".into()));
        assert_eq!(body["retry"]["advice"], "after_fix");
    }

    #[test]
    fn a_failure_of_ours_tells_nothing_of_its_cause() {
        let problem = Problem::internal("secret place").detail("secret").at("/to", "secret");
        assert!(!written(&problem).to_string().contains("secret"));
        assert_eq!(problem.cause(), Some("secret place"));
    }

    #[test]
    fn every_status_of_the_router_has_an_entry_with_that_status() {
        for status in [400, 404, 405, 413, 415, 500, 503] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(Problem::of_status(status).status(), status);
        }
    }

    #[test]
    fn every_entry_of_the_catalogue_can_be_written() {
        for &code in ErrorCode::ALL {
            let mut response = Problem::new(code).into_response();
            Problem::new(code).write(&mut response, "req_1");
            assert_eq!(response.status().as_u16(), code.http_status(), "{code}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    }
}
