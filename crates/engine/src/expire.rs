//! The end of what has had its time: messages that were never sent, those whose receipt never came, idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::MessageId;
use sambac_domain::time::Timestamp;
use tokio::sync::oneshot;

use crate::Inner;
use crate::commit::Write;

/// How often expired messages are looked for.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often old idempotency keys are removed.
const PURGE_INTERVAL: Duration = Duration::from_secs(600);
/// How long an idempotency key gives its answer again.
const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(3 * 86_400);
/// Messages ended at once.
const PAGE: u32 = 500;
/// How long after its validity an unsent message is ended: longer than any answer may take, so that a segment that was sent
/// in the last moment is answered first.
pub(crate) const UNSENT_GRACE: Duration = Duration::from_secs(60);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut purge = tokio::time::interval(PURGE_INTERVAL);
    let mut unsent = Cursor::default();
    let mut unanswered = Cursor::default();
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            _ = purge.tick() => {
                let before = inner.clock.now().saturating_sub(IDEMPOTENCY_KEPT);
                if let Err(error) = inner.store.purge_idempotency(before).await {
                    tracing::error!(%error, "old idempotency keys were not removed");
                }
                continue;
            }
            () = inner.stopping.cancelled() => return,
        }
        let now = inner.clock.now();
        let sweeps = [(&mut unsent, UNSENT_GRACE), (&mut unanswered, inner.settings.receipt_grace)];
        for (cursor, grace) in sweeps {
            if let Err(error) = sweep(&inner, cursor, now.saturating_sub(grace)).await {
                tracing::error!(%error, "expired messages were not read");
            }
        }
    }
}

/// Up to which validity the table was looked through.
#[derive(Default)]
struct Cursor {
    expires_at: Timestamp,
    id: Option<MessageId>,
}

/// Hands every open message whose validity ended by `until` to the group commit, which knows how far it is. Each message is
/// looked at once per sweep: those that may still get a receipt are met again by the later one.
async fn sweep(inner: &Inner, cursor: &mut Cursor, until: Timestamp) -> Result<(), sambac_store::StoreError> {
    if until < cursor.expires_at {
        *cursor = Cursor::default(); // The clock was set back: look through everything once more.
    }
    loop {
        let after = (cursor.expires_at, cursor.id.unwrap_or(MessageId::from_raw(0)));
        let page = inner.store.open_messages_expiring(after, until, PAGE).await?;
        let Some(&(expires_at, id)) = page.last() else { return Ok(()) };
        let (done, decided) = oneshot::channel();
        let messages = page.into_iter().map(|(_, id)| id).collect();
        if !inner.write(Write::Expire { messages, done }).await || decided.await.is_err() {
            return Ok(()); // Not decided: the next sweep begins with them.
        }
        (cursor.expires_at, cursor.id) = (expires_at, Some(id));
    }
}
