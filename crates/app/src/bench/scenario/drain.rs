//! Waiting until everything that was accepted has ended.

use std::time::{Duration, Instant};

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `left` is zero, or has not changed for `patience`. Returns how long it took until the last change.
pub(super) async fn drain(
    patience: Duration,
    mut left: impl AsyncFnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let (mut before, mut changed) = (u64::MAX, begun);
    loop {
        let now = left().await?;
        if now != before {
            (before, changed) = (now, Instant::now());
        }
        if now == 0 || changed.elapsed() > patience {
            return Ok(u64::try_from((changed - begun).as_millis())?);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_when_nothing_is_left() {
        let mut looks = 3_u64;
        let waited = drain(Duration::MAX, async || {
            looks -= 1;
            Ok(looks)
        })
        .await;
        assert!(waited.is_ok_and(|ms| ms >= 20));
        assert_eq!(looks, 0);
    }

    #[tokio::test]
    async fn it_ends_when_nothing_moves() {
        let mut looks = 0_u64;
        let waited = drain(Duration::from_millis(1), async || {
            looks += 1;
            Ok(7)
        })
        .await;
        assert!(waited.is_ok());
        assert!(looks >= 2, "{looks}");
    }
}
