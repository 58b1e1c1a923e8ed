//! `simulate --replay FILE`: what an SMSC sent of its own accord in a capture (receipts, messages from handsets) is sent again
//! to the first ESME that binds as a receiver or transceiver, at the capture's pace or as fast as the window allows.

mod capture;
mod stream;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use sambac_smpp::{CommandId, Frame, Session};
use tokio::time::{Instant, sleep_until};

use super::echo;
use stream::Streams;

/// PDUs to be sent again, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay {
    pdus: Vec<(Duration, Frame)>,
}

/// A capture that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error("{path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{path}: {reason}")]
    Malformed { path: String, reason: &'static str },
    #[error("{path}: there is no deliver_sm, data_sm or alert_notification of an SMSC in it")]
    Empty { path: String },
}

impl Replay {
    /// Reads a capture (pcap or pcapng). When `is_fast`, all are sent at once.
    pub(crate) fn read(path: &Path, is_fast: bool) -> Result<Self, ReplayError> {
        let name = path.display().to_string();
        let file = std::fs::read(path).map_err(|source| ReplayError::Unreadable { path: name.clone(), source })?;
        let mut replay = Self::of(&file).map_err(|reason| ReplayError::Malformed { path: name.clone(), reason })?;
        if replay.pdus.is_empty() {
            return Err(ReplayError::Empty { path: name });
        }
        if is_fast {
            replay.pdus.iter_mut().for_each(|(after, _)| *after = Duration::ZERO);
        }
        Ok(replay)
    }

    fn of(file: &[u8]) -> Result<Self, &'static str> {
        let mut streams = Streams::default();
        for packet in capture::packets(file)? {
            streams.take(&packet);
        }
        let pdus = streams.into_pdus();
        let from_smsc: Vec<_> = pdus.into_iter().filter(|(_, frame)| is_of_smsc(frame)).collect();
        let first = from_smsc.first().map_or(0, |(at_us, _)| *at_us);
        let timed = from_smsc
            .into_iter()
            .map(|(at_us, frame)| (Duration::from_micros(u64::try_from(at_us - first).unwrap_or(0)), frame));
        Ok(Self { pdus: timed.collect() })
    }

    /// Sends all of them; ends early when the session does.
    pub(super) async fn play(self, session: Session) {
        let begun = Instant::now();
        for (after, frame) in self.pdus {
            sleep_until(begun + after).await;
            let Ok(pdu) = frame.pdu_with_broken_tlvs() else { continue };
            if session.send(&pdu, echo::TOKEN).await == Err(sambac_smpp::SendError::Closed) {
                return;
            }
        }
    }
}

fn is_of_smsc(frame: &Frame) -> bool {
    let wanted = [CommandId::DELIVER_SM, CommandId::DATA_SM, CommandId::ALERT_NOTIFICATION];
    wanted.contains(&frame.header().command_id)
}

/// A whole PDU, copied out of what it came in.
fn frame(octets: &[u8]) -> Option<Frame> {
    Frame::new(Bytes::copy_from_slice(octets))
}

#[cfg(test)]
mod tests;
