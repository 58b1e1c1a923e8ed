//! Accepts connections of client ESMEs.
//!
//! Those that have not bound have few places of their own, and each source few of these, so that strangers cannot keep
//! clients out. Every refusal comes at the same time after the bind: how long it took tells nothing of why.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::profile::ClientProfile;
use sambac_smpp::{BrokenTlvs, CommandStatus, PendingBind, SessionConfig, interface_version};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{bind, session};
use crate::pdu_log::Side;
use crate::places::{Place, Places};
use crate::settings::Settings;
use crate::snapshot::SmppAccount;
use crate::{Engine, Inner};

/// A connection that has not bound by then is closed.
const BIND_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest message, of 255 segments in `message_payload`, and its header and parameters fit in.
const PDU_OCTETS_MAX: usize = 40 * 1024;
/// PDUs of one client that wait for us, and how many octets they may have together when all are of the greatest size.
const EVENTS_MAX: usize = 64;
const EVENTS_OCTETS_MAX: usize = EVENTS_MAX * PDU_OCTETS_MAX;
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What we call ourselves in a bind_resp.
const SYSTEM_ID: &str = "sambac";

impl Engine {
    /// Serves client ESMEs on `listener` until the engine stops.
    pub fn listen_smpp(&self, listener: TcpListener) {
        let inner = Arc::clone(&self.0);
        self.0.tasks.spawn(run(inner, listener));
    }
}

/// The places of a listener.
#[derive(Clone)]
struct Door {
    unbound: Arc<Semaphore>,
    unbound_by_source: Places,
    bound: Arc<Semaphore>,
}

/// What a connection holds until it has bound.
type Unbound = (OwnedSemaphorePermit, Place);

impl Door {
    fn new(settings: &Settings) -> Self {
        Self {
            unbound: Arc::new(Semaphore::new(settings.smpp_unbound_max)),
            unbound_by_source: Places::new(settings.smpp_unbound_per_source_max),
            bound: Arc::new(Semaphore::new(settings.smpp_connections_max)),
        }
    }

    fn enter(&self, source: IpAddr) -> Option<Unbound> {
        let place = self.unbound_by_source.take(source)?;
        Some((Arc::clone(&self.unbound).try_acquire_owned().ok()?, place))
    }

    fn bind(&self) -> Result<OwnedSemaphorePermit, ErrorCode> {
        Arc::clone(&self.bound).try_acquire_owned().map_err(|_| ErrorCode::TooManyBinds)
    }
}

async fn run(inner: Arc<Inner>, listener: TcpListener) {
    let door = Door::new(&inner.settings);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = inner.draining.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => match door.enter(peer.ip()) {
                Some(unbound) => {
                    let door = (door.clone(), unbound);
                    inner.tasks.spawn(connection(Arc::clone(&inner), stream, peer, door));
                }
                None => inner.metrics.connection_refused(),
            },
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(inner: Arc<Inner>, stream: TcpStream, peer: SocketAddr, (door, unbound): (Door, Unbound)) {
    if stream.set_nodelay(true).is_err() {
        return; // It has gone already.
    }
    let tap = stream.local_addr().ok().and_then(|ours| inner.pdu_log.tap(Side::Client, ours, peer));
    let pending = match sambac_smpp::accept(stream, SessionConfig { tap, ..unbound_config() }).await {
        Ok(pending) => pending,
        Err(error) => return tracing::debug!(%peer, %error, "no bind"),
    };
    let due = Instant::now() + inner.settings.smpp_refusal_after;
    match admit(&inner, &door, &pending, peer.ip(), due).await {
        Ok((account, place)) => {
            drop(unbound);
            serve(inner, pending, account, peer).await;
            drop(place);
        }
        Err(code) => {
            inner.metrics.bind_refused();
            tracing::warn!(%peer, reason = code.code(), "bind refused");
            sleep_until(due).await;
            pending.refuse(CommandStatus(code.command_status())).await;
        }
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

/// The version we answer with: the client's own, as far as there is one that we do not speak. 3.3 knows no such parameter.
fn answered_version(client: u8) -> Option<u8> {
    match client {
        ..interface_version::V3_4 => None,
        interface_version::V5_0.. => Some(interface_version::V5_0),
        _ => Some(interface_version::V3_4),
    }
}

/// The account that binds, and a place among those that are bound.
async fn admit(
    inner: &Inner,
    door: &Door,
    pending: &PendingBind<TcpStream>,
    source: IpAddr,
    due: Instant,
) -> Result<(Arc<SmppAccount>, OwnedSemaphorePermit), ErrorCode> {
    let verified = timeout_at(due, bind::verify(inner, pending.request(), source)).await;
    let account = verified.unwrap_or(Err(ErrorCode::BindRefused))?;
    Ok((account, door.bind()?))
}

async fn serve(inner: Arc<Inner>, pending: PendingBind<TcpStream>, account: Arc<SmppAccount>, peer: SocketAddr) {
    let window = account.row.window_max;
    let version = answered_version(pending.request().interface_version);
    let pending = pending.with_config(bound_config(&account.profile));
    match pending.accept(SYSTEM_ID, version, window).await {
        Ok((session, events)) => session::run(inner, account, session, events).await,
        Err(error) => tracing::debug!(%peer, %error, "the bind was not finished"),
    }
}

#[cfg(test)]
mod tests;
