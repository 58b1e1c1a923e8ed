//! Notices out to client ESMEs: kept in the outbox until the client has acknowledged them.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{Notice, Queued, Task};
use sambac_domain::id::{IdSource, MessageId, SmppAccountId, TargetId};
use sambac_domain::planted::{Bug, planted};
use sambac_domain::profile::{ClientReceipts, ClientText};
use sambac_smpp::{CommandStatus, SendError, Session};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::handset::{self, Parcel};
use super::receipt;
use super::sessions::Departed;
use crate::Inner;
use crate::breakage::{at_notice, caught_in};
use crate::commit::{NoticeDone, NoticeRetry, Write, key_of};
use crate::relay;

/// Receipts taken off the queue at once.
const TAKE: usize = 256;
/// How long a notice waits that the client refused or did not acknowledge, the first time …
const RETRY_DELAY: Duration = Duration::from_secs(30);
/// … and at most.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(600);
/// After this many refusals a message from a handset is given up: others may want it. A receipt has nobody else.
const ATTEMPTS_MAX: u16 = 50;

/// Starts what delivers to an account while it has a receiver.
pub(super) fn start(inner: &Arc<Inner>, account: SmppAccountId, cancel: CancellationToken, changed: Arc<Notify>) {
    let target = TargetId::from(account);
    inner.tasks.spawn(relay::run(Arc::clone(inner), target, cancel.clone()));
    inner.tasks.spawn(run(Arc::clone(inner), account, cancel, changed));
}

async fn run(inner: Arc<Inner>, account: SmppAccountId, cancel: CancellationToken, changed: Arc<Notify>) {
    let queue = inner.bus.queue(TargetId::from(account));
    let mut taken = Vec::new();
    loop {
        if queue.take(TAKE, &mut taken) == 0 {
            tokio::select! {
                () = queue.work() => continue,
                () = cancel.cancelled() => return,
                () = inner.stopping.cancelled() => return,
            }
        }
        let mut pending = std::mem::take(&mut taken).into_iter();
        while let Some(queued) = pending.next() {
            let unsent = tokio::select! {
                unsent = caught_in(deliver(&inner, account, queued.clone(), &changed)) => match unsent {
                    Ok(unsent) => unsent,
                    Err(said) => {
                        inner.give_up_broken(&queued, said).await;
                        None
                    }
                },
                () = cancel.cancelled() => Some(queued),
                () = inner.stopping.cancelled() => Some(queued),
            };
            if let Some(queued) = unsent {
                let rest: Vec<_> = std::iter::once(queued).chain(pending.by_ref()).collect();
                rest.into_iter().rev().for_each(|queued| queue.put_back(queued));
                return;
            }
        }
    }
}

/// Hands over one notice; gives it back when nobody can take it any more.
async fn deliver(inner: &Arc<Inner>, account: SmppAccountId, queued: Queued, changed: &Notify) -> Option<Queued> {
    at_notice(&queued);
    let Task::Notify { notice, id, .. } = &queued.task else { return None };
    let is_too_old = is_too_old(inner, account, &queued);
    let received = match **notice {
        // Its row is removed by whoever looks for such rows, and nobody else, so that it is told once.
        Notice::Outcome(_) if is_too_old => return None,
        // Events are for webhooks only.
        Notice::Event(_) => {
            inner.write(Write::NoticeDone(NoticeDone::given_up(&queued))).await;
            return None;
        }
        Notice::Received(_) if is_too_old => {
            inner.write(Write::NoticeDone(NoticeDone::given_up(&queued))).await;
            return None;
        }
        Notice::Outcome(_) => return deliver_pdus(inner, account, queued, changed, None).await,
        Notice::Received(received) => received,
    };
    let settings = text_settings(inner, account);
    match handset::load(inner, *id, received, &settings).await {
        Ok(Some(parcel)) => deliver_pdus(inner, account, queued, changed, Some(parcel)).await,
        Ok(None) => {
            // Taken or given up meanwhile, or unreadable: a person finds it by its state.
            inner.write(Write::NoticeDone(NoticeDone::given_up(&queued))).await;
            None
        }
        Err(error) => {
            tracing::error!(%error, "a message from a handset was not read");
            retry(inner, &queued).await;
            None
        }
    }
}

/// Sends a receipt, or the PDUs of a message, on the bind with most room.
async fn deliver_pdus(
    inner: &Arc<Inner>,
    account: SmppAccountId,
    mut queued: Queued,
    changed: &Notify,
    parcel: Option<Parcel>,
) -> Option<Queued> {
    let count = parcel.as_ref().map_or(1, Parcel::len);
    let about = message_of(&queued);
    loop {
        let Some((number, session)) = inner.smpp_sessions.receiver(account, about) else {
            changed.notified().await;
            continue;
        };
        let departed = Departed::new(queued, count);
        let bound = Bound { inner, account, number, session };
        let Stopped { place, why } = bound.send(&departed, parcel.as_ref(), count).await?;
        // Some of its PDUs are out: their answers, or the session's end, decide.
        departed.settle(count - place, false)?;
        queued = departed.queued;
        if let Some(SendError::Encode(error)) = why {
            tracing::error!(notice = queued.id, %error, "a notice cannot be put into a PDU");
            inner.write(Write::NoticeDone(NoticeDone::given_up(&queued))).await;
            return None;
        }
        // The session is closing: its owner takes it off the list.
        tokio::task::yield_now().await;
    }
}

