//! Notices out to client ESMEs: kept in the outbox until the client has acknowledged them.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{Notice, Outcome, Queued, Task};
use sambac_domain::id::{SmppAccountId, TargetId, client_message_id};
use sambac_domain::number::Sender;
use sambac_domain::profile::MessageIdForm;
use sambac_domain::receipt;
use sambac_domain::state::MessageState;
use sambac_smpp::{Address, CommandStatus, Pdu, SendError, Session, Sm, Tag, TlvBuf};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Inner;
use crate::commit::{NoticeDone, NoticeRetry, Write, key_of};
use crate::relay;

/// Receipts taken off the queue at once.
const TAKE: usize = 256;
/// How long a receipt waits that the client refused or did not acknowledge.
const RETRY_DELAY: Duration = Duration::from_secs(30);
/// After this many refusals a receipt is given up.
const ATTEMPTS_MAX: u16 = 50;
/// esm_class of a receipt.
const RECEIPT: u8 = 0x04;

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
                unsent = deliver(&inner, account, queued.clone(), &changed) => unsent,
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

/// Sends one receipt on the bind with most room; gives it back when nobody can take it any more.
async fn deliver(inner: &Arc<Inner>, account: SmppAccountId, queued: Queued, changed: &Notify) -> Option<Queued> {
    let Task::Notify { notice, .. } = &queued.task else { return None };
    let notice = Arc::clone(notice);
    let mut queued = queued;
    loop {
        let Some((number, session)) = inner.smpp_sessions.receiver(account) else {
            changed.notified().await;
            continue;
        };
        let token = match inner.smpp_sessions.depart(account, number, queued) {
            Ok(token) => token,
            Err(back) => {
                queued = *back;
                continue;
            }
        };
        match send(&session, &notice, form(inner, account), token).await {
            Ok(()) => return None,
            Err(error) => {
                queued = inner.smpp_sessions.arrive(account, number, token)?;
                if let SendError::Encode(error) = error {
                    tracing::error!(notice = queued.id, %error, "a notice cannot be put into a PDU");
                    inner.write(Write::NoticeDone(NoticeDone::new(&queued))).await;
                    return None;
                }
                // The session is closing: its owner takes it off the list.
                tokio::task::yield_now().await;
            }
        }
    }
}

/// How the account wants our ids.
fn form(inner: &Inner, account: SmppAccountId) -> MessageIdForm {
    let snapshot = inner.snapshot.load();
    snapshot.smpp_account_by_id(account).map(|account| account.profile.receipt.message_id).unwrap_or_default()
}

async fn send(session: &Session, notice: &Notice, form: MessageIdForm, token: u64) -> Result<(), SendError> {
    match notice {
        Notice::Outcome(outcome) => send_receipt(session, outcome, form, token).await,
    }
}

/// The receipt as a `deliver_sm` (SMPP 3.4 §4.6, appendix B): text and TLVs say the same.
async fn send_receipt(session: &Session, outcome: &Outcome, form: MessageIdForm, token: u64) -> Result<(), SendError> {
    let id = client_message_id(outcome.client_id(), form);
    let state = outcome.state.receipt_state();
    let mut text = Vec::with_capacity(160);
    let error = if outcome.state == MessageState::Delivered { "000" } else { "001" };
    receipt::write_text(&mut text, &id, state, outcome.accepted_at.0, outcome.final_at.0, error);
    let mut tlvs = TlvBuf::new();
    tlvs.push_cstr(Tag::RECEIPTED_MESSAGE_ID, id.as_bytes()).push_u8(Tag::MESSAGE_STATE, state.message_state());
    let sender = Sender::parse(&outcome.sender).ok();
    let pdu = Pdu::DeliverSm(Sm {
        source: Address { ton: 1, npi: 1, addr: outcome.destination.as_bytes() },
        destination: Address {
            ton: sender.as_ref().map_or(0, Sender::ton),
            npi: sender.as_ref().map_or(0, Sender::npi),
            addr: outcome.sender.trim_start_matches('+').as_bytes(),
        },
        esm_class: RECEIPT,
        short_message: &text,
        tlvs: tlvs.as_tlvs(),
        ..Sm::default()
    });
    session.send(&pdu, token).await.map(drop)
}

/// The client has answered a receipt.
pub(super) async fn answered(inner: &Inner, account: SmppAccountId, number: u64, token: u64, status: CommandStatus) {
    let Some(queued) = inner.smpp_sessions.arrive(account, number, token) else { return };
    if status == CommandStatus::ROK {
        inner.write(Write::NoticeDone(NoticeDone::new(&queued))).await;
    } else {
        retry(inner, &queued).await;
    }
}

/// The client has not answered a receipt in time.
pub(super) async fn unanswered(inner: &Inner, account: SmppAccountId, number: u64, token: u64) {
    if let Some(queued) = inner.smpp_sessions.arrive(account, number, token) {
        retry(inner, &queued).await;
    }
}

async fn retry(inner: &Inner, queued: &Queued) {
    let Task::Notify { attempt, .. } = &queued.task else { return };
    let attempt = attempt.saturating_add(1);
    let write = if attempt >= ATTEMPTS_MAX {
        Write::NoticeDone(NoticeDone::new(queued))
    } else {
        let due_at = inner.clock.now().saturating_add(RETRY_DELAY);
        Write::NoticeRetry(NoticeRetry { key: key_of(queued), attempt, due_at, event: None })
    };
    inner.write(write).await;
}

/// The session has gone: what it had not acknowledged goes to the next one, first.
pub(super) fn abandoned(inner: &Inner, account: SmppAccountId, unacknowledged: Vec<Queued>) {
    let queue = inner.bus.queue(TargetId::from(account));
    unacknowledged.into_iter().rev().for_each(|queued| queue.put_back(queued));
}
