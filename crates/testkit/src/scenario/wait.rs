//! Waiting for a condition, with a deadline: never for a time.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Long enough for anything that should happen at once on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(10);

/// Asks `probe` until it gives something; `what` says in the error what did not happen.
///
/// # Errors
/// The probe's own error, or the deadline.
pub async fn until<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = probe().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("not within {limit:?}: {what}");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// As [`until`], for a condition without a value, within [`PATIENCE`].
///
/// # Errors
/// As [`until`].
pub async fn until_true(what: &str, mut probe: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    until(what, PATIENCE, async || Ok(probe().await?.then_some(()))).await
}
