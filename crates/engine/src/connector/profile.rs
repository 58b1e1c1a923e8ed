//! How a connector behaves: the settings behind a connector's row. Unknown names are refused when they are stored.

use std::time::Duration;

use sambac_domain::text::LongMethod;
use serde::{Deserialize, Serialize};

/// Settings of a connector with safe defaults; its JSON is what the `settings` column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// How messages of more than one segment are sent.
    pub long_method: LongMethod,
    /// Sent in the bind.
    pub system_type: String,
    /// Sent in the bind: 0x34 for SMPP 3.4, 0x50 for 5.0.
    pub interface_version: u8,
    /// Whether `validity_period` tells the operator how long the message is worth delivering.
    pub send_validity: bool,
    /// Silence after which the link is probed, in seconds; 0 = never.
    pub enquire_link_s: u64,
    /// How long an answer may take, in milliseconds.
    pub response_timeout_ms: u64,
    /// How long TCP connect and bind may take, in milliseconds.
    pub bind_timeout_ms: u64,
    /// Longest pause between attempts to bind, in milliseconds.
    pub reconnect_max_ms: u64,
    /// How long the link rests after the operator answered that it is too fast, in milliseconds.
    pub throttle_pause_ms: u64,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            long_method: LongMethod::Udh8,
            system_type: String::new(),
            interface_version: 0x34,
            send_validity: true,
            enquire_link_s: 30,
            response_timeout_ms: 30_000,
            bind_timeout_ms: 10_000,
            reconnect_max_ms: 30_000,
            throttle_pause_ms: 500,
        }
    }
}

impl Profile {
    /// Reads the `settings` column; empty means all defaults.
    ///
    /// # Errors
    /// Says which setting is unknown or out of its form.
    pub fn parse(settings: &str) -> Result<Self, serde_json::Error> {
        if settings.trim().is_empty() { Ok(Self::default()) } else { serde_json::from_str(settings) }
    }

    pub(super) fn response_timeout(&self) -> Duration {
        Duration::from_millis(self.response_timeout_ms.max(1))
    }

    pub(super) fn bind_timeout(&self) -> Duration {
        Duration::from_millis(self.bind_timeout_ms.max(1))
    }

    pub(super) fn throttle_pause(&self) -> Duration {
        Duration::from_millis(self.throttle_pause_ms)
    }
}
