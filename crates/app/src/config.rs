//! The configuration: defaults, under a TOML file, under `SAMBAC_…` variables, under flags.
//!
//! ```toml
//! [data]
//! dir = "/var/lib/sambac"        # or SAMBAC_DATA_DIR, or --data-dir
//! [http]
//! listen = "0.0.0.0:8080"        # or SAMBAC_HTTP_LISTEN, or --http-listen
//! ```
//!
//! [`keys::KEYS`] is the one list of keys: the variables' names, `sambac config schema` and `show` follow from it. A key that
//! is not in it is refused wherever it stands, with its place.

pub(crate) mod command;
mod flags;
pub(crate) mod keys;
mod layers;
mod secret;

use std::net::SocketAddr;
use std::path::PathBuf;

use sambac_domain::rating::MarginFloor;
use serde::Deserialize;

pub(crate) use flags::Flags;
pub(crate) use layers::Loaded;
pub(crate) use secret::Secret;

/// The node number of commands that write into the database of a running platform.
pub(crate) const COMMAND_LINE_NODE: u8 = 63;

/// Everything that can be configured.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// 32 octets in base64.
    pub(crate) master_key: Option<Secret>,
    /// Where the master key is; made when missing.
    pub(crate) master_key_file: Option<PathBuf>,
    /// Number of this process among those that share a database.
    pub(crate) node: u8,
    pub(crate) roles: Vec<Role>,
    pub(crate) cluster: Cluster,
    pub(crate) queue: Queue,
    pub(crate) billing: Billing,
    pub(crate) data: Data,
    pub(crate) store: StoreSection,
    pub(crate) http: Http,
    pub(crate) services: Listener,
    pub(crate) smpp: Smpp,
    pub(crate) webhooks: Webhooks,
    pub(crate) streams: Streams,
    pub(crate) payments: Payments,
    pub(crate) events: Events,
    pub(crate) redis: Redis,
    pub(crate) mirror: Mirror,
    pub(crate) retention: Retention,
    pub(crate) audit: Audit,
    pub(crate) log: Log,
    pub(crate) pdu_log: PduLog,
    pub(crate) limits: Limits,
}

/// `[cluster]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cluster {
    /// 0: there is no lease.
    pub(crate) lease_s: u64,
    /// Where other nodes hand clients' connections over.
    pub(crate) listen: Option<SocketAddr>,
}

/// What a process does, where several share the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything.
    All,
    /// The ledger, and with it the APIs and clients' binds: one at a time, the others wait.
    Worker,
    /// Binds to operators.
    Connector,
    /// The public API's door, for whoever has the ledger.
    Api,
    /// The doors of clients' SMPP, likewise.
    Smsc,
}

/// `[queue]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Queue {
    pub(crate) url: Option<Secret>,
    pub(crate) hosts: Vec<String>,
    pub(crate) prefix: String,
}

/// `[billing]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Billing {
    pub(crate) margin_floor: MarginFloor,
    pub(crate) reconcile_hour: String,
    pub(crate) audit_interval_s: u64,
}

/// `[data]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Data {
    pub(crate) dir: PathBuf,
}

/// `[store]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreSection {
    pub(crate) url: Option<Secret>,
}

/// `[http]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Always there after loading: the defaults name one.
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) public_url: String,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) forwarded_header: String,
    pub(crate) cors_origins: Vec<String>,
}

/// `[services]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listener {
    /// Always there after loading: the defaults name one.
    pub(crate) listen: Option<SocketAddr>,
}

/// `[smpp]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Smpp {
    /// Always there after loading.
    pub(crate) listen: Option<SocketAddr>,
    /// Likewise; served when there are a certificate and a key.
    pub(crate) tls_listen: Option<SocketAddr>,
    pub(crate) tls_certificate_file: Option<PathBuf>,
    pub(crate) tls_key_file: Option<PathBuf>,
    pub(crate) tls_client_ca_file: Option<PathBuf>,
    pub(crate) refused_status: u32,
}

/// `[webhooks]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) private_ranges: Vec<String>,
    pub(crate) ports: Vec<String>,
}

/// `[streams]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Streams {
    pub(crate) kept_h: u64,
    pub(crate) per_key_max: usize,
    pub(crate) all_max: usize,
    pub(crate) heartbeat_s: u64,
}

/// `[payments]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Payments {
    pub(crate) provider: String,
    pub(crate) url: String,
    pub(crate) key: Option<Secret>,
    pub(crate) webhook_secret: Option<Secret>,
    pub(crate) signature_tolerance_s: u64,
    pub(crate) timeout_s: u64,
    pub(crate) check_s: u64,
    pub(crate) expires_s: u64,
    pub(crate) transfer_alone_max: String,
    pub(crate) transfer_expires_s: u64,
}

/// `[audit]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    pub(crate) heads_to: Vec<String>,
}

/// `[events]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Events {
    pub(crate) url: Option<Secret>,
    pub(crate) exchange: String,
}

/// `[redis]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Redis {
    pub(crate) url: Option<Secret>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) timeout_ms: u64,
    pub(crate) nodes_min: u32,
}

/// `[mirror]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mirror {
    pub(crate) url: Option<Secret>,
    pub(crate) queue: String,
}

/// `[retention]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    /// Where days of CDRs go; in the data folder if not given.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) cdr_months: u32,
    pub(crate) restored_days: u32,
    pub(crate) hour: u8,
    pub(crate) handset_text_h: u64,
}

/// `[log]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// `[pdu_log]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PduLog {
    pub(crate) session_pdus_max: usize,
    pub(crate) session_octets_max: usize,
    pub(crate) reveal_s_max: u64,
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) lane_capacity: usize,
    pub(crate) live_capacity: usize,
    pub(crate) group_max: usize,
    pub(crate) writes_capacity: usize,
    pub(crate) attempts_max: u8,
    pub(crate) receipt_grace_s: u64,
    pub(crate) smpp_connections_max: usize,
    pub(crate) smpp_connections_per_source_max: usize,
    pub(crate) http_connections_per_peer_max: usize,
    pub(crate) stop_timeout_s: u64,
}

impl Config {
    /// The database's URL: the configured one, or a SQLite file in the data folder.
    pub(crate) fn store_url(&self) -> String {
        let configured = self.store.url.as_ref().map(|url| url.expose().to_owned());
        configured.unwrap_or_else(|| format!("sqlite://{}", self.data.dir.join("sambac.db").display()))
    }

    /// Where the database is, for people: a file's path, or a URL without its password.
    pub(crate) fn store_place(&self) -> String {
        let url = self.store_url();
        url.strip_prefix("sqlite://").map_or_else(|| keys::without_password(&url), str::to_owned)
    }

    /// Whether this process has one of these roles.
    pub(crate) fn does(&self, role: Role) -> bool {
        self.roles.is_empty() || self.roles.contains(&Role::All) || self.roles.contains(&role)
    }

    /// Whether the data folder holds the database, so that only one process may serve it.
    pub(crate) fn is_embedded(&self) -> bool {
        self.store_url().starts_with("sqlite:")
    }

    /// Where the master key is kept when it is not given itself.
    pub(crate) fn master_key_path(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data.dir.join("master.key"))
    }
}
