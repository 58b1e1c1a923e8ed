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

mod accept;
mod alert;
mod chance;
pub(crate) mod command;
mod connection;
mod core;
mod desk;
mod echo;
mod flow;
mod handset;
mod inline_text;
mod journal;
mod link;
pub(crate) mod magic;
mod manage;
mod message_id;
mod plan;
mod receipt;
mod refusals;
pub(crate) mod replay;
pub(crate) mod scenario;
mod shape;
mod state;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use sambac_smpp::{BindRequest, CommandStatus, PendingBind, SessionConfig, accept, interface_version};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use self::connection::{Connection, TlsSettings};
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
        let acceptor = scenario.tls.as_ref().map(TlsSettings::acceptor).transpose()?;
        let core = Arc::new(Core::new(scenario, journal, started_us));
        let tasks = TaskTracker::new();
        tasks.spawn(listen(Arc::clone(&core), listener, acceptor, tasks.clone()));
        if core.outbind.is_some() {
            tasks.spawn(ask_for_binds(Arc::clone(&core)));
        }
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

async fn listen(core: Arc<Core>, listener: TcpListener, acceptor: Option<TlsAcceptor>, tasks: TaskTracker) {
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
            let (core, acceptor) = (Arc::clone(&core), acceptor.clone());
            tasks.spawn(async move {
                match connection::open(stream, acceptor.as_ref()).await {
                    Ok(io) => serve(core, io).await,
                    Err(error) => tracing::debug!(%error, "a connection could not be encrypted"),
                }
                drop(permit);
            });
        }
    }
}

/// Connects to the ESME and asks for a bind, again and again.
async fn ask_for_binds(core: Arc<Core>) {
    while let Some(outbind) = &core.outbind {
        let connected = tokio::select! {
            connected = outbind.connect() => connected,
            () = core.stop.cancelled() => return,
        };
        match connected {
            Ok(stream) => serve(Arc::clone(&core), Box::new(stream)).await,
            Err(error) => tracing::debug!(%error, "no outbind"),
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn serve(core: Arc<Core>, io: Connection) {
    let io = wire::through(&core, io);
    // What it leaves unanswered is meant so: it keeps nobody's unbind.
    let config = SessionConfig {
        response_timeout: Duration::from_secs(10),
        answer_grace: Duration::ZERO,
        ..SessionConfig::default()
    };
    let pending = tokio::select! {
        pending = accept(io, config) => pending,
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

async fn serve_bound(core: &Arc<Core>, pending: PendingBind<Connection>) {
    let request = pending.request().clone();
    let version = core.bind.tell_version.then_some(interface_version::V3_4);
    let answer_system_id = core.bind.answer_system_id.clone();
    core.bound.fetch_add(1, Relaxed);
    match pending.accept(&answer_system_id, version, core.receipts.window).await {
        Ok((session, events)) => {
            core.replay_to(&session);
            let link = Link::new(Arc::clone(core), session, core.next_session(), request.system_id.clone());
            link.record_bind(&request);
            link.run(events).await;
        }
        Err(error) => tracing::debug!(%error, "a bind could not be answered"),
    }
    core.bound.fetch_sub(1, Relaxed);
}

async fn refuse(core: &Core, pending: PendingBind<Connection>, status: u32) {
    if let Some(line) = core.line("bind_refused", core.next_session(), core.now_us()) {
        line.text("system_id", &pending.request().system_id).number("status", u64::from(status));
    }
    pending.refuse(CommandStatus(status)).await;
}

/// Why a bind is not taken.
fn refusal(core: &Core, pending: &PendingBind<Connection>) -> Option<u32> {
    let (bind, request) = (&core.bind, pending.request());
    let differs =
        |wanted: &Option<String>, given: &[u8]| wanted.as_ref().is_some_and(|wanted| wanted.as_bytes() != given);
    if differs(&bind.system_id, &request.system_id) {
        return Some(CommandStatus::RINVSYSID.0);
    }
    if differs(&bind.password, &request.password) {
        return Some(CommandStatus::RINVPASWD.0);
    }
    if differs(&bind.system_type, &request.system_type) {
        return Some(CommandStatus::RINVSYSTYP.0);
    }
    if differs(&bind.address_range, &request.address_range)
        || bind.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&kind_of(request)))
    {
        return Some(CommandStatus::RBINDFAIL.0);
    }
    if bind.stale_ms > 0 && core.was_lost_within(Duration::from_millis(bind.stale_ms)) {
        return Some(CommandStatus::RALYBND.0);
    }
    if bind.max > 0 && core.bound.load(Relaxed) >= bind.max {
        return Some(CommandStatus::RBINDFAIL.0);
    }
    let counted = |refused: u32| (refused < bind.refuse_first).then_some(refused + 1);
    core.refused.fetch_update(Relaxed, Relaxed, counted).is_ok().then_some(bind.refuse_status)
}

/// `transmitter`, `receiver` or `transceiver`.
fn kind_of(request: &BindRequest) -> String {
    format!("{:?}", request.kind).to_lowercase()
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
