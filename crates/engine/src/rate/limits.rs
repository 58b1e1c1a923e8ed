//! An account's rate limits as people write them, and as they are stored.

use sambac_domain::stored;
use sambac_domain::throughput::Throughput;
use serde::{Deserialize, Serialize};

/// How often an account may call the API, each as `100/s burst 20`; what is not given is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Calls, all together.
    #[serde(skip_serializing_if = "Throughput::is_unlimited_ref")]
    pub calls: Throughput,
    /// Calls that send messages or codes.
    #[serde(skip_serializing_if = "Throughput::is_unlimited_ref")]
    pub send: Throughput,
    /// Calls that read.
    #[serde(skip_serializing_if = "Throughput::is_unlimited_ref")]
    pub read: Throughput,
    /// Calls that change something else.
    #[serde(skip_serializing_if = "Throughput::is_unlimited_ref")]
    pub manage: Throughput,
    /// Messages to one number, whatever way they come in.
    #[serde(skip_serializing_if = "Throughput::is_unlimited_ref")]
    pub destination: Throughput,
}

/// What is stored are no rate limits.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotRateLimits(#[from] serde_json::Error);

impl RateLimits {
    /// Reads what [`RateLimits::to_json`] wrote.
    ///
    /// # Errors
    /// [`NotRateLimits`].
    pub fn from_json(text: &str) -> Result<Self, NotRateLimits> {
        Ok(stored::read(text)?)
    }

    /// As they are stored; empty when nothing is limited.
    pub fn to_json(&self) -> String {
        stored::written(self)
    }

    /// Themselves, where anything is limited.
    pub fn shown(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again() {
        let limits = RateLimits { send: "100/s burst 20".parse().expect("a throughput"), ..RateLimits::default() };
        assert_eq!(limits.to_json(), r#"{"send":"100/s burst 20"}"#);
        assert_eq!(RateLimits::from_json(&limits.to_json()).expect("limits"), limits);
        assert_eq!(
            (RateLimits::default().to_json(), RateLimits::from_json("").expect("none")),
            (String::new(), RateLimits::default())
        );
        for text in ["fast", r#"{"sending":"1/s"}"#, r#"{"send":"fast"}"#, r#"{"send":1}"#] {
            assert!(RateLimits::from_json(text).is_err(), "{text}");
        }
    }
}
