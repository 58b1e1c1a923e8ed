//! Looks after codes: ends those whose time is over, begins the next way of those that have not arrived, and has the messages paid
//! for, or not, of those that have ended.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, OtpId};
use sambac_domain::otp::OtpState;
use sambac_store::StoreError;
use sambac_store::rows::OtpRow;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::again::Way;
use super::guard::keep_stops;
use crate::commit::{OtpWrite, SettledOtp, Write};
use crate::{Engine, Inner};

/// How often it is looked for what nobody told of.
const INTERVAL: Duration = Duration::from_millis(500);
/// Codes taken up at once.
const PAGE: u32 = 200;

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.otp.due.notified() => {}
            () = inner.stopping.cancelled() => return,
        }
        if let Err(error) = look_after(&inner).await {
            tracing::error!(%error, "one-time codes that are due were not read");
        }
    }
}

async fn look_after(inner: &Arc<Inner>) -> Result<(), StoreError> {
    keep_stops(inner).await;
    let now = inner.clock.now();
    let expired = inner.store.otps_expired(now, PAGE).await?;
    if !expired.is_empty() {
        decided(inner, |done| OtpWrite::Expire { ids: expired, done }).await;
    }
    let mut steps = JoinSet::new();
    for row in inner.store.otps_due(now, PAGE).await? {
        steps.spawn(next_way(Arc::clone(inner), row));
    }
    steps.join_all().await;
    settle(inner).await
}

/// What cannot be sent by its next way now is tried again when that may help, and rests otherwise: its client can have it sent.
async fn next_way(inner: Arc<Inner>, row: OtpRow) {
    let id = row.id;
    let refused = Engine(Arc::clone(&inner)).send_again(&row, Way::NextInTime, None).await.err();
    let Some(refusal) = refused else { return };
    if matches!(refusal.code, ErrorCode::QueueFull | ErrorCode::ServiceUnavailable) {
        return;
    }
    tracing::info!(otp = %id, code = refusal.code.code(), "a one-time code was not sent by its next way");
    decided(&inner, |done| OtpWrite::Rest { id, done }).await;
}

async fn settle(inner: &Inner) -> Result<(), StoreError> {
    let mut settled = Vec::new();
    for row in inner.store.otps_to_settle(PAGE).await? {
        let sends = inner.store.otp_sends(row.id).await?;
        settled.push(settled_otp(&row, sends.iter().map(|send| send.id)));
    }
    if !settled.is_empty() {
        decided(inner, |done| OtpWrite::Settle { otps: settled, done }).await;
    }
    Ok(())
}

/// A verification is paid for once: by the message that was sent last.
fn settled_otp(row: &OtpRow, messages: impl Iterator<Item = MessageId>) -> SettledOtp {
    let id: OtpId = row.id;
    let paid = (row.state == OtpState::Verified).then_some(row.message_id);
    SettledOtp { id, paid, given_back: messages.filter(|message| Some(*message) != paid).collect() }
}

/// Hands something to the group commit, and waits until it is decided: the next look must not find the same rows.
async fn decided(inner: &Inner, write: impl FnOnce(oneshot::Sender<()>) -> OtpWrite) {
    let (done, decided) = oneshot::channel();
    if inner.write(Write::Otp(Box::new(write(done)))).await {
        // Not decided: the next look finds them again.
        let _ = decided.await;
    }
}