/// The client's message that a notice is about.
fn message_of(queued: &Queued) -> Option<MessageId> {
    match &queued.task {
        Task::Notify { notice, .. } => match &**notice {
            Notice::Outcome(outcome) => Some(outcome.message_id),
            Notice::Received(_) | Notice::Event(_) => None,
        },
        Task::Submit { .. } => None,
    }
}

/// The session that a notice goes out on.
struct Bound<'a> {
    inner: &'a Inner,
    account: SmppAccountId,
    number: u64,
    session: Session,
}

/// Where a notice got no further: the first of its PDUs that was not sent.
struct Stopped {
    place: usize,
    why: Option<SendError>,
}

impl Bound<'_> {
    /// Sends all PDUs of a notice; `None` when its answers, or the session's owner, have it now.
    async fn send(&self, departed: &Departed, parcel: Option<&Parcel>, count: usize) -> Option<Stopped> {
        let sessions = &self.inner.smpp_sessions;
        for place in 0..count {
            let Some(token) = sessions.depart(self.account, self.number, departed.again()) else {
                return Some(Stopped { place, why: None });
            };
            if let Err(error) = self.send_one(departed, parcel, place, token).await {
                // Whoever has taken the session off the list meanwhile has this notice, too.
                sessions.arrive(self.account, self.number, token)?;
                return Some(Stopped { place, why: Some(error) });
            }
        }
        None
    }

    async fn send_one(
        &self,
        departed: &Departed,
        parcel: Option<&Parcel>,
        place: usize,
        token: u64,
    ) -> Result<(), SendError> {
        if let Some(parcel) = parcel {
            return parcel.send(&self.session, place, token).await;
        }
        let Task::Notify { notice, .. } = &departed.queued.task else { return Ok(()) };
        match &**notice {
            Notice::Outcome(outcome) => {
                let settings = receipt_settings(self.inner, self.account);
                receipt::send(&self.session, outcome, &settings, &self.inner.settings.seal, token).await
            }
            // The one comes as a parcel, the other never.
            Notice::Received(_) | Notice::Event(_) => Ok(()),
        }
    }
}

/// How the account wants its texts.
fn text_settings(inner: &Inner, account: SmppAccountId) -> ClientText {
    let snapshot = inner.snapshot.load();
    snapshot.smpp_account_by_id(account).map(|account| account.profile.text.clone()).unwrap_or_default()
}

/// How the account wants its receipts.
fn receipt_settings(inner: &Inner, account: SmppAccountId) -> ClientReceipts {
    let snapshot = inner.snapshot.load();
    snapshot.smpp_account_by_id(account).map(|account| account.profile.receipt.clone()).unwrap_or_default()
}

/// The client has answered a PDU of a notice.
pub(super) async fn answered(inner: &Inner, account: SmppAccountId, number: u64, token: u64, status: CommandStatus) {
    let Some(departed) = inner.smpp_sessions.arrive(account, number, token) else { return };
    match departed.settle(1, status == CommandStatus::ROK || planted(Bug::DlrDoneWhenSent)) {
        None => {}
        Some(true) => drop(inner.write(Write::NoticeDone(NoticeDone::new(&departed.queued))).await),
        Some(false) => retry(inner, &departed.queued).await,
    }
}

/// The client has not answered a PDU of a notice in time.
pub(super) async fn unanswered(inner: &Inner, account: SmppAccountId, number: u64, token: u64) {
    let Some(departed) = inner.smpp_sessions.arrive(account, number, token) else { return };
    if departed.settle(1, false).is_some() {
        retry(inner, &departed.queued).await;
    }
}

/// Tries again later, and ever later; a receipt for as long as the account's receipts are kept.
async fn retry(inner: &Inner, queued: &Queued) {
    let Task::Notify { attempt, notice, .. } = &queued.task else { return };
    let attempt = attempt.saturating_add(1);
    let write = if attempt >= ATTEMPTS_MAX && matches!(**notice, Notice::Received(_)) {
        Write::NoticeDone(NoticeDone::given_up(queued))
    } else {
        let pause = RETRY_DELAY.saturating_mul(u32::from(attempt)).min(RETRY_DELAY_MAX);
        let due_at = inner.clock.now().saturating_add(pause);
        Write::NoticeRetry(NoticeRetry { key: key_of(queued), attempt, due_at, event: None, log: None })
    };
    inner.write(write).await;
}

/// Whether it has been kept as long as the account's profile says.
fn is_too_old(inner: &Inner, account: SmppAccountId, queued: &Queued) -> bool {
    let kept = Duration::from_secs(u64::from(receipt_settings(inner, account).kept_h) * 3_600);
    inner.clock.now() > IdSource::made_at(queued.id).saturating_add(kept)
}

/// The session has gone: what it had not acknowledged goes to the next one, first.
pub(super) fn abandoned(inner: &Inner, account: SmppAccountId, unacknowledged: Vec<Queued>) {
    let queue = inner.bus.queue(TargetId::from(account));
    unacknowledged.into_iter().rev().for_each(|queued| queue.put_back(queued));
}
