//! The SMSC: takes every bind, and answers each `submit_sm` (SMPP 3.4 §4.4) as its destination says.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::number::Msisdn;
use sambac_domain::profile::{Action, Profile};
use sambac_domain::sandbox::{Play, play};
use sambac_domain::time::Timestamp;
use sambac_smpp::{CommandStatus, Event, Frame, Header, Pdu, Session, SessionConfig, Sm, SmResp};
use tokio::io::DuplexStream;
use tokio::sync::Semaphore;

use super::receipt::Receipt;
use crate::clock::Clock;

/// How we are called in the bind's answer, and which version of SMPP we speak.
const NAME: &str = "sandbox";
const VERSION: u8 = 0x34;
/// Receipts that may be unanswered at a time.
const WINDOW: u16 = 100;
/// Receipts that may wait at a time; a message above it is told that the queue is full.
const RECEIPTS_MAX: usize = 10_000;

/// One connection.
struct Smsc {
    session: Session,
    clock: Clock,
    /// Ids begin with it, so that those of no two connections are alike.
    opened_at: Timestamp,
    taken: u64,
    room: Arc<Semaphore>,
}

/// Serves a connection until it ends.
pub(super) async fn serve(io: DuplexStream, clock: Clock) {
    let Ok(pending) = sambac_smpp::accept(io, SessionConfig::default()).await else { return };
    let Ok((session, mut events)) = pending.accept(NAME, Some(VERSION), WINDOW).await else { return };
    let opened_at = clock.now();
    let mut smsc = Smsc { session, clock, opened_at, taken: 0, room: Arc::new(Semaphore::new(RECEIPTS_MAX)) };
    while let Some(event) = events.recv().await {
        if let Event::Request { header, frame } = event {
            smsc.request(header, &frame);
        }
    }
}

impl Smsc {
    fn request(&mut self, header: Header, frame: &Frame) {
        let Ok(Pdu::SubmitSm(sm)) = frame.pdu() else {
            return self.session.respond_error(header, CommandStatus::RINVCMDID);
        };
        let number = Msisdn::from_digits(sm.destination.addr).ok();
        match number.and_then(play) {
            None | Some(Play::Problem(_)) => self.session.respond_error(header, CommandStatus::RINVDSTADR),
            Some(Play::NoAnswer) => {}
            Some(Play::Refused(status)) => self.session.respond_error(header, refusal(status)),
            Some(Play::NoReceipt) => drop(self.take(header)),
            Some(Play::Receipt { state, error, after_ms }) => {
                let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
                    return self.session.respond_error(header, CommandStatus::RMSGQFUL);
                };
                let Some(id) = self.take(header) else { return };
                let receipt = Receipt::new(&sm, id, (state, error), self.clock.now());
                if !receipt_wanted(&sm) {
                    return;
                }
                let (session, clock) = (self.session.clone(), self.clock.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(after_ms)) => {}
                        () = session.closed() => return,
                    }
                    // A session that has ended takes none: its messages wait for their receipts in vain.
                    let _ = receipt.send(&session, clock.now()).await;
                    drop(room);
                });
            }
        }
    }

    /// Takes a message: its id, if the answer could be given.
    fn take(&mut self, header: Header) -> Option<String> {
        self.taken += 1;
        let id = format!("{:x}-{}", self.opened_at.0, self.taken);
        let answer = Pdu::SubmitSmResp(SmResp::new(id.as_bytes()));
        self.session.respond(header.sequence_number, CommandStatus::ROK, &answer).ok().map(|()| id)
    }
}

fn receipt_wanted(sm: &Sm<'_>) -> bool {
    sm.registered_delivery & sambac_smpp::registered_delivery::MASK != 0
}

/// The status that is asked for, if a connector takes it for a refusal for good: one that slows or stops the link would be felt by
/// everybody.
fn refusal(status: u32) -> CommandStatus {
    let is_plain = status != 0 && Profile::default().verdict(status).action == Action::Permanent;
    if is_plain { CommandStatus(status) } else { CommandStatus::RSUBMITFAIL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_would_feel_is_a_plain_refusal() {
        assert_eq!(refusal(0x0B), CommandStatus::RINVDSTADR);
        for status in [0, CommandStatus::RTHROTTLED.0, CommandStatus::RMSGQFUL.0, CommandStatus::RSYSERR.0] {
            assert_eq!(refusal(status), CommandStatus::RSUBMITFAIL, "{status}");
        }
    }
}
