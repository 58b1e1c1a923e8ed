//! How fast, and how many at a time (smsc-quirks, sections A, D and I).

use serde::{Deserialize, Serialize};

use super::section::section;
use crate::throughput::Throughput;

/// What "queue full" (0x14) is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueFull {
    /// That subscriber's queue: this message waits, the link goes on.
    #[default]
    Message,
    /// The SMSC's queue: the link rests, as after a throttle.
    Link,
}

section! {
    /// How fast, and how many at a time.
    FlowSettings {
        /// Segments over all binds, as "100/s", "6000/min" or "100/s burst 20"; empty: the connector's throughput_per_s_max. A
        /// burst that is not written makes up for 50 ms.
        throughput: Throughput = Throughput::UNLIMITED, ["Q-D1"];
        /// The same for each bind; empty: no limit of its own.
        throughput_per_bind: Throughput = Throughput::UNLIMITED, ["Q-D1"];
        /// Whether the window grows and shrinks with answer times, throttling and congestion_state, up to the connector's
        /// window_max.
        adaptive_window: bool = true, ["Q-A21", "Q-I1"];
        /// The window that a bind begins with, when it is adaptive.
        window_start: u16 = 10, ["Q-A21"], 1..=1_000;
        /// The least window that it shrinks to.
        window_min: u16 = 1, ["Q-A21"], 1..=1_000;
        /// How many times the usual answer time counts as slow, in percent.
        slow_answer_percent: u32 = 300, ["Q-A21"], 110..=10_000;
        /// Answers within this time are never slow.
        slow_answer_min_ms: u64 = 500, ["Q-A21"], 1..=600_000;
        /// Whether congestion_state in answers (SMPP 5.0) drives the window.
        heed_congestion: bool = true, ["Q-I1"];
        /// Whether the operator's real limit is learned from its throttling, and kept to.
        learn_throughput: bool = true, ["Q-D1"];
        /// The first rest after a throttle (0x58); it doubles with each throttle that follows.
        throttle_pause_min_ms: u64 = 100, ["Q-D1"], 10..=600_000;
        /// The longest rest after throttles.
        throttle_pause_max_ms: u64 = 60_000, ["Q-D1"], 10..=3_600_000;
        /// Whether 0x14 is about one subscriber's queue ("message") or the SMSC's ("link").
        queue_full: QueueFull = QueueFull::Message, ["Q-D2"];
        /// How long a message waits whose subscriber's queue is full; twice and then three times as long after that.
        queue_full_delay_ms: u64 = 60_000, ["Q-D2"], 100..=3_600_000;
        /// Whether an alert_notification of a subscriber sends what waits for it at once.
        heed_alerts: bool = true, ["Q-I7"];
        /// Share of throughput and window that only OTPs may use, in percent. It is kept free for a minute after each OTP, so
        /// that nothing idles without any; one place of the window is always kept, if that is not more than the share.
        otp_reserved_percent: u8 = 20, ["Q-A21"], 0..=90;
    }
}
