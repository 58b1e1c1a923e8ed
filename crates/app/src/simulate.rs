//! `sambac simulate`: an SMSC as an operator runs it, with its faults, for demonstrations, load and fault tests.
//!
//! What it does comes from a [`Scenario`]; destinations in +999 choose their own outcome ([`magic`]). What it saw and did goes
//! into a journal, which is the oracle of the fault tests.
//!
//! ```text
//! let simulator = Simulator::start(Scenario::default(), listener, None, clock.now().0)?;
//! simulator.address();
//! simulator.stop().await;
//! ```

mod alert;
mod chance;
pub(crate) mod command;
mod core;
mod desk;
mod flow;
mod handset;
mod inline_text;
mod journal;
mod link;
pub(crate) mod magic;
mod message_id;
mod plan;
mod receipt;
mod refusals;
pub(crate) mod scenario;
mod shape;
mod state;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use sambac_smpp::{CommandStatus, PendingBind, SessionConfig, accept, interface_version};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use self::core::Core;
use self::link::Link;
pub(crate) use journal::Journal;
pub(crate) use scenario::{Scenario, ScenarioError};

/// Connections at a time, bound or not.
const CONNECTIONS_MAX: usize = 1_000;
/// After a failed accept (no file descriptors left), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running simulator. It stops when [`Simulator::stop`] is called.
pub(crate) struct Simulator {
    address: SocketAddr,
    core: Arc<Core>,
    tasks: TaskTracker,
}

/// What a simulator saw and did so far.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Tally {
    /// `submit_sm` that came.
    pub(crate) submits: u64,
    /// Of these answered with ESME_ROK.
    pub(crate) accepted: u64,
    /// Receipts sent, each time they were.
    pub(crate) receipts_sent: u64,
    /// Receipts acknowledged.
    pub(crate) receipts_acknowledged: u64,
    /// Receipts not sent yet, or to be sent again.
    pub(crate) receipts_waiting: usize,
}

impl Simulator {
    /// Serves `listener`. `started_us` is now, in UTC microseconds: ids and the journal's times count from it.
    pub(crate) fn start(
        scenario: Scenario,
        listener: TcpListener,
        journal: Option<Journal>,
        started_us: i64,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let core = Arc::new(Core::new(scenario, journal, started_us));
        let tasks = TaskTracker::new();
        tasks.spawn(listen(Arc::clone(&core), listener, tasks.clone()));
        if core.journal().is_some() {
            tasks.spawn(flush(Arc::clone(&core)));
        }
        Ok(Self { address, core, tasks })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happened so far.
    pub(crate) fn tally(&self) -> Tally {
        let counts = &self.core.counts;
        Tally {
            submits: counts.submits.load(Relaxed),
            accepted: counts.accepted.load(Relaxed),
            receipts_sent: counts.receipts_sent.load(Relaxed),
            receipts_acknowledged: counts.receipts_acknowledged.load(Relaxed),
            receipts_waiting: self.core.desks.waiting(),
        }
    }

    /// Unbinds every session, and returns when the journal is complete.
    pub(crate) async fn stop(self) {
        self.core.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(journal) = self.core.journal() {
            journal.flush();
        }
    }
}

async fn listen(core: Arc<Core>, listener: TcpListener, tasks: TaskTracker) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Above the bound the connection is closed at once.
        if let Ok(permit) = Arc::clone(&connections).try_acquire_owned() {
            let core = Arc::clone(&core);
            tasks.spawn(async move {
                serve(core, stream).await;
                drop(permit);
            });
        }
    }
}

async fn serve(core: Arc<Core>, stream: TcpStream) {
    // Without it answers may wait for the peer's acknowledgement; the session works in any case.
    let _ = stream.set_nodelay(true);
    let config = SessionConfig { response_timeout: Duration::from_secs(10), ..SessionConfig::default() };
    let pending = tokio::select! {
        pending = accept(stream, config) => pending,
        () = core.stop.cancelled() => return,
    };
    match pending {
        Ok(pending) => match refusal(&core, &pending) {
            Some(status) => refuse(&core, pending, status).await,
            None => serve_bound(&core, pending).await,
        },
        Err(error) => tracing::debug!(%error, "a connection brought no session"),
    }
}

async fn serve_bound(core: &Arc<Core>, pending: PendingBind<TcpStream>) {
    let system_id = pending.request().system_id.clone();
    let kind = format!("{:?}", pending.request().kind).to_lowercase();
    core.bound.fetch_add(1, Relaxed);
    match pending.accept("simulator", Some(interface_version::V3_4), core.receipts.window).await {
        Ok((session, events)) => {
            let link = Link::new(Arc::clone(core), session, core.next_session(), system_id);
            link.record_bind(&kind);
            link.run(events).await;
        }
        Err(error) => tracing::debug!(%error, "a bind could not be answered"),
    }
    core.bound.fetch_sub(1, Relaxed);
}

async fn refuse(core: &Core, pending: PendingBind<TcpStream>, status: u32) {
    if let Some(line) = core.line("bind_refused", core.next_session(), core.now_us()) {
        line.text("system_id", &pending.request().system_id).number("status", u64::from(status));
    }
    pending.refuse(CommandStatus(status)).await;
}

/// Why a bind is not taken.
fn refusal(core: &Core, pending: &PendingBind<TcpStream>) -> Option<u32> {
    let (bind, request) = (&core.bind, pending.request());
    let differs =
        |wanted: &Option<String>, given: &[u8]| wanted.as_ref().is_some_and(|wanted| wanted.as_bytes() != given);
    if differs(&bind.system_id, &request.system_id) {
        return Some(CommandStatus::RINVSYSID.0);
    }
    if differs(&bind.password, &request.password) {
        return Some(CommandStatus::RINVPASWD.0);
    }
    if bind.max > 0 && core.bound.load(Relaxed) >= bind.max {
        return Some(CommandStatus::RBINDFAIL.0);
    }
    let counted = |refused: u32| (refused < bind.refuse_first).then_some(refused + 1);
    core.refused.fetch_update(Relaxed, Relaxed, counted).is_ok().then_some(bind.refuse_status)
}

async fn flush(core: Arc<Core>) {
    let mut timer = tokio::time::interval(journal::FLUSH_INTERVAL);
    while !core.stop.is_cancelled() {
        timer.tick().await;
        if let Some(journal) = core.journal() {
            journal.flush();
        }
    }
}

#[cfg(test)]
mod tests;
