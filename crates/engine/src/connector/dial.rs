//! One attempt to bind: resolve, connect, TLS, bind, each within its time and each noted for whoever wants to know.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::planted::{Bug, planted};
use sambac_domain::profile::{BindRefusal, Profile, SessionSettings};
use sambac_domain::time::Timestamp;
use sambac_smpp::{
    BindError, BindKind, BindReply, BindRequest, BrokenTlvs, Events, PendingOutbind, Session, SessionConfig, Tap,
    WINDOW_MAX,
};
use sambac_store::rows::ConnectorRow;
use secrecy::{ExposeSecret, SecretString};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::hosts::Target;
use super::seat::Seat;
use super::tls;
use crate::clock::Clock;
use crate::pdu_log::{PduLog, Side};
use crate::seal::SealError;
use crate::{Inner, sandbox};

/// Why no bind came about.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error("{target} has no address: {source}")]
    Resolve { target: Target, source: io::Error },
    #[error("cannot connect to {target}: {source}")]
    Connect { target: Target, source: io::Error },
    #[error("{step}: no end within {limit:?}")]
    Timeout { step: &'static str, limit: Duration },
    #[error("bind: {0}")]
    Bind(#[from] BindError),
    #[error("TLS with {target}: {source}")]
    Tls { target: Target, source: io::Error },
    #[error("the outbind has another system_id or password than ours")]
    Outbind,
    /// It cannot work as it is set up: nothing was sent.
    #[error("{0}")]
    Setup(String),
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The SMSC refused; this class of refusal.
    Refused(BindRefusal),
    /// No connection, no answer, no SMPP.
    Link,
    /// A person has to mend the settings.
    Setup,
}

impl Failure {
    /// As it is called in the metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Refused(BindRefusal::Credentials) => "credentials",
            Self::Refused(BindRefusal::Limit) => "limit",
            Self::Refused(BindRefusal::Stale) => "stale",
            Self::Refused(BindRefusal::Temporary) => "temporary",
            Self::Link => "link",
            Self::Setup => "setup",
        }
    }
}

/// A step of an attempt: what was done, how long it took, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `resolve`, `connect`, `tls`, `bind` or `unbind`.
    pub name: &'static str,
    /// How long it took.
    pub took_ms: u64,
    /// What came of it, or why it failed.
    pub result: Result<String, String>,
}

/// The steps of an attempt, in order.
#[derive(Debug, Default)]
pub(super) struct Steps(pub(super) Vec<Step>);

impl Steps {
    /// Does one step within `limit`.
    async fn take<T>(
        &mut self,
        name: &'static str,
        limit: Duration,
        work: impl Future<Output = Result<T, DialError>>,
        told: impl FnOnce(&T) -> String,
    ) -> Result<T, DialError> {
        let begun = Instant::now();
        let result = timeout(limit, work).await.unwrap_or(Err(DialError::Timeout { step: name, limit }));
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let shown = result.as_ref().map(told).map_err(ToString::to_string);
        self.0.push(Step { name, took_ms, result: shown });
        result
    }
}

/// A bind that came about.
pub(super) struct Dialled {
    pub(super) session: Session,
    pub(super) events: Events,
    pub(super) reply: BindReply,
    /// When the first certificate ends that the link depends on.
    pub(super) ends_at: Option<Timestamp>,
}

/// How a connector binds, as configured at one moment.
pub(super) struct Plan {
    pub(super) row: Arc<ConnectorRow>,
    profile: Arc<Profile>,
    pub(super) password: SecretString,
    pdu_log: Arc<PduLog>,
    clock: Clock,
    tls: Option<tls::Client>,
    /// Otherwise than the profile says.
    first_sequence: Option<u32>,
    #[cfg(debug_assertions)]
    world: Option<Arc<dyn crate::simulated::World>>,
}

