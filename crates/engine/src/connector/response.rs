//! What an operator's answer tells of the link: how long it took, whether it came too fast, whether the SMSC is congested.

use std::time::Duration;

use sambac_domain::profile::{Action, Verdict};
use sambac_smpp::{CommandId, CommandStatus, Frame, Header, Pdu, Tag};
use tokio::time::Instant;

use super::link::{Flight, Link};
use super::window::Sign;
use super::{Connector, StopReason};
use crate::alert::AlertKind;
use crate::commit::AnswerOutcome;

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
                let id = resp.map(|resp| String::from_utf8_lossy(resp.message_id).into_owned());
                (AnswerOutcome::Accepted { smsc_message_id: id.unwrap_or_default() }, false)
            }
            status => {
                let verdict = profile.verdict(status.0);
                let throttled = self.refused(&flight, status, verdict);
                (AnswerOutcome::Refused { status, verdict }, throttled)
            }
        };
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
