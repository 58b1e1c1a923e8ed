//! The window: as many messages at once as may be sent, and how fast all of them were answered.

use sambac_smpp::{Pdu, Sm};

use super::checklist::{BUSY_PAUSE, Checklist, WINDOW_MAX, addressed, is_busy};
use super::peer::{Peer, Trouble};

impl Checklist {
    /// Sends many at once: how many are taken before the SMSC throttles or closes?
    pub(super) async fn window(&mut self, peer: &mut Peer) -> Result<(), Trouble> {
        let count = (self.trial.messages_max.saturating_sub(self.sent)).min(u32::from(WINDOW_MAX));
        if count == 0 {
            return Err(Trouble::Spent(self.sent));
        }
        // The checks before have taken some of what the SMSC allows in a second.
        peer.until(BUSY_PAUSE, |_| false).await;
        let tokens = self.burst(peer, count).await;
        let (mut accepted, mut throttled) = (0_u32, 0_u32);
        for token in tokens {
            match peer.answer(token, self.trial.answer_wait).await {
                Ok(answer) if answer.status.is_ok() => {
                    accepted += 1;
                    self.took.push(answer.took);
                }
                Ok(answer) if is_busy(answer.status) => throttled += 1,
                Ok(answer) => self.report.note("window", false, format!("refused: {}", answer.status)),
                Err(error) => {
                    self.report.note("window", false, error.to_string());
                    break;
                }
            }
        }
        let text = format!("of {count} at once, {accepted} were taken and {throttled} throttled");
        self.report.note("window", accepted > 0 && peer.closed.is_none(), text);
        if throttled > 0 && accepted > 0 {
            // Whether by number or by rate, so many at a time are too many.
            self.report.propose_key("window_max", accepted);
            self.report.propose_key("throughput_per_s_max", accepted);
        }
        Ok(())
    }

    /// Sends so many without waiting for an answer.
    async fn burst(&mut self, peer: &mut Peer, count: u32) -> Vec<u64> {
        let mut tokens = Vec::new();
        for _ in 0..count {
            let address = self.address();
            let sm = Sm { short_message: b"burst", ..Sm::default() };
            let pdu = Pdu::SubmitSm(addressed(&self.trial.from, &address, sm));
            self.sent += 1;
            match peer.send(&pdu, self.trial.answer_wait).await {
                Ok(token) => tokens.push(token),
                Err(trouble) => {
                    self.report.note("window", false, trouble.to_string());
                    break;
                }
            }
        }
        tokens
    }

    pub(super) fn times(&mut self) {
        self.took.sort_unstable();
        if let (Some(median), Some(slowest)) = (self.took.get(self.took.len() / 2), self.took.last()) {
            let text = format!(
                "{} messages; median {} ms, slowest {} ms",
                self.took.len(),
                median.as_millis(),
                slowest.as_millis()
            );
            self.report.note("response time", true, text);
        }
    }
}
