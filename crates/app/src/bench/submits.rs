//! What the simulator's journal says of the messages that reached it, taken off its output while it runs: nothing is written
//! to the disk that the platform flushes to.

use std::sync::{Arc, Mutex, PoisonError};

use super::latency::Latencies;
use super::messages::Messages;

/// When which destination was submitted. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Submits(Arc<Mutex<Vec<Submit>>>);

struct Submit {
    destination: [u8; 15],
    at_us: i64,
}

impl Submits {
    /// Takes in a line of the journal.
    pub(crate) fn line(&self, line: &[u8]) {
        if let Some(submit) = Submit::parse(line) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(submit);
        }
    }

    /// From a message's offer to its `submit_sm` at the operator. `origin_us` is the zero of the load's clock, in UTC.
    pub(crate) fn latencies(&self, messages: &Messages, origin_us: i64) -> anyhow::Result<Latencies> {
        let mut latencies = Latencies::new()?;
        for submit in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let end = submit.destination.iter().position(|octet| *octet == 0).unwrap_or(submit.destination.len());
            if let Some(index) = messages.index_of(&submit.destination[..end]) {
                let at_us = u64::try_from(submit.at_us.saturating_sub(origin_us)).unwrap_or_default();
                latencies.record(messages.since_offer_us(index, at_us));
            }
        }
        Ok(latencies)
    }
}

impl Submit {
    fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok().filter(|text| text.contains("\"event\":\"submit\""))?;
        let at = text.split_once("\"at_us\":")?.1.split_once(',')?.0;
        let number = text.split_once("\"destination\":\"")?.1.split_once('"')?.0;
        let mut destination = [0; 15];
        destination.get_mut(..number.len())?.copy_from_slice(number.as_bytes());
        Some(Self { destination, at_us: at.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_time_from_offer_to_submit_is_told() {
        let messages = Messages::new(Instant::now(), 0, 10);
        messages.offer(3, 200);
        let submits = Submits::default();
        submits.line(b"{\"at_us\":1000700,\"event\":\"submit\",\"session\":1,\"destination\":\"999130000000\"}\n");
        submits.line(b"{\"at_us\":1000900,\"event\":\"answer\",\"session\":1,\"destination\":\"999130000000\"}\n");
        submits.line(b"{\"at_us\":1000900,\"event\":\"submit\",\"session\":1,\"destination\":\"447700900123\"}\n");
        let summary = submits.latencies(&messages, 1_000_000).expect("a histogram").summary().expect("one message");
        assert_eq!((summary.count, summary.max_us), (1, 500));
    }
}
