//! What passes, in this process and in Redis: the same in both.

mod counted;

use super::*;

fn key(rate: &str) -> ClientKey {
    ClientKey::for_tests(rate)
}

fn calls(json: &str) -> CallLimits {
    CallLimits::new(&RateLimits::from_json(json).expect("limits"))
}

fn admit(key: &ClientKey, calls: &CallLimits, group: CallGroup, now: Instant) -> Taken {
    Taken::here(&of_call(key, calls, group), Share::WHOLE, now)
}

fn names(taken: &Taken) -> Vec<(&'static str, u32)> {
    taken.left.iter().map(|one| (one.name, one.remaining)).collect()
}

/// Whoever is refused by one limit has taken nothing of the others, and is told when to come again.
#[tokio::test(start_paused = true)]
async fn a_call_takes_of_all_limits_or_of_none() {
    let (key, now) = (key("10/s burst 5"), Instant::now());
    let calls = calls(r#"{"calls":"100/s burst 100","send":"1/s burst 2"}"#);
    let first = admit(&key, &calls, CallGroup::Send, now);
    assert_eq!((first.refused, names(&first)), (None, vec![("key", 4), ("account", 99), ("send", 1)]));
    assert_eq!(admit(&key, &calls, CallGroup::Send, now).refused, None);
    for _ in 0..10 {
        let refused = admit(&key, &calls, CallGroup::Send, now);
        assert_eq!(refused.refused, Some((2, Duration::from_secs(1))), "the group is empty");
        assert_eq!(names(&refused), [("key", 3), ("account", 98), ("send", 0)]);
    }
    assert_eq!(names(&admit(&key, &calls, CallGroup::Read, now)), [("key", 2), ("account", 97)], "another group");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(admit(&key, &calls, CallGroup::Send, Instant::now()).refused, None, "as it was told");
}

#[tokio::test(start_paused = true)]
async fn without_limits_nothing_is_told_and_everything_passes() {
    let (key, calls, now) = (key(""), calls(""), Instant::now());
    assert!((0..10_000).all(|_| {
        let taken = admit(&key, &calls, CallGroup::Manage, now);
        taken.refused.is_none() && taken.left.is_empty()
    }));
}

#[test]
fn a_refusal_says_when_to_come_again() {
    let refusal = too_often(Duration::from_secs(1));
    assert_eq!((refusal.code, refusal.retry_after), (ErrorCode::RateLimited, Some(Duration::from_secs(1))));
}
