//! The platform in this process, from its listeners to its orderly end: what `run` and `demo` have in common.
//!
//! ```text
//! let listeners = Listeners::bind(&config)?;
//! let lock = take_folder(&config)?;
//! let platform = Platform::start(&config, listeners, lock, None).await?;
//! platform.addresses();
//! platform.stop().await;
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sambac_api::{Api, ForwardedHeader, Limits, Proxies, serve};
use sambac_engine::audit::head::HeadReceiver;
use sambac_engine::clock::Clock;
use sambac_engine::doorway::Doorway;
use sambac_engine::feed::FeedSettings;
use sambac_engine::lease::HeldLease;
use sambac_engine::pdu_log::PduLogLimits;
use sambac_engine::reconcile::NightlyHour;
use sambac_engine::smsc::TlsFiles;
use sambac_engine::snapshot::IpRange;
use sambac_engine::{Engine, Settings};
use sambac_store::Store;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Http, Smpp};
use crate::data_folder::{self, Lock};
use crate::exit::{Exit, Failure};
use crate::front::Handed;
use crate::master_key;

/// Connections that wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
const ACCEPT_QUEUE_MAX: u32 = 4_096;

/// Bound sockets that nobody serves yet.
pub(crate) struct Listeners {
    doors: Doors,
    services: TcpListener,
    /// What comes to other nodes and is handed to this one.
    handed: Option<Handed>,
}

/// Where clients come in.
pub(crate) struct Doors {
    pub(crate) http: TcpListener,
    pub(crate) smpp: TcpListener,
    pub(crate) smpp_tls: Option<(TcpListener, TlsFiles)>,
}

/// Where the platform listens.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) services: SocketAddr,
    pub(crate) smpp: SocketAddr,
    /// When there is a certificate for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smpp_tls: Option<SocketAddr>,
}

/// A running platform.
pub(crate) struct Platform {
    engine: Engine,
    addresses: Addresses,
    stop: CancellationToken,
    servers: TaskTracker,
    stop_timeout: Duration,
    _lock: Option<Lock>,
}

impl Doors {
    /// Binds all of them, or says which one cannot be and which flag moves it.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            http: bind(config.http.listen, "the public API", "--http-listen")?,
            smpp: bind(config.smpp.listen, "clients' SMPP", "--smpp-listen")?,
            smpp_tls: match tls_files(&config.smpp)? {
                Some(files) => {
                    let what = "clients' SMPP over TLS";
                    Some((bind(config.smpp.tls_listen, what, "SAMBAC_SMPP_TLS_LISTEN")?, files))
                }
                None => None,
            },
        })
    }
}

impl Listeners {
    /// Binds all of them, or says which one cannot be and which flag moves it.
    pub(crate) fn bind(config: &Config) -> Result<Self, Failure> {
        Self::behind(Doors::open(config)?, config)
    }

    /// With doors that are open already.
    pub(crate) fn behind(doors: Doors, config: &Config) -> Result<Self, Failure> {
        let services = bind(config.services.listen, "health and metrics", "--services-listen")?;
        Ok(Self { doors, services, handed: None })
    }

    /// Takes also what other nodes hand over.
    pub(crate) fn taking(self, handed: Option<Handed>) -> Self {
        Self { handed, ..self }
    }

    /// From sockets bound elsewhere.
    pub(crate) fn from_bound(http: TcpListener, services: TcpListener, smpp: TcpListener) -> Self {
        Self { doors: Doors { http, smpp, smpp_tls: None }, services, handed: None }
    }

    fn addresses(&self) -> std::io::Result<Addresses> {
        let Doors { http, smpp, smpp_tls } = &self.doors;
        Ok(Addresses {
            http: http.local_addr()?,
            services: self.services.local_addr()?,
            smpp: smpp.local_addr()?,
            smpp_tls: smpp_tls.as_ref().map(|(listener, _)| listener.local_addr()).transpose()?,
        })
    }
}

