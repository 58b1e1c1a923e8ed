//! How fast a receiver is called: as fast as it takes events, one at a time and with growing pauses while it says that it has too much
//! to do.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Attempt, Outcome};

/// Requests to one receiver at the same time.
pub(super) const CONCURRENT_MAX: u32 = 16;
/// The first pause of a receiver that has too much to do; each next one is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest, unless it asks for more.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The pace of one receiver.
#[derive(Default)]
pub(super) struct Pace(Mutex<Slow>);

#[derive(Clone, Copy, Default)]
struct Slow {
    /// The pause that the next refusal makes; `None`: it takes what it is told.
    pause: Option<Duration>,
    /// Nothing before this.
    until: Option<Instant>,
}

impl Pace {
    /// Takes note of an attempt.
    pub(super) fn learn(&self, attempt: &Attempt) {
        let mut slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match attempt.outcome {
            Outcome::Taken => *slow = Slow::default(),
            Outcome::Slower => {
                let pause = slow.pause.unwrap_or(PAUSE_MIN);
                let rest = attempt.retry_after.unwrap_or_default().max(pause);
                slow.until = slow.until.max(Some(Instant::now() + rest));
                slow.pause = Some((pause * 2).min(PAUSE_MAX));
            }
            _ => {}
        }
    }

    /// Until when it is left alone.
    pub(super) fn until(&self) -> Option<Instant> {
        let slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slow.until.filter(|until| *until > Instant::now())
    }

    /// How many places an attempt takes: all of them while it is slow.
    pub(super) fn places(&self) -> u32 {
        let slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slow.pause.is_some() { CONCURRENT_MAX } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use sambac_domain::time::Timestamp;

    use super::*;

    fn attempt(outcome: Outcome, retry_after_s: Option<u64>) -> Attempt {
        let retry_after = retry_after_s.map(Duration::from_secs);
        Attempt { outcome, status: None, retry_after, began_at: Timestamp(0), took: Duration::ZERO }
    }

    /// Pauses double up to a minute, as long as it asks when that is longer, and end with the first event that it takes.
    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_has_too_much_to_do_is_called_less() {
        let pace = Pace::default();
        let rest = || pace.until().map_or(0, |until| (until - Instant::now()).as_secs());
        assert_eq!((pace.places(), rest()), (1, 0));
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            pace.learn(&attempt(Outcome::Slower, None));
            assert_eq!((pace.places(), rest()), (CONCURRENT_MAX, expected));
            tokio::time::sleep_until(pace.until().expect("a pause")).await;
        }
        pace.learn(&attempt(Outcome::Slower, Some(3_600)));
        assert_eq!(rest(), 3_600);
        pace.learn(&attempt(Outcome::Refused, None));
        assert_eq!(rest(), 3_600, "no word on its pace");
        pace.learn(&attempt(Outcome::Taken, None));
        assert_eq!((pace.places(), rest()), (1, 0));
    }
}
