//! What an operator's answer tells of the link: how long it took, whether it came too fast, whether the SMSC is congested.

use std::time::Duration;

use sambac_domain::profile::{Action, Verdict};
use sambac_domain::receipt::ID_OCTETS_MAX;
use sambac_smpp::{CommandId, CommandStatus, Frame, Header, Pdu, Tag};
use tokio::time::Instant;

use super::link::{Flight, Link};
use super::window::Sign;
use super::{Connector, StopReason};
use crate::alert::AlertKind;
use crate::commit::AnswerOutcome;
use crate::kill_point;

/// As much of an id as a receipt can bring back: whatever an operator sends is bounded.
fn kept_id(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets.get(..ID_OCTETS_MAX).unwrap_or(octets)).into_owned()
}

impl Connector {
    /// Takes in the answer to a segment: what it says of the link is heeded here, what becomes of the segment is for the group
    /// commit to decide.
    pub(super) async fn response(&self, link: &Link, flight: Flight, header: Header, frame: &Frame) {
        let resp = match frame.pdu() {
            Ok(Pdu::SubmitSmResp(resp)) => Some(resp),
            _ => None,
        };
        let profile = self.profile();
        let heed = profile.flow.heed_congestion;
        let congestion = resp.filter(|_| heed).and_then(|resp| resp.tlvs.u8(Tag::CONGESTION_STATE));
        let now = self.inner.clock.now();
        let took = Duration::from_micros(u64::try_from(now.0 - flight.submitted_at.0).unwrap_or(0));
        let (outcome, throttled) = match header.command_status {
            // An answer to something else, that says nothing of the segment.
            CommandStatus::ROK if header.command_id != CommandId::SUBMIT_SM_RESP => {
                let command_id = header.command_id;
                tracing::warn!(connector = self.name, %command_id, "an answer of a wrong kind");
                (AnswerOutcome::Unknown, false)
            }
            CommandStatus::ROK => {
                self.throughput.accepted(now);
                let smsc_message_id = kept_id(resp.map_or(&[][..], |resp| resp.message_id));
                (AnswerOutcome::Accepted { smsc_message_id }, false)
            }
            status => {
                let verdict = profile.verdict(status.0);
                let throttled = self.refused(&flight, status, verdict);
                (AnswerOutcome::Refused { status, verdict }, throttled)
            }
        };
        kill_point::reached("answer_received");
        link.answered(Sign { took, throttled, congestion });
        self.answer(flight, outcome).await;
    }

    /// What a refusal means for the link; true when it came too fast.
    fn refused(&self, flight: &Flight, status: CommandStatus, verdict: Verdict) -> bool {
        let (sent_at, at, now) = (flight.submitted_at, self.inner.clock.now(), Instant::now());
        if verdict.alert {
            self.inner.alerts.raise(AlertKind::ConnectorRefusal, &self.name, status.to_string());
        }
        match (verdict.action, verdict.after_ms) {
            (Action::Throttle, _) => {
                self.metrics.throttled();
                self.throughput.throttled(sent_at, at, now);
                return true;
            }
            (Action::Pause, Some(after_ms)) => self.throughput.pause(Duration::from_millis(after_ms), now),
            (Action::Pause, None) => self.throughput.rest(sent_at, at, now),
            (Action::Stop, _) => {
                self.inner.alerts.raise(AlertKind::ConnectorStopped, &self.name, status.to_string());
                self.control.stop(StopReason::Answer(status.to_string()));
            }
            (Action::Retry | Action::FailOver | Action::Permanent, _) => {}
        }
        verdict.action == Action::Pause
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::receipt::{ReceiptInput, parse};

    use super::*;

    /// An id of more than the protocol's 64 characters counts by its beginning, in the answer as in the receipt.
    #[test]
    fn an_id_that_is_too_long_is_kept_as_a_receipt_brings_it_back() {
        let id = format!("{}tail", "0123456789".repeat(7));
        let text = format!("id:{id} sub:001 dlvrd:001 stat:DELIVRD err:000");
        let input = ReceiptInput { esm_class: 4, short_message: text.as_bytes(), ..ReceiptInput::default() };
        let receipt = parse(&input).expect("a receipt");
        assert_eq!(kept_id(id.as_bytes()), receipt.smsc_message_id);
        assert_eq!(kept_id(&[b'x'; 5_000]).len(), ID_OCTETS_MAX);
        assert_eq!((kept_id(b"a1"), kept_id(b"")), ("a1".to_owned(), String::new()));
    }
}