impl Plan {
    /// # Errors
    /// [`DialError::Setup`] says what a person has to mend.
    pub(super) fn new(row: &Arc<ConnectorRow>, profile: &Arc<Profile>, inner: &Inner) -> Result<Self, DialError> {
        let opened = inner.settings.seal.open_text(row.id.raw(), &row.password_sealed.0);
        let password = opened.map_err(|error: SealError| DialError::Setup(format!("the stored password: {error}")))?;
        let (octets, octets_max) = (password.expose_secret().len(), usize::from(profile.bind.password_octets_max));
        if octets > octets_max {
            return Err(DialError::Setup(format!(
                "the password has {octets} octets, and bind.password_octets_max is {octets_max}"
            )));
        }
        let pdu_log = Arc::clone(&inner.pdu_log);
        let tls = tls::Client::new(&profile.tls).map_err(DialError::Setup)?;
        let clock = inner.clock.clone();
        Ok(Self {
            row: Arc::clone(row),
            profile: Arc::clone(profile),
            password,
            pdu_log,
            clock,
            tls,
            first_sequence: None,
            #[cfg(debug_assertions)]
            world: inner.settings.world.clone(),
        })
    }

    /// The same, with sequence numbers that go on after those of the seat's last session.
    pub(super) fn going_on(self, seat: &Seat) -> Self {
        Self { first_sequence: seat.sequence(), ..self }
    }

    /// What a failure is to be taken for.
    pub(super) fn failure(&self, error: &DialError) -> Failure {
        match error {
            DialError::Bind(BindError::Refused(status)) => Failure::Refused(self.profile.bind.refusal(status.0)),
            // Our own request breaks a limit of the protocol.
            DialError::Bind(BindError::Encode(_)) | DialError::Setup(_) => Failure::Setup,
            DialError::Tls { source, .. } if tls::is_certificate(source) => Failure::Setup,
            _ => Failure::Link,
        }
    }

    /// Connects to a host and binds.
    pub(super) async fn dial(&self, target: &Target, kind: BindKind, steps: &mut Steps) -> Result<Dialled, DialError> {
        if target.host == sandbox::HOST {
            return self.bind(sandbox::connect(self.clock.clone()), kind, None, steps).await;
        }
        #[cfg(debug_assertions)]
        if let Some(world) = &self.world {
            let failed = |source| DialError::Connect { target: target.clone(), source };
            let pipe = world.connect(&target.host, target.port).map_err(failed)?;
            return self.bind(pipe, kind, None, steps).await;
        }
        let limit = self.limit();
        let resolved = steps.take("resolve", limit, resolve(target), |found| shown(found)).await?;
        let connecting = connect(target, &resolved, &self.profile.session);
        let stream = steps.take("connect", limit, connecting, peer).await?;
        let tap = self.tap(&stream);
        let Some(client) = &self.tls else { return self.bind(stream, kind, tap, steps).await };
        let securing = async {
            let secured = client.secure(stream, &target.host).await;
            secured.map_err(|source| DialError::Tls { target: target.clone(), source })
        };
        let tls::Secured { stream, ends_at, .. } = steps.take("tls", limit, securing, secured).await?;
        let dialled = self.bind(stream, kind, tap, steps).await?;
        Ok(Dialled { ends_at, ..dialled })
    }