impl Platform {
    /// Opens and migrates the database, and serves the listeners.
    pub(crate) async fn start(
        config: &Config,
        listeners: Listeners,
        lock: Option<Lock>,
        lease: Option<HeldLease>,
    ) -> Result<Self, Failure> {
        let addresses = listeners.addresses()?;
        let store = open_store(config).await?;
        let public_url = public_url(&config.http, addresses.http);
        let settings = Settings { public_url, lease, ..settings(config, &store).await? };
        let engine = Engine::start(settings, store, Clock::steady()).await.context("the engine did not start")?;
        let (stop, servers) = (CancellationToken::new(), TaskTracker::new());
        let connections_per_peer_max = config.limits.http_connections_per_peer_max;
        let limits = Limits { connections_per_peer_max, ..Limits::default() };
        let api = Api::new(engine.clone(), limits).behind(proxies(&config.http)).for_pages_of(origins(&config.http));
        let Listeners { doors, services, handed } = listeners;
        let (http, smpp, smpp_tls) = match handed {
            Some(handed) => (Some(handed.http), Some(handed.smpp), Some(handed.smpp_tls)),
            None => (None, None, None),
        };
        servers.spawn(serve(Doorway::new(doors.http, http), api.public(), limits, stop.clone()));
        servers.spawn(serve(services, api.services(), limits, stop.clone()));
        engine.listen_smpp(Doorway::new(doors.smpp, smpp));
        if let Some((listener, files)) = doors.smpp_tls {
            engine.listen_smpp_tls(Doorway::new(listener, smpp_tls), files).context("TLS for clients' SMPP")?;
        }
        let stop_timeout = Duration::from_secs(config.limits.stop_timeout_s);
        Ok(Self { engine, addresses, stop, servers, stop_timeout, _lock: lock })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What runs.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Refuses new work, finishes what runs, unbinds everywhere, and flushes; within the configured time.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.engine.pdu_log().end_following();
        self.engine.end_event_feeds();
        self.servers.close();
        if tokio::time::timeout(self.stop_timeout, self.servers.wait()).await.is_err() {
            tracing::warn!("some HTTP requests did not end in time");
        }
        self.engine.stop(self.stop_timeout).await;
    }
}

/// Makes the data folder and, in embedded mode, takes it for this process.
pub(crate) fn take_folder(config: &Config) -> Result<Option<Lock>, Failure> {
    data_folder::make(&config.data.dir)?;
    config.is_embedded().then(|| data_folder::lock(&config.data.dir)).transpose()
}

/// Opens the database and brings its schema up to date.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Failure> {
    data_folder::make(&config.data.dir)?;
    let store = Store::open(&config.store_url()).await.context("the database cannot be opened")?;
    store.migrate().await.context("the database cannot be migrated")?;
    Ok(store)
}

/// Opens a database that is there and has this program's schema, for commands that make neither.
pub(crate) async fn open_existing(config: &Config) -> Result<Store, Failure> {
    let (place, remedy) = (config.store_place(), "run `sambac migrate` or `sambac run` first");
    let wrong = |what: String| Failure::because(Exit::Configuration, what);
    let none = || wrong(format!("no database at {place}; {remedy}"));
    let store = Store::open_existing(&config.store_url()).await.context("the database cannot be opened")?;
    let store = store.ok_or_else(none)?;
    let missing = store.missing_steps().await.context("the database cannot be used")?.ok_or_else(none)?;
    if let Some(step) = missing.first() {
        return Err(wrong(format!("the database at {place} lacks step {step} of the schema; {remedy}")));
    }
    Ok(store)
}

/// Opens the database as it is.
pub(crate) async fn open_as_it_is(config: &Config) -> Result<Store, Failure> {
    Ok(Store::open(&config.store_url()).await.context("the database cannot be opened")?)
}

