//! Accepts connections of client ESMEs.
//!
//! Those that have not bound have few places of their own, and each source few of these, so that strangers cannot keep
//! clients out ([`super::door`]). Every refusal comes at its time after the bind: how long it took tells nothing of why. Who
//! failed often is told later ([`super::strikes`]), and waits for that in places of the refused.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::profile::ClientProfile;
use sambac_smpp::{BrokenTlvs, CommandStatus, PendingBind, SessionConfig, interface_version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::bind::{self, Peer, Reserved};
use super::door::Unbound;
use super::session;
use super::strikes::Noted;
use super::tls::{Tls, TlsError, TlsFiles};
use crate::alert::AlertKind;
use crate::doorway::Doorway;
use crate::pdu_log::Side;
use crate::snapshot::SmppAccount;
use crate::{Engine, Inner};

/// A connection that has not bound by then is closed; a TLS handshake is part of it.
const BIND_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest message, of 255 segments in `message_payload`, and its header and parameters fit in.
const PDU_OCTETS_MAX: usize = 40 * 1024;
/// PDUs of one client that wait for us, and how many octets they may have together when all are of the greatest size.
const EVENTS_MAX: usize = 64;
const EVENTS_OCTETS_MAX: usize = EVENTS_MAX * PDU_OCTETS_MAX;
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked whether an attack goes on.
const CALM_INTERVAL: Duration = Duration::from_secs(10);
/// What we call ourselves in a bind_resp.
const SYSTEM_ID: &str = "sambac";
/// Subject of the alert about an attack.
const SUBJECT: &str = "smpp";

impl Engine {
    /// Serves client ESMEs that come by `doorway` until the engine stops.
    pub fn listen_smpp(&self, doorway: impl Into<Doorway>) {
        self.0.tasks.spawn(run(Arc::clone(&self.0), doorway.into(), None));
    }

    /// Serves client ESMEs over TLS that come by `doorway` until the engine stops.
    ///
    /// # Errors
    /// When the files cannot be used; nothing is served then.
    pub fn listen_smpp_tls(&self, doorway: impl Into<Doorway>, files: TlsFiles) -> Result<(), TlsError> {
        let tls = Arc::new(Tls::new(files)?);
        self.0.tasks.spawn(Arc::clone(&tls).watch(Arc::clone(&self.0)));
        self.0.tasks.spawn(run(Arc::clone(&self.0), doorway.into(), Some(tls)));
        Ok(())
    }
}

async fn run(inner: Arc<Inner>, doorway: Doorway, tls: Option<Arc<Tls>>) {
    let mut calm = tokio::time::interval(CALM_INTERVAL);
    loop {
        let accepted = tokio::select! {
            accepted = doorway.accept() => accepted,
            _ = calm.tick() => {
                look_at_attack(&inner);
                continue;
            }
            () = inner.draining.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => match inner.smpp_door.enter(peer.ip()) {
                Some(unbound) => {
                    inner.tasks.spawn(connection(Arc::clone(&inner), stream, peer, tls.clone(), unbound));
                }
                None => turned_away(&inner, peer.ip()),
            },
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(inner: Arc<Inner>, stream: TcpStream, peer: SocketAddr, tls: Option<Arc<Tls>>, unbound: Unbound) {
    let evicted = unbound.evicted.clone();
    tokio::select! {
        () = open(&inner, stream, peer, tls, unbound) => {}
        () = evicted.cancelled() => turned_away(&inner, peer.ip()),
    }
}

async fn open(inner: &Arc<Inner>, stream: TcpStream, address: SocketAddr, tls: Option<Arc<Tls>>, unbound: Unbound) {
    let deadline = Instant::now() + BIND_TIMEOUT;
    if stream.set_nodelay(true).is_err() {
        return; // It has gone already.
    }
    let tap = stream.local_addr().ok().and_then(|ours| inner.pdu_log.tap(Side::Client, ours, address));
    let config = SessionConfig { tap, ..unbound_config() };
    let peer = Peer { address: address.ip(), tls: tls.is_some(), certificate: None };
    let Some(tls) = tls else { return greet(inner, stream, peer, unbound, config).await };
    match timeout_at(deadline, tls.greet(stream)).await {
        Ok(Ok((stream, certificate))) => {
            let bind_timeout = deadline.saturating_duration_since(Instant::now());
            let config = SessionConfig { bind_timeout, ..config };
            greet(inner, stream, Peer { certificate, ..peer }, unbound, config).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "no TLS"),
        Err(_) => tracing::debug!(%address, "no TLS in time"),
    }
}

/// Serves a client's ESME that a simulation plays.
#[cfg(debug_assertions)]
pub(crate) fn serve_pipe(inner: &Arc<Inner>, io: tokio::io::DuplexStream, address: SocketAddr) {
    let Some(unbound) = inner.smpp_door.enter(address.ip()) else { return turned_away(inner, address.ip()) };
    let peer = Peer { address: address.ip(), tls: false, certificate: None };
    let served = Arc::clone(inner);
    inner.tasks.spawn(async move { greet(&served, io, peer, unbound, unbound_config()).await });
}

/// Waits for the bind and decides on it.
async fn greet<IO>(inner: &Arc<Inner>, io: IO, peer: Peer, unbound: Unbound, config: SessionConfig)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let pending = match sambac_smpp::accept(io, config).await {
        Ok(pending) => pending,
        Err(error) => return tracing::debug!(address = %peer.address, %error, "no bind"),
    };
    let record = inner.strikes.of(peer.address, &pending.request().system_id);
    let due = Instant::now() + record.delay(inner.settings.smpp_refusal_after);
    let known = inner.verified_binds.knows(&inner.snapshot.load(), pending.request());
    let (mut unbound, mut refused) = (Some(unbound), None);
    if record.is_suspect() && !known {
        // It is going to wait, and not in the way of others.
        drop(unbound.take());
        refused = inner.smpp_door.refuse(peer.address);
        if refused.is_none() {
            return turned_away(inner, peer.address);
        }
    }
    let verified = timeout_at(due, bind::verify(inner, pending.request(), peer, record)).await;
    let admitted = match verified {
        Ok(verified) => admit(inner, &pending, peer, verified),
        Err(_) => {
            inner.metrics.bind_refused();
            if inner.strikes.note_unverified(peer.address, &pending.request().system_id) {
                tell_attack(inner);
            }
            Err(Refusal::of(CommandStatus(inner.settings.smpp_refused_status)))
        }
    };
    let refusal = match admitted {
        Ok((account, own)) => {
            drop((unbound, refused));
            return serve(Arc::clone(inner), pending, account, peer, own).await;
        }
        Err(refusal) => refusal,
    };
    drop(unbound);
    let Some(refused) = refused.or_else(|| inner.smpp_door.refuse(peer.address)) else {
        return turned_away(inner, peer.address);
    };
    match refusal.reconsidered(inner, peer, due).await {
        Some((account, own)) => {
            drop(refused);
            serve(Arc::clone(inner), pending, account, peer, own).await;
        }
        None => pending.refuse(refusal.status).await,
    }
}

/// What a bind is told, at its time.
struct Refusal {
    status: CommandStatus,
    /// Who has no place left, and may get one until then: a session that is about to end leaves it.
    full: Option<Arc<SmppAccount>>,
}

impl Refusal {
    const fn of(status: CommandStatus) -> Self {
        Self { status, full: None }
    }

    /// Waits until it is `due`, or until there is a place after all.
    async fn reconsidered(&self, inner: &Arc<Inner>, peer: Peer, due: Instant) -> Option<(Arc<SmppAccount>, Reserved)> {
        let Some(account) = &self.full else {
            sleep_until(due).await;
            return None;
        };
        let own = timeout_at(due, Reserved::when_free(inner, account, peer.address)).await;
        if own.is_err() {
            inner.metrics.bind_refused();
            tracing::warn!(system_id = account.row.system_id, reason = ErrorCode::TooManyBinds.code(), "bind refused");
        }
        Some((Arc::clone(account), own.ok()?))
    }
}

/// Until we know who binds.
fn unbound_config() -> SessionConfig {
    SessionConfig { bind_timeout: BIND_TIMEOUT, max_pdu_bytes: PDU_OCTETS_MAX, ..SessionConfig::default() }
}

/// As the client's profile wants it.
fn bound_config(profile: &ClientProfile) -> SessionConfig {
    let session = &profile.session;
    let max_pdu_bytes = usize::try_from(session.pdu_octets_max).unwrap_or(PDU_OCTETS_MAX);
    SessionConfig {
        response_timeout: Duration::from_millis(session.response_timeout_ms),
        enquire_link_interval: Duration::from_secs(session.enquire_link_s),
        inactivity_timeout: Duration::from_secs(session.inactivity_timeout_s),
        pdu_timeout: Duration::from_millis(session.pdu_timeout_ms),
        max_pdu_bytes,
        // Greater PDUs, fewer of them.
        events_capacity: (EVENTS_OCTETS_MAX / max_pdu_bytes.max(1)).clamp(1, EVENTS_MAX),
        broken_tlvs: if session.take_broken_tlvs { BrokenTlvs::Keep } else { BrokenTlvs::Refuse },
        ..unbound_config()
    }
}

/// The version we answer with: the client's own, as far as there is one that we speak. 3.3 knows no such parameter.
fn answered_version(client: u8) -> Option<u8> {
    match client {
        ..interface_version::V3_4 => None,
        interface_version::V5_0.. => Some(interface_version::V5_0),
        _ => Some(interface_version::V3_4),
    }
}

/// The account that binds, and its places; or what it is told, at its time.
fn admit<IO>(
    inner: &Arc<Inner>,
    pending: &PendingBind<IO>,
    peer: Peer,
    verified: Result<Arc<SmppAccount>, ErrorCode>,
) -> Result<(Arc<SmppAccount>, Reserved), Refusal>
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let system_id = &pending.request().system_id;
    let Ok(account) = verified else {
        inner.metrics.bind_refused();
        note_failure(inner, peer, system_id);
        return Err(Refusal::of(CommandStatus(inner.settings.smpp_refused_status)));
    };
    inner.strikes.forgive(peer.address, system_id);
    match Reserved::new(inner, &account, peer.address) {
        Ok(own) => Ok((account, own)),
        Err(code) => Err(Refusal { status: account.status(code), full: Some(account) }),
    }
}

/// Remembers who failed, and says so, but not each time.
fn note_failure(inner: &Inner, peer: Peer, system_id: &[u8]) {
    let Noted { times, begins_attack } = inner.strikes.note(peer.address, system_id);
    if times.is_power_of_two() {
        // A name of SMPP has 15 octets; a stranger's may be longer, and is not wanted in the log.
        let name = system_id.get(..15).unwrap_or(system_id).escape_ascii();
        tracing::warn!(address = %peer.address, system_id = %name, times, "binds refused from there");
    }
    if begins_attack {
        tell_attack(inner);
    }
}

/// There was no place for a connection, or not for so long as it takes.
fn turned_away(inner: &Inner, address: IpAddr) {
    inner.metrics.connection_refused();
    if inner.strikes.note_turned_away(address) {
        tell_attack(inner);
    }
}

/// Tells a person that somebody guesses passwords or crowds the door.
fn tell_attack(inner: &Inner) {
    if let Some(text) = inner.strikes.attack() {
        inner.alerts.raise(AlertKind::SmppAttack, SUBJECT, text);
    }
}

/// Whether it goes on.
fn look_at_attack(inner: &Inner) {
    match inner.strikes.attack() {
        Some(text) => inner.alerts.holds(AlertKind::SmppAttack, SUBJECT, text),
        None => inner.alerts.clear(AlertKind::SmppAttack, SUBJECT, "binds fail no more often than usual"),
    }
}

async fn serve<IO>(inner: Arc<Inner>, pending: PendingBind<IO>, account: Arc<SmppAccount>, peer: Peer, own: Reserved)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let window = account.row.window_max;
    let version = answered_version(pending.request().interface_version);
    let pending = pending.with_config(bound_config(&account.profile));
    match pending.accept(SYSTEM_ID, version, window).await {
        Ok((session, events)) => session::run(inner, account, session, events, peer.address, own).await,
        Err(error) => tracing::debug!(address = %peer.address, %error, "the bind was not finished"),
    }
}

#[cfg(test)]
mod tests;
