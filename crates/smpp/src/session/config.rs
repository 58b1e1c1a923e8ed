//! The limits and timers of a session.

use super::Tap;
use std::time::Duration;

/// How a session behaves. All times run on tokio's clock; timers are coarse, late by at most a sixteenth and a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionConfig {
    /// Requests of ours that may be unanswered at a time, 1 to 1000.
    pub window: u16,
    /// How long a request of ours may stay unanswered.
    pub response_timeout: Duration,
    /// After how much silence of the peer to send `enquire_link`. Zero: never.
    pub enquire_link_interval: Duration,
    /// How long after our `enquire_link` to wait for any PDU at all before the session closes.
    pub enquire_link_timeout: Duration,
    /// How long a session may carry nothing but `enquire_link`. Zero: for ever.
    pub inactivity_timeout: Duration,
    /// How long the opening of a session may take.
    pub bind_timeout: Duration,
    /// How long a PDU that has begun may take to arrive whole.
    pub pdu_timeout: Duration,
    /// How long the peer may take none of what we write.
    pub write_timeout: Duration,
    /// How long an `unbind` of the peer waits for the answers to our open requests before we answer it. Zero: not at all.
    pub unbind_grace: Duration,
    /// How long it waits for our answers to the peer's own open requests, which would be lost with the session. Zero: not at all.
    pub answer_grace: Duration,
    /// The largest PDU taken, in octets. A larger one closes the session: the stream is out of step.
    pub max_pdu_bytes: usize,
    /// Events that may wait for the caller. When they are full, nothing is read from the peer.
    pub events_capacity: usize,
    /// Octets that may wait to be written before senders wait and nothing more is read from the peer.
    pub write_buffer_bytes_max: usize,
    /// What to do with requests whose optional parameters are not whole TLVs.
    pub broken_tlvs: BrokenTlvs,
    /// The sequence number of our first request.
    pub first_sequence: u32,
    /// Hears of every PDU.
    pub tap: Option<Tap>,
}

/// What to do with requests whose optional parameters are not whole TLVs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenTlvs {
    /// Answer `RINVTLVSTREAM`; the caller does not see the request.
    Refuse,
    /// Pass the request on; read it with [`Frame::pdu_with_broken_tlvs`](crate::Frame::pdu_with_broken_tlvs).
    Keep,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            window: 10,
            response_timeout: Duration::from_secs(30),
            enquire_link_interval: Duration::from_secs(30),
            enquire_link_timeout: Duration::from_secs(15),
            inactivity_timeout: Duration::ZERO,
            bind_timeout: Duration::from_secs(10),
            pdu_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            unbind_grace: Duration::ZERO,
            answer_grace: Duration::from_secs(5),
            max_pdu_bytes: crate::PDU_OCTETS_MAX,
            events_capacity: 1024,
            write_buffer_bytes_max: 1024 * 1024,
            broken_tlvs: BrokenTlvs::Refuse,
            first_sequence: 1,
            tap: None,
        }
    }
}

impl SessionConfig {
    /// The window, within what is allowed.
    pub(super) fn window_clamped(&self) -> u16 {
        self.window.clamp(1, WINDOW_MAX)
    }

    /// How often the timers are looked at: a sixteenth of the shortest of them.
    pub(super) fn tick(&self) -> Duration {
        [
            self.response_timeout,
            self.enquire_link_interval,
            self.enquire_link_timeout,
            self.inactivity_timeout,
            self.pdu_timeout,
        ]
        .into_iter()
        .filter(|time| !time.is_zero())
        .min()
        .map_or(TICK_MAX, |shortest| (shortest / 16).clamp(TICK_MIN, TICK_MAX))
    }
}

/// The widest window.
pub const WINDOW_MAX: u16 = 1000;

const TICK_MIN: Duration = Duration::from_millis(10);
const TICK_MAX: Duration = Duration::from_secs(1);
