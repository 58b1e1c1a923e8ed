//! The pace over time, the share of OTPs, rests, and what is learned of an operator's limit, on tokio's paused clock.

use std::collections::VecDeque;

use super::*;

fn limit(text: &str) -> Limit {
    text.parse().expect("a throughput")
}

fn throughput(text: &str) -> Throughput {
    Throughput::new(limit(text), &FlowSettings::default(), Instant::now())
}

async fn turn(throughput: &Throughput, otp: bool) -> Turn {
    loop {
        match throughput.take(otp, Instant::now()) {
            Ok(turn) => return turn,
            Err(at) => tokio::time::sleep_until(at).await,
        }
    }
}

/// Segments that pass in `span`.
async fn passing(throughput: &Throughput, otp: bool, span: Duration) -> usize {
    let end = Instant::now() + span;
    let mut count = 0;
    loop {
        turn(throughput, otp).await;
        if Instant::now() >= end {
            return count;
        }
        count += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn keeps_the_pace_over_time() {
    let throughput = throughput("100/s");
    let started = Instant::now();
    for _ in 0..200 {
        turn(&throughput, false).await;
    }
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(1_900) && took <= Duration::from_millis(2_100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn idle_time_allows_no_more_than_the_burst() {
    for (text, least_ms, most_ms) in [("100/s", 900, 960), ("100/s burst 40", 590, 610), ("100/s burst 1", 980, 1_000)]
    {
        let throughput = throughput(text);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let started = Instant::now();
        for _ in 0..100 {
            turn(&throughput, false).await;
        }
        let took_ms = started.elapsed().as_millis();
        assert!((least_ms..=most_ms).contains(&took_ms), "{text}: {took_ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_everything() {
    let throughput = throughput("");
    turn(&throughput, true).await;
    throughput.pause(Duration::from_secs(3), Instant::now());
    throughput.pause(Duration::from_secs(1), Instant::now());
    let started = Instant::now();
    turn(&throughput, true).await;
    assert!(started.elapsed() >= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn others_leave_the_share_of_otps_free_while_there_are_any() {
    let throughput = throughput("100/s");
    let second = Duration::from_secs(10);
    assert!((990..=1_010).contains(&passing(&throughput, false, second).await), "no OTP: nothing idles");
    assert_eq!(turn(&throughput, true).await, Turn { otp_percent: 20 });
    let others = passing(&throughput, false, second).await;
    assert!((780..=810).contains(&others), "{others}");
    let started = Instant::now();
    turn(&throughput, true).await;
    assert!(started.elapsed() <= Duration::from_millis(10), "an OTP does not wait for what the others used");
    tokio::time::sleep(OTP_KEPT).await;
    assert_eq!(turn(&throughput, false).await, Turn { otp_percent: 0 });
}

/// An operator that takes so many a second with a burst of a tenth, and answers after `took`.
struct Operator {
    per_s: u64,
    begun: Instant,
    full_at_us: i64,
    answers: VecDeque<(Instant, Timestamp, bool)>,
}

impl Operator {
    fn new(per_s: u64) -> Self {
        Self { per_s, begun: Instant::now(), full_at_us: 0, answers: VecDeque::new() }
    }

    fn at(&self, now: Instant) -> Timestamp {
        Timestamp(1_000_000 + i64::try_from(now.duration_since(self.begun).as_micros()).expect("short"))
    }

    fn submit(&mut self, now: Instant) {
        let at = self.at(now);
        let full_at = self.full_at_us.max(at.0);
        let taken = full_at - at.0 <= 100_000;
        if taken {
            self.full_at_us = full_at + 1_000_000 / i64::try_from(self.per_s).expect("small");
        }
        self.answers.push_back((now + Duration::from_millis(20), at, taken));
    }
}

/// Sends as fast as it is let, with a window of 50, and returns what was taken and throttled in each second.
async fn storm(throughput: &Throughput, operator: &mut Operator, seconds: u64) -> Vec<(u64, u64)> {
    let begun = Instant::now();
    let mut told = vec![(0, 0); usize::try_from(seconds).expect("few")];
    while begun.elapsed() < Duration::from_secs(seconds) {
        let now = Instant::now();
        while let Some((_, sent_at, taken)) = operator.answers.pop_front_if(|(due, ..)| *due <= now) {
            let second = &mut told[usize::try_from(begun.elapsed().as_secs()).expect("few")];
            if taken {
                throughput.accepted(operator.at(now));
                second.0 += 1;
            } else {
                throughput.throttled(sent_at, operator.at(now), now);
                second.1 += 1;
            }
        }
        let next_answer = operator.answers.front().map(|(due, ..)| *due);
        let wait = match throughput.take(false, now) {
            Ok(_) if operator.answers.len() < 50 => {
                operator.submit(now);
                continue;
            }
            Ok(_) => next_answer.expect("the window is full"),
            Err(due) => next_answer.map_or(due, |answer| answer.min(due)),
        };
        tokio::time::sleep_until(wait.max(now + Duration::from_millis(1))).await;
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_throttling_storm_converges_to_the_allowed_rate() {
    for (agreed, allowed) in [("", 100), ("200/s", 100), ("", 1_000), ("2000/s", 1_000), ("50/s", 25)] {
        let throughput = throughput(agreed);
        let told = storm(&throughput, &mut Operator::new(allowed), 60).await;
        let taken = told[30..].iter().map(|(taken, _)| taken).sum::<u64>() / 30;
        let (least, most) = (allowed * 9 / 10, allowed * 11 / 10);
        assert!((least..=most).contains(&taken), "{agreed}: {taken} of {allowed} a second: {told:?}");
        let learned = throughput.speed(Instant::now()).learned_per_s.expect("a rate was learned");
        assert!((least..=most).contains(&learned), "{agreed}: {learned} of {allowed} was learned");
        let throttled = told[30..].iter().map(|(_, throttled)| throttled).sum::<u64>();
        assert!(throttled * 20 < taken * 30, "{agreed}: the storm goes on: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_rises_is_found_and_the_agreed_rate_forgets_what_was_learned() {
    let throughput = throughput("200/s");
    let mut operator = Operator::new(50);
    storm(&throughput, &mut operator, 30).await;
    operator.per_s = 1_000;
    let told = storm(&throughput, &mut operator, 40).await;
    assert!(told[39].0 >= 195, "{told:?}");
    assert_eq!(throughput.speed(Instant::now()).learned_per_s, None);
}

#[tokio::test(start_paused = true)]
async fn rests_grow_until_something_is_taken() {
    let flow = FlowSettings { learn_throughput: false, ..FlowSettings::default() };
    let throughput = Throughput::new(limit(""), &flow, Instant::now());
    let mut longest = Duration::ZERO;
    let at = |seconds: i64| Timestamp(seconds * 1_000_000);
    for no in 1..=20 {
        throughput.throttled(at(no * 100), at(no * 100 + 1), Instant::now());
        let paused = throughput.speed(Instant::now()).paused;
        assert!(paused >= Duration::from_millis(100) && paused <= Duration::from_secs(60), "{paused:?}");
        longest = longest.max(paused);
        tokio::time::sleep(paused).await;
    }
    assert!(longest > Duration::from_secs(1), "{longest:?}");
    throughput.throttled(at(1), at(9_000), Instant::now());
    assert_eq!(throughput.speed(Instant::now()).paused, Duration::ZERO, "it was sent before the last rest");
    throughput.accepted(at(9_000));
    throughput.throttled(at(9_001), at(9_002), Instant::now());
    assert!(throughput.speed(Instant::now()).paused <= Duration::from_millis(200), "short again");
}