    /// Binds on a connection that is there.
    async fn bind<IO>(&self, io: IO, kind: BindKind, tap: Option<Tap>, steps: &mut Steps) -> Result<Dialled, DialError>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let request = self.request(kind);
        let binding = async {
            let config = SessionConfig { tap, ..self.session_config() };
            let (session, events, reply) = sambac_smpp::bind(io, &request, config).await?;
            Ok(Dialled { session, events, reply, ends_at: None })
        };
        // The session keeps the time itself, and says more about it.
        steps.take("bind", self.limit() * 2, binding, |dialled| told_by(&dialled.reply)).await
    }

    /// Binds on a connection that the SMSC has opened.
    pub(super) async fn bind_on<IO>(&self, pending: PendingOutbind<IO>, kind: BindKind) -> Result<Dialled, DialError>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (session, events, reply) = pending.bind(&self.request(kind)).await?;
        Ok(Dialled { session, events, reply, ends_at: None })
    }

    /// Has the log of PDUs hear of all that goes over the connection.
    pub(super) fn tap(&self, stream: &TcpStream) -> Option<Tap> {
        let (ours, theirs) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
        self.pdu_log.tap(Side::Connector { name: self.row.name.clone() }, ours, theirs)
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.profile.bind.timeout_ms)
    }

    fn request(&self, kind: BindKind) -> BindRequest {
        let bind = &self.profile.bind;
        BindRequest {
            system_type: bind.system_type.clone().into_bytes(),
            interface_version: self.profile.session.interface_version.octet(),
            addr_ton: bind.addr_ton,
            addr_npi: bind.addr_npi,
            address_range: bind.address_range.clone().into_bytes(),
            ..BindRequest::new(kind, self.row.system_id.as_str(), self.password.expose_secret())
        }
    }

    pub(super) fn session_config(&self) -> SessionConfig {
        let session = &self.profile.session;
        if planted(Bug::HalfOpenUnnoticed) {
            let (response_timeout, enquire_link_interval) = (Duration::from_secs(86_400), Duration::ZERO);
            let write_timeout = response_timeout;
            return SessionConfig {
                response_timeout,
                enquire_link_interval,
                write_timeout,
                ..SessionConfig::default()
            };
        }
        SessionConfig {
            // The connector's own window is narrower, and can be changed while the session is up.
            window: WINDOW_MAX,
            response_timeout: Duration::from_millis(session.response_timeout_ms),
            enquire_link_interval: Duration::from_secs(session.enquire_link_s),
            enquire_link_timeout: Duration::from_millis(session.enquire_link_timeout_ms),
            inactivity_timeout: Duration::from_secs(session.inactivity_timeout_s),
            bind_timeout: self.limit(),
            pdu_timeout: Duration::from_millis(session.pdu_timeout_ms),
            write_timeout: Duration::from_millis(session.write_timeout_ms),
            unbind_grace: Duration::from_millis(self.profile.bind.unbind_timeout_ms),
            max_pdu_bytes: usize::try_from(session.pdu_octets_max).unwrap_or(usize::MAX),
            broken_tlvs: if session.take_broken_tlvs { BrokenTlvs::Keep } else { BrokenTlvs::Refuse },
            first_sequence: self.first_sequence.unwrap_or(session.sequence_first),
            ..SessionConfig::default()
        }
    }
}

async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, DialError> {
    let failed = |source| DialError::Resolve { target: target.clone(), source };
    let found: Vec<_> = tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(failed)?.collect();
    if found.is_empty() { Err(failed(io::ErrorKind::NotFound.into())) } else { Ok(found) }
}

/// The first address that takes the connection.
async fn connect(target: &Target, found: &[SocketAddr], session: &SessionSettings) -> Result<TcpStream, DialError> {
    let failed = |source| DialError::Connect { target: target.clone(), source };
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in found {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                tune(&stream, session).map_err(failed)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

/// Sets what TCP itself does for the session: no delay, probes, and an end to what is never acknowledged.
pub(super) fn tune(stream: &TcpStream, session: &SessionSettings) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    if session.tcp_keepalive_s > 0 {
        let idle = Duration::from_secs(session.tcp_keepalive_s);
        let interval = idle.min(Duration::from_secs(10));
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(interval))?;
    }
    #[cfg(target_os = "linux")]
    if session.tcp_user_timeout_ms > 0 {
        socket.set_tcp_user_timeout(Some(Duration::from_millis(session.tcp_user_timeout_ms)))?;
    }
    Ok(())
}

fn shown(found: &[SocketAddr]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn peer(stream: &TcpStream) -> String {
    stream.peer_addr().map_or_else(|_| "connected".to_owned(), |address| format!("connected to {address}"))
}

fn secured(secured: &tls::Secured) -> String {
    let until = secured.ends_at.map(|ends_at| format!(", certificate until {ends_at}"));
    format!("{}{}", secured.version, until.unwrap_or_default())
}

fn told_by(reply: &BindReply) -> String {
    let name = String::from_utf8_lossy(&reply.system_id);
    let version = reply.interface_version.map_or("no version".to_owned(), |version| format!("version 0x{version:02X}"));
    format!("bound to \"{name}\", {version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tcp_probes_the_peer_and_gives_up_as_the_profile_says() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let session =
            SessionSettings { tcp_keepalive_s: 77, tcp_user_timeout_ms: 12_000, ..SessionSettings::default() };
        tune(&stream, &session).unwrap();
        let socket = SockRef::from(&stream);
        assert!(stream.nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(12)));
        let off = SessionSettings { tcp_keepalive_s: 0, tcp_user_timeout_ms: 0, ..SessionSettings::default() };
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tune(&stream, &off).unwrap();
        assert!(!SockRef::from(&stream).keepalive().unwrap());
    }
}
