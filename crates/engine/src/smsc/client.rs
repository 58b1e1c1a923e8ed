//! A bound client: its session, how it is treated, and what of its is open.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sambac_domain::error::ErrorCode;
use sambac_domain::id::MessageId;
use sambac_domain::profile::ReceiverPolicy;
use sambac_smpp::{CommandStatus, Header, Session, interface_version};

use tokio::sync::Semaphore;

use super::sessions::Revoked;
use crate::Inner;
use crate::snapshot::SmppAccount;

/// Look-ups of one session at a time: each waits for the database.
const ASIDE_MAX: usize = 4;

/// Withdrawals of one session that wait for operators at a time.
const RECALLS_MAX: usize = 64;

/// What all tasks and answers of one session share.
pub(crate) struct Client {
    pub(super) inner: Arc<Inner>,
    pub(super) account: Arc<SmppAccount>,
    pub(super) session: Session,
    /// Its number among the account's sessions, and where it comes from.
    place: (u64, IpAddr),
    revoked: Revoked,
    /// Requests that are not answered yet.
    open: AtomicUsize,
    /// Requests that are worked on beside the session.
    pub(super) aside: Arc<Semaphore>,
    /// Withdrawals that wait for operators.
    pub(super) recalls: Arc<Semaphore>,
}

/// A request that is being worked on: one place in the client's window, free again when this is dropped.
pub(crate) struct OpenRequest {
    pub(super) client: Arc<Client>,
    pub(super) header: Header,
}

impl Client {
    pub(super) fn new(
        inner: &Arc<Inner>,
        account: &Arc<SmppAccount>,
        session: &Session,
        place: (u64, IpAddr),
        revoked: Revoked,
    ) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            account: Arc::clone(account),
            session: session.clone(),
            place,
            revoked,
            open: AtomicUsize::new(0),
            aside: Arc::new(Semaphore::new(ASIDE_MAX)),
            recalls: Arc::new(Semaphore::new(RECALLS_MAX)),
        })
    }

    /// Why nothing of it is taken any more, once that is so: its account was suspended, or has another password.
    pub(super) fn revoked(&self) -> Option<ErrorCode> {
        self.revoked.get().copied()
    }

    /// Takes a place in the client's window; `None` when it has left as many unanswered as it may.
    pub(super) fn open(self: &Arc<Self>, header: Header) -> Option<OpenRequest> {
        let max = usize::from(self.account.profile.limits.window_in_max);
        let open = |count: usize| (count < max).then_some(count + 1);
        self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, open).ok()?;
        Some(OpenRequest { client: Arc::clone(self), header })
    }

    /// A message of this session was taken: its receipt goes there, if the profile says so.
    pub(super) fn submitted(&self, message: MessageId) {
        if self.account.profile.session.receiver == ReceiverPolicy::SameSession {
            self.inner.smpp_sessions.submitted(self.account.row.id, message, self.place);
        }
    }

    /// Answers a request with what this client is told for `code`, and counts it.
    pub(super) fn refuse(&self, header: Header, code: ErrorCode) {
        self.inner.metrics.refused(code);
        self.session.respond_error(header, self.account.status(code));
    }

    /// How congested we are for this client, 0 to 100 (SMPP 5.0 §4.8.4.18): the fuller of the group commit's queue and of
    /// its own window. `None` for clients that do not know of it.
    pub(super) fn congestion_state(&self) -> Option<u8> {
        let knows = self.session.peer_interface_version() >= Some(interface_version::V5_0);
        if !knows || !self.account.profile.session.tell_congestion {
            return None;
        }
        let max = usize::from(self.account.profile.limits.window_in_max).max(1);
        let own = self.open.load(Ordering::Relaxed) * 100 / max;
        u8::try_from(own.max(self.inner.admission.fill_percent()).min(100)).ok()
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.client.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl SmppAccount {
    /// The command_status that its client is told for an error: the profile's, or the catalogue's.
    pub(crate) fn status(&self, code: ErrorCode) -> CommandStatus {
        let own = self.profile.errors.statuses.get(code.code());
        CommandStatus(own.copied().unwrap_or(code.command_status()))
    }
}