pub(crate) async fn settings(config: &Config, store: &Store) -> Result<Settings, Failure> {
    let limits = &config.limits;
    let ranges = config.webhooks.private_ranges.iter().filter_map(|text| IpRange::parse(text));
    Ok(Settings {
        node: config.node,
        lane_capacity: limits.lane_capacity,
        live_capacity: limits.live_capacity,
        group_max: limits.group_max,
        writes_capacity: limits.writes_capacity,
        attempts_max: limits.attempts_max,
        receipt_grace: Duration::from_secs(limits.receipt_grace_s),
        webhook_private_ranges: ranges.collect(),
        webhook_ports: config.webhooks.ports.iter().filter_map(|text| text.parse().ok()).collect(),
        smpp_connections_max: limits.smpp_connections_max,
        pdu_log: PduLogLimits {
            session_pdus_max: config.pdu_log.session_pdus_max,
            session_octets_max: config.pdu_log.session_octets_max,
            reveal_max: Duration::from_secs(config.pdu_log.reveal_s_max),
        },
        smpp_connections_per_source_max: limits.smpp_connections_per_source_max,
        events: crate::events::settings(config)?,
        shared_limits: crate::shared_limits::settings(config)?,
        work: crate::queue::settings(config)?,
        payments: crate::payments::settings(config)?,
        margin_floor: config.billing.margin_floor,
        retention: crate::retention::settings(config),
        reconcile_hour: reconcile_hour(config)?,
        feed: FeedSettings {
            kept: Duration::from_secs(config.streams.kept_h.saturating_mul(3_600)),
            per_key_max: config.streams.per_key_max,
            all_max: config.streams.all_max,
            heartbeat: Duration::from_secs(config.streams.heartbeat_s.max(1)),
        },
        audit_heads_to: config.audit.heads_to.iter().filter_map(|text| HeadReceiver::parse(text)).collect(),
        audit_interval: Duration::from_secs(config.billing.audit_interval_s.max(1)),
        smpp_refused_status: config.smpp.refused_status,
        ..Settings::new(master_key::open(config, store).await?)
    })
}

/// What does not parse was refused when the configuration was loaded.
fn proxies(http: &Http) -> Proxies {
    let trusted = http.trusted_proxies.iter().filter_map(|text| IpRange::parse(text));
    Proxies::new(trusted.collect(), ForwardedHeader::parse(&http.forwarded_header).unwrap_or_default())
}

fn origins(http: &Http) -> Vec<sambac_api::Origin> {
    http.cors_origins.iter().filter_map(|text| sambac_api::origin(text).ok()).collect()
}

/// Where clients reach the public API, without a slash at the end.
fn public_url(http: &Http, listens: SocketAddr) -> Arc<str> {
    match http.public_url.trim_end_matches('/') {
        "" => Arc::from(format!("http://{listens}")),
        url => Arc::from(url),
    }
}

fn reconcile_hour(config: &Config) -> Result<NightlyHour, Failure> {
    let wrong = || Failure::because(Exit::Configuration, "billing.reconcile_hour is 0 to 23, or off");
    NightlyHour::parse(&config.billing.reconcile_hour).ok_or_else(wrong)
}

/// The files of the TLS listener; `None` when there is to be none.
fn tls_files(smpp: &Smpp) -> Result<Option<TlsFiles>, Failure> {
    let client_ca = smpp.tls_client_ca_file.clone();
    match (smpp.tls_certificate_file.clone(), smpp.tls_key_file.clone(), client_ca) {
        (Some(certificate), Some(key), client_ca) => Ok(Some(TlsFiles { certificate, key, client_ca })),
        (None, None, None) => Ok(None),
        _ => {
            let why = "TLS for clients' SMPP needs both smpp.tls_certificate_file and smpp.tls_key_file";
            Err(Failure::because(Exit::Failed, why.to_owned()))
        }
    }
}

pub(crate) fn bind(listen: Option<SocketAddr>, what: &str, flag: &str) -> Result<TcpListener, Failure> {
    let address = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    listener(address).map_err(|error| cannot_listen(address, what, flag, &error))
}

/// A listener with a long queue: a connection that finds no place in it is tried again a second later by its peer's
/// kernel, and a flood of guesses fills the usual queue in a tenth of that.
fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE_MAX)
}

/// The failure that names the flag to use.
pub(crate) fn cannot_listen(address: SocketAddr, what: &str, flag: &str, error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("the port is in use; choose another one with {flag} (0: any free one)")
        }
        _ => format!("{error}; choose another address with {flag}"),
    };
    Failure::because(Exit::Failed, format!("cannot listen on {address} for {what}: {why}"))
}
