//! No faster than agreed: a pace per segment, and the rest that a throttling operator asks for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Bursts make up for at most this much idle time.
const BURST: Duration = Duration::from_millis(50);

/// Hands out moments at which a segment may be sent.
#[derive(Debug)]
pub(super) struct Throughput {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    interval: Option<Duration>,
    next: Instant,
    paused_until: Option<Instant>,
}

impl Throughput {
    /// `per_s_max` segments a second; 0 = as fast as the window allows.
    pub(super) fn new(per_s_max: u32) -> Self {
        let state = State { interval: interval(per_s_max), next: Instant::now(), paused_until: None };
        Self { state: Mutex::new(state) }
    }

    /// Another pace, from now on.
    pub(super) fn set(&self, per_s_max: u32) {
        self.lock().interval = interval(per_s_max);
    }

    /// Waits until the next segment may go, and takes its place.
    pub(super) async fn turn(&self) {
        while let Some(at) = self.take() {
            tokio::time::sleep_until(at).await;
        }
    }

    /// The operator says that it is too fast: nothing goes for `pause`.
    pub(super) fn pause(&self, pause: Duration) {
        self.lock().paused_until = Some(Instant::now() + pause);
    }

    /// Segments that pass in `span`: as many may be prepared ahead without delaying a more urgent one.
    pub(super) fn within(&self, span: Duration) -> usize {
        let interval = self.lock().interval;
        let count = interval.map_or(usize::MAX as u128, |interval| span.as_nanos() / interval.as_nanos().max(1));
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// Takes a place now, or says when to ask again.
    fn take(&self) -> Option<Instant> {
        let mut state = self.lock();
        if state.interval.is_none() && state.paused_until.is_none() {
            return None;
        }
        let now = Instant::now();
        if let Some(until) = state.paused_until {
            if now < until {
                return Some(until);
            }
            state.paused_until = None;
        }
        let interval = state.interval?;
        if now < state.next {
            return Some(state.next);
        }
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        state.next = state.next.max(earliest) + interval;
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interval(per_s_max: u32) -> Option<Duration> {
    (per_s_max > 0).then(|| Duration::from_secs(1) / per_s_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn keeps_the_pace_over_time() {
        let throughput = Throughput::new(100);
        let started = Instant::now();
        for _ in 0..200 {
            throughput.turn().await;
        }
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(1_900) && took <= Duration::from_millis(2_100), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn idle_time_allows_no_more_than_a_short_burst() {
        let throughput = Throughput::new(100);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let started = Instant::now();
        for _ in 0..100 {
            throughput.turn().await;
        }
        assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everything() {
        let throughput = Throughput::new(0);
        throughput.turn().await;
        throughput.pause(Duration::from_secs(3));
        let started = Instant::now();
        throughput.turn().await;
        assert!(started.elapsed() >= Duration::from_secs(3));
    }
}
