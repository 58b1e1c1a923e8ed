//! The id of a request: the client's own from `X-Request-Id` when it is harmless, else a new one such as
//! `req_5f2b9c0d00000001`. It is in every response and every line logged about the request.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::HeaderValue;

/// Makes request ids; cheap to clone.
#[derive(Clone)]
pub(crate) struct RequestIds {
    /// Differs in every process, so that ids of two runs do not meet in one log.
    process: u32,
    next: Arc<AtomicU32>,
}

/// One request's id: visible ASCII, at most 64 characters.
pub(crate) struct RequestId(HeaderValue);

const LENGTH_MAX: usize = 64;

impl RequestIds {
    pub(crate) fn new() -> Self {
        let bits = RandomState::new().build_hasher().finish().to_le_bytes();
        Self { process: u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]), next: Arc::default() }
    }

    /// The client's id, or a new one.
    pub(crate) fn of(&self, given: Option<&HeaderValue>) -> RequestId {
        match given {
            Some(given) if is_harmless(given.as_bytes()) => RequestId(given.clone()),
            _ => self.make(),
        }
    }

    fn make(&self) -> RequestId {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = format!("req_{:08x}{number:08x}", self.process);
        RequestId(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("req_")))
    }
}

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Nothing that could break a log line, a page or a shell command it is pasted into.
fn is_harmless(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LENGTH_MAX).contains(&id.len()) && id.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_differ() {
        let ids = RequestIds::new();
        assert_ne!(ids.of(None).as_str(), ids.of(None).as_str());
        assert_eq!(ids.of(None).as_str().len(), 20);
    }

    #[test]
    fn a_harmless_id_of_the_client_is_kept_and_any_other_replaced() {
        let ids = RequestIds::new();
        let of = |text: &'static str| ids.of(Some(&HeaderValue::from_static(text))).as_str().to_owned();
        assert_eq!(of("order-17.retry_2"), "order-17.retry_2");
        for bad in [
            "",
            "a b",
            "<script>",
            "a\"b",
            "x=1;y",
            "0123456789012345678901234567890123456789012345678901234567890123456",
        ] {
            assert!(of(bad).starts_with("req_"), "{bad}");
        }
    }
}
