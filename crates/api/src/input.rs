//! What a request brings, checked: bodies, queries, ids in the path, the `Idempotency-Key`. Each refuses with a problem
//! that names the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::in_words::in_words;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body that has the right form and obeys its own rules.
pub(crate) struct Json<T>(pub(crate) T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_of_type(request.headers(), "application/json") {
            return Err(Problem::new(ErrorCode::UnsupportedMediaType).detail("Content-Type must be application/json"));
        }
        let bytes = body(request, state).await?;
        // A list would be read as the fields in their order, which nobody has promised.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::new(ErrorCode::InvalidRequest).detail(BAD_FIELD).at("", "expected a JSON object"));
        }
        // The quick reading first: only a request that fails it pays for knowing where.
        let value: T = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(_) => located(&bytes)?,
        };
        value.validate().map_err(|report| broken_rules(&report))?;
        Ok(Self(value))
    }
}

/// A file of comma-separated values.
pub(crate) struct Csv(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Csv {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_of_type(request.headers(), "text/csv") {
            return Err(Problem::new(ErrorCode::UnsupportedMediaType).detail("Content-Type must be text/csv"));
        }
        body(request, state).await.map(Self)
    }
}

const BAD_FIELD: &str = "a field of the body is not valid";

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(ErrorCode::UnsupportedMediaType).detail("send the body without Content-Encoding"));
    }
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ErrorCode::PayloadTooLarge),
        _ => Problem::new(ErrorCode::InvalidRequest).detail("the body could not be read to its end"),
    })
}

fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(wanted)
}

/// Reads the body again, keeping track of where it fails.
fn located<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let problem = Problem::new(ErrorCode::InvalidRequest);
    match read {
        Ok(value) => match deserializer.end() {
            Ok(()) => Ok(value),
            Err(error) => Err(problem.detail("the body is not JSON").at("", error.to_string())),
        },
        Err(error) if error.inner().is_data() => {
            let detail = error.inner().to_string();
            Err(problem.detail(BAD_FIELD).at(pointer(error.path(), &detail), wanted(&detail)))
        }
        // A word's place taken by `null` or a number counts as bad syntax there, though the whole is JSON.
        Err(error) if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() => {
            Err(problem.detail(BAD_FIELD).at(pointer(error.path(), ""), "is not of the right type"))
        }
        Err(error) => Err(problem.detail("the body is not JSON").at("", error.inner().to_string())),
    }
}

/// The JSON pointer (RFC 6901) of a path; for a missing or unknown field, which has no path, its name from the message.
fn pointer(path: &serde_path_to_error::Path, detail: &str) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let named = ["missing field `", "unknown field `", "duplicate field `"].iter().find_map(|start| {
        let rest = detail.strip_prefix(start)?;
        rest.split_once('`').map(|(name, _)| name)
    });
    match named.map(|name| format!("/{}", escaped(name))) {
        Some(last) if !pointer.ends_with(&last) => pointer + &last,
        _ => pointer,
    }
}

/// What was expected. What was found instead may be a one-time code, which has no business in anybody's error log.
fn wanted(detail: &str) -> String {
    let found = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    let names_a_value = found.iter().any(|start| detail.starts_with(start));
    match detail.rsplit_once(", expected ").filter(|_| names_a_value) {
        Some((_, expected)) => {
            in_words(&format!("expected {}", expected.split(" at line ").next().unwrap_or(expected)))
        }
        None => detail.to_owned(),
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn broken_rules(report: &garde::Report) -> Problem {
    let problem = Problem::new(ErrorCode::InvalidRequest).detail(BAD_FIELD);
    report.iter().fold(problem, |problem, (path, error)| problem.at(pointer_of(&path.to_string()), error.message()))
}

/// The JSON pointer of a path like `recipients[0].to`.
fn pointer_of(path: &str) -> String {
    format!("/{}", path.replace(['[', '.'], "/").replace(']', ""))
}

/// A form, in which what is not known is not looked at and nothing comes twice (RFC 6749, section 3.2).
pub(crate) struct Form<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        const FORM: &str = "application/x-www-form-urlencoded";
        if !is_of_type(request.headers(), FORM) {
            return Err(Problem::new(ErrorCode::UnsupportedMediaType).detail(format!("Content-Type must be {FORM}")));
        }
        let bytes = body(request, state).await?;
        let read =
            serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(form_urlencoded::parse(&bytes)));
        read.map(Self).map_err(|error| bad_parameter(error.path(), &error.inner().to_string()))
    }
}

/// Any JSON object: what is wrong with its fields is told by whoever reads it.
#[derive(serde::Deserialize, Validate)]
#[serde(transparent)]
pub(crate) struct Document(#[garde(skip)] pub(crate) serde_json::Map<String, serde_json::Value>);

/// The `If-Match` header, where there is one.
pub(crate) struct IfMatch(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let given = parts.headers.get(header::IF_MATCH).map(|value| value.to_str().map(str::to_owned));
        let unreadable = |_| {
            let problem = Problem::new(ErrorCode::InvalidRequest).detail("a header is not valid");
            problem.parameter("If-Match", "must be an ETag or *")
        };
        given.transpose().map(Self).map_err(unreadable)
    }
}

/// An id in the path. One that is no id at all reads like one that does not exist.
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: std::str::FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ErrorCode::NotFound)?;
        text.parse().map(Self).map_err(|_| ErrorCode::NotFound.into())
    }
}

/// A query string in which every parameter is known and given once.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let read = serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs));
        read.map(Self).map_err(|error| bad_parameter(error.path(), &error.inner().to_string()))
    }
}

/// What is wrong with which parameter. A parameter that is missing, unknown or repeated has no path: the message names it.
fn bad_parameter(path: &serde_path_to_error::Path, detail: &str) -> Problem {
    let named = |start: &str| detail.strip_prefix(start)?.split_once('`');
    let (name, told) = if let Some((name, _)) = named("missing field `") {
        (name.to_owned(), "is required".to_owned())
    } else if let Some((name, _)) = named("duplicate field `") {
        (name.to_owned(), "is given twice".to_owned())
    } else if let Some((name, rest)) = named("unknown field `") {
        (name.to_owned(), format!("is unknown{rest}"))
    } else {
        (path.to_string(), value_wanted(detail))
    };
    Problem::new(ErrorCode::InvalidRequest).detail("a query parameter is not valid").parameter(name, told)
}

/// The value itself is not told, as in a body.
fn value_wanted(detail: &str) -> String {
    let is_of = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    if is_of(&["digit", "integer", "number"]) {
        "must be a whole number, and not too large or too small".to_owned()
    } else if is_of(&["`true` or `false`"]) {
        "must be true or false".to_owned()
    } else {
        wanted(detail)
    }
}

/// The `Idempotency-Key` header, where there is one.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

/// Characters of an `Idempotency-Key` at most.
pub(crate) const IDEMPOTENCY_KEY_MAX: usize = 255;

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all("idempotency-key").iter();
        match (given.next(), given.next()) {
            (None, _) => Ok(Self(None)),
            (Some(key), None) => visible_ascii(key.as_bytes()).map(|key| Self(Some(key))),
            (Some(_), Some(_)) => Err(bad_key("is given twice")),
        }
    }
}

fn visible_ascii(key: &[u8]) -> Result<String, Problem> {
    let fits = (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    fits.then(|| key.iter().map(|&byte| char::from(byte)).collect())
        .ok_or_else(|| bad_key("must be 1 to 255 visible ASCII characters"))
}

fn bad_key(detail: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).detail("a header is not valid").parameter("Idempotency-Key", detail)
}
