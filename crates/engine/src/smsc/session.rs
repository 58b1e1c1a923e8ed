//! One bound client: its submits in, the answers to our receipts back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sambac_smpp::{BindKind, CommandId, CommandStatus, Event, Events, Frame, Header, Session};
use tokio::time::Instant;

use super::{deliver, submit};
use crate::Inner;
use crate::commit::{Accept, Reply, Write};
use crate::snapshot::SmppAccount;

/// Events taken from the session at once.
const EVENTS_MAX: usize = 256;
/// Unanswered submits per session beyond which more are refused with throttling: well above any sane window.
const OPEN_MAX: usize = 2_000;

/// Submits of one session that are not answered yet.
#[derive(Clone, Default)]
pub(crate) struct OpenRequests(Arc<AtomicUsize>);

impl OpenRequests {
    fn open(&self) -> bool {
        let open = |count: usize| (count < OPEN_MAX).then_some(count + 1);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, open).is_ok()
    }

    /// One was answered.
    pub(crate) fn closed(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Serves the session until it ends.
pub(super) async fn run(inner: Arc<Inner>, account: Arc<SmppAccount>, session: Session, mut events: Events) {
    let id = account.row.id;
    tracing::info!(system_id = account.row.system_id, kind = ?session.kind(), "client bound");
    let Some(joined) = inner.smpp_sessions.join(&account, &session) else {
        return session.close();
    };
    if let Some((cancel, changed)) = joined.deliverer {
        deliver::start(&inner, id, cancel, changed);
    }
    let open = OpenRequests::default();
    let mut buffer = Vec::with_capacity(EVENTS_MAX);
    while events.recv_many(&mut buffer, EVENTS_MAX).await > 0 {
        for event in buffer.drain(..) {
            match event {
                Event::Request { header, frame } => request(&inner, &account, &session, &open, header, &frame).await,
                Event::Response { token, header, .. } => {
                    deliver::answered(&inner, id, joined.number, token, header.command_status).await;
                }
                Event::Timeout { token } => deliver::unanswered(&inner, id, joined.number, token).await,
                Event::Closed { reason, .. } => {
                    tracing::info!(system_id = account.row.system_id, ?reason, "client gone");
                }
            }
        }
        // A client that does not read its answers is not read either.
        session.ready().await;
    }
    deliver::abandoned(&inner, id, inner.smpp_sessions.leave(id, joined.number));
}

async fn request(
    inner: &Arc<Inner>,
    account: &Arc<SmppAccount>,
    session: &Session,
    open: &OpenRequests,
    header: Header,
    frame: &Frame,
) {
    if header.command_id != CommandId::SUBMIT_SM {
        return session.respond_error(header, CommandStatus::RINVCMDID);
    }
    if session.kind() == BindKind::Receiver {
        return session.respond_error(header, CommandStatus::RINVBNDSTS);
    }
    if inner.draining.is_cancelled() {
        return session.respond_error(header, CommandStatus::RSYSERR);
    }
    if !open.open() {
        return session.respond_error(header, CommandStatus::RTHROTTLED);
    }
    let draft = submit::request(account, frame, inner.clock.now()).and_then(|request| {
        let snapshot = inner.snapshot.load();
        let draft = crate::submit::prepare(&snapshot, request)?;
        crate::submit::check_throughput(&snapshot, &draft, Instant::now())?;
        Ok(draft)
    });
    match draft {
        Ok(draft) => {
            let form = account.profile.receipt.message_id;
            let reply = Reply::Smpp { session: session.clone(), request: header, open: open.clone(), form };
            inner.write(Write::Accept(Box::new(Accept { draft, reply, claim: None }))).await;
        }
        Err(refusal) => {
            open.closed();
            inner.metrics.refused(refusal.code);
            session.respond_error(header, CommandStatus(refusal.code.command_status()));
        }
    }
}
