//! Pauses between attempts to reach a peer: exponential, with full jitter and a floor, so that a thousand clients of a peer
//! that comes back do not come back in the same instant.

use std::time::Duration;

use rand::Rng;

/// The next pause; grows until it is reset.
#[derive(Debug)]
pub(crate) struct Backoff {
    attempt: u32,
    last: Duration,
    min: Duration,
    max: Duration,
}

impl Backoff {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self { attempt: 0, last: Duration::ZERO, min, max: max.max(min) }
    }

    /// What was tried went well for so long. What lasted longer than the pause before it has earned a fresh start; what is
    /// lost again at once has not, else a peer that takes every bind and drops it would be bound to without end.
    pub(crate) fn lived(&mut self, span: Duration) {
        if span >= self.last {
            self.attempt = 0;
        }
    }

    /// Between the floor and `floor × 2^attempt`, at most the maximum.
    pub(crate) fn next(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.attempt = self.attempt.saturating_add(1);
        let floor = self.min.as_micros().min(ceiling.as_micros());
        let micros = rand::rng().random_range(floor..=ceiling.as_micros());
        self.last = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        self.last
    }

    fn ceiling(&self) -> Duration {
        self.min.saturating_mul(2_u32.saturating_pow(self.attempt.saturating_add(1))).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Duration = Duration::from_millis(100);

    #[test]
    fn pauses_grow_to_the_maximum_and_start_again_after_success() {
        let mut backoff = Backoff::new(FLOOR, Duration::from_secs(2));
        let ceilings: Vec<_> = (0..6)
            .map(|_| {
                let ceiling = backoff.ceiling();
                let pause = backoff.next();
                assert!(pause >= FLOOR && pause <= ceiling, "{pause:?} of {ceiling:?}");
                ceiling.as_millis()
            })
            .collect();
        assert_eq!(ceilings, [200, 400, 800, 1600, 2000, 2000]);
        backoff.lived(Duration::from_millis(50));
        assert_eq!(backoff.ceiling().as_millis(), 2000, "lost again at once");
        backoff.lived(Duration::from_secs(2));
        assert_eq!(backoff.ceiling().as_millis(), 200);
    }
}
