//! The list of keys, with their defaults. `http.listen` is `SAMBAC_HTTP_LISTEN` in the environment.

use serde_json::{Map, Value, json};

/// One key.
pub(crate) struct Key {
    /// Dotted, as in TOML.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// In TOML; empty when there is none.
    pub(crate) default: &'static str,
    /// What it is, in a line.
    pub(crate) help: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A text that is never shown.
    Secret,
    /// A URL that is shown without its password.
    Url,
    /// `address:port`.
    Address,
    Number,
    /// In a variable: separated by commas.
    List,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key { path, kind, default, help }
}

/// Every key.
pub(crate) const KEYS: &[Key] = &[
    key(
        "master_key",
        Kind::Secret,
        "",
        "Key of the encryption at rest: 32 octets in base64. Best given by the environment",
    ),
    key(
        "master_key_file",
        Kind::Text,
        "",
        "File with the master key, made for a new database; master.key in the data folder if not given",
    ),
    key("node", Kind::Number, "0", "Number of this process among those that share a database, 0 to 62"),
    key(
        "roles",
        Kind::List,
        "[\"all\"]",
        "What this process does where queue.url is set: worker (ledger, APIs, clients' binds), connector (binds to operators), api and smsc (doors for clients), or all",
    ),
    key(
        "queue.url",
        Kind::Url,
        "",
        "RabbitMQ by which work goes to other nodes: amqp://user:password@host:5672/vhost; each process does all of its work itself when it is not given",
    ),
    key(
        "queue.hosts",
        Kind::List,
        "[]",
        "Further nodes of its cluster, as rabbit-2.internal or rabbit-2.internal:5672: tried in turn, with the same user",
    ),
    key("queue.prefix", Kind::Text, "\"sambac\"", "What the names of its queues begin with: one for each installation"),
    key(
        "cluster.lease_s",
        Kind::Number,
        "0",
        "Seconds of the lease by which one of several nodes works while the others wait; 0: no lease, a node that starts takes over",
    ),
    key(
        "cluster.listen",
        Kind::Address,
        "",
        "Where other nodes hand clients' connections to this one while it has the ledger, as 10.0.0.3:7420: an address that they reach; without it nodes that wait keep their doors closed",
    ),
    key("data.dir", Kind::Text, "\"sambac-data\"", "Folder of the database, the master key and the lock"),
    key(
        "store.url",
        Kind::Url,
        "",
        "sqlite:///path/file.db or postgres://…; sambac.db in the data folder if not given",
    ),
    key(
        "billing.margin_floor",
        Kind::Text,
        "\"off\"",
        "The least that must be left of a segment's price after its cost, as 0.002, where neither account nor route says one; off: messages may be carried at a loss",
    ),
    key(
        "billing.audit_interval_s",
        Kind::Number,
        "10",
        "Seconds between two looks at whether all money adds up while the platform runs; at least 1",
    ),
    key(
        "billing.reconcile_hour",
        Kind::Text,
        "\"2\"",
        "Hour of UTC, 0 to 23, from which the day before is reconciled, once whatever the number of processes; off: only when asked",
    ),
    key("http.listen", Kind::Address, "\"127.0.0.1:8080\"", "Public API"),
    key(
        "http.public_url",
        Kind::Text,
        "\"\"",
        "Where clients reach the public API, as https://sms.example.com: the issuer and audience of our tokens; where it listens if not given",
    ),
    key(
        "http.trusted_proxies",
        Kind::List,
        "[]",
        "Addresses and networks of proxies before the public API, whose word on where calls come from is taken",
    ),
    key(
        "http.forwarded_header",
        Kind::Text,
        "\"x-forwarded-for\"",
        "The header in which they say it: x-forwarded-for or forwarded; the other one is not read",
    ),
    key(
        "http.cors_origins",
        Kind::List,
        "[]",
        "Origins whose pages may call the public API, as https://console.example.com; by default none",
    ),
    key("services.listen", Kind::Address, "\"127.0.0.1:8081\"", "Health and metrics; not for the public"),
    key("smpp.listen", Kind::Address, "\"127.0.0.1:2775\"", "Where clients' ESMEs bind"),
    key(
        "smpp.tls_listen",
        Kind::Address,
        "\"127.0.0.1:3550\"",
        "Where they bind over TLS; served when a certificate and a key are given",
    ),
    key(
        "smpp.tls_certificate_file",
        Kind::Text,
        "",
        "Our certificate (PEM), with those that lead to its authority; taken up again when it changes, as are the others",
    ),
    key("smpp.tls_key_file", Kind::Text, "", "Its private key (PEM)"),
    key(
        "smpp.tls_client_ca_file",
        Kind::Text,
        "",
        "Authorities (PEM) of client certificates: when given, every client over TLS must show one of theirs",
    ),
    key(
        "smpp.refused_status",
        Kind::Number,
        "13",
        "command_status of every bind with wrong credentials: 13 is 0x0D, 14 what Jasmin answers",
    ),
    key("webhooks.ports", Kind::List, "[\"80\", \"443\"]", "Ports that webhooks on the public internet may have"),
    key("webhooks.private_ranges", Kind::List, "[]", "Private addresses that webhooks may be sent to, as CIDR ranges"),
    key(
        "streams.kept_h",
        Kind::Number,
        "336",
        "Hours that events of accounts are kept, to be listed, streamed and told again",
    ),
    key("streams.per_key_max", Kind::Number, "4", "Streams of events of one API key at the same time"),
    key("streams.all_max", Kind::Number, "1000", "Streams of events at the same time"),
    key(
        "streams.heartbeat_s",
        Kind::Number,
        "15",
        "Seconds without an event after which a stream says that it is there",
    ),
    key(
        "payments.provider",
        Kind::Text,
        "\"\"",
        "Who takes payments: stripe (or what has its interface), test (play money, on this machine only), or nobody",
    ),
    key("payments.url", Kind::Url, "\"https://api.stripe.com\"", "Where the provider is; http on this machine only"),
    key("payments.key", Kind::Secret, "", "Our secret key at the provider. Best given by the environment"),
    key("payments.webhook_secret", Kind::Secret, "", "What the provider's webhooks are signed with"),
    key("payments.signature_tolerance_s", Kind::Number, "300", "Seconds that a webhook's signature may be old"),
    key("payments.timeout_s", Kind::Number, "10", "Seconds that the provider may take to answer"),
    key(
        "payments.check_s",
        Kind::Number,
        "5",
        "Seconds until the provider is asked about an open payment again; later pauses grow to 720 times that",
    ),
    key("payments.expires_s", Kind::Number, "86400", "Seconds that a payer has"),
    key(
        "payments.transfer_alone_max",
        Kind::Text,
        "\"1000\"",
        "Bank transfers that one administrator may book within 24 hours, in all; above, another one approves",
    ),
    key("payments.transfer_expires_s", Kind::Number, "604800", "Seconds that a bank transfer waits for the other one"),
    key(
        "audit.heads_to",
        Kind::List,
        "[\"log\"]",
        "Where signed heads of the audit log go, within a minute: log, file:/path, or a URL that each is posted to",
    ),
    key(
        "events.url",
        Kind::Url,
        "",
        "Broker that billing events are published to: amqp://user:password@host:5672/vhost; none are when it is not given",
    ),
    key("events.exchange", Kind::Text, "\"sambac.billing\"", "Exchange of the events: of the kind topic, durable"),
    key(
        "redis.url",
        Kind::Url,
        "",
        "Redis in which nodes count limits together: redis://user:password@host:6379/0, rediss:// for TLS; each node has all of them to itself when it is not given",
    ),
    key("redis.ca_file", Kind::Text, "", "Authorities (PEM) of its certificate; those of the system if not given"),
    key(
        "redis.timeout_ms",
        Kind::Number,
        "50",
        "Milliseconds that a decision of Redis is waited for, 1 to 5000; after that the node keeps to its part of the limits",
    ),
    key(
        "redis.nodes_min",
        Kind::Number,
        "1",
        "Nodes that limits are parted among while Redis is away, if fewer were heard of before; 1 to 64",
    ),
    key("mirror.url", Kind::Url, "", "Database of `sambac mirror`, its own: sqlite:///path/file.db or postgres://…"),
    key("mirror.queue", Kind::Text, "\"sambac.mirror\"", "Queue that `sambac mirror` declares and takes events from"),
    key(
        "retention.cdr_months",
        Kind::Number,
        "13",
        "Whole months, beside the one under way, that CDRs stay in the table before their days go into files; 0: for ever",
    ),
    key("retention.restored_days", Kind::Number, "30", "Days that CDRs stay in the table that were put back into it"),
    key(
        "retention.hour",
        Kind::Number,
        "3",
        "Hour (UTC) at which days are moved, 0 to 23; what is due is moved at the start, too",
    ),
    key(
        "retention.handset_text_h",
        Kind::Number,
        "72",
        "Hours that a text from a handset is kept after it was taken or given up; texts to handsets go at their end",
    ),
    key(
        "retention.folder",
        Kind::Text,
        "",
        "Folder of the files, the same for all processes of a database; archives in the data folder if not given",
    ),
    key("log.level", Kind::Text, "\"info\"", "error, warn, info, debug, trace, or a filter: warn,sambac_engine=debug"),
    key("log.format", Kind::Text, "\"text\"", "text or json"),
    key(
        "pdu_log.session_pdus_max",
        Kind::Number,
        "256",
        "PDUs of one session kept in memory, texts, passwords and ends of numbers masked; 0: no log of PDUs",
    ),
    key("pdu_log.session_octets_max", Kind::Number, "32768", "Octets of PDUs of one session kept in memory"),
    key(
        "pdu_log.reveal_s_max",
        Kind::Number,
        "0",
        "Seconds for which texts and numbers may be kept and shown at a time; 0: never",
    ),
    key(
        "limits.lane_capacity",
        Kind::Number,
        "8192",
        "Tasks of one lane of one queue kept in memory; the rest stays on disk",
    ),
    key("limits.live_capacity", Kind::Number, "50000", "Unfinished messages kept in memory"),
    key("limits.group_max", Kind::Number, "2000", "Writes that one commit takes"),
    key("limits.writes_capacity", Kind::Number, "16384", "Writes that may wait for a commit"),
    key("limits.attempts_max", Kind::Number, "5", "Attempts at one segment, over all connectors"),
    key(
        "limits.receipt_grace_s",
        Kind::Number,
        "3600",
        "Seconds after its validity until a message without a receipt is given up",
    ),
    key("limits.smpp_connections_max", Kind::Number, "2000", "SMPP connections of clients at a time"),
    key(
        "limits.smpp_connections_per_source_max",
        Kind::Number,
        "500",
        "SMPP connections from one address, or one /64 of IPv6, at a time",
    ),
    key(
        "limits.http_connections_per_peer_max",
        Kind::Number,
        "256",
        "HTTP connections from one address at a time; more for a proxy",
    ),
    key("limits.stop_timeout_s", Kind::Number, "20", "Seconds that an orderly stop may take"),
];

/// Variables that belong to clients of the platform (`sambac send`, `demo.env`) or to other commands, not to this list.
const OTHER_VARIABLES: &[&str] = &[
    "SAMBAC_CONFIG",
    "SAMBAC_URL",
    "SAMBAC_API_KEY",
    "SAMBAC_ADMIN_KEY",
    "SAMBAC_SERVICES_URL",
    "SAMBAC_SMPP_ADDR",
    "SAMBAC_SMPP_SYSTEM_ID",
    "SAMBAC_SMPP_PASSWORD",
    "SAMBAC_SIMULATOR_PASSWORD",
    "SAMBAC_CERTIFY_PASSWORD",
];

/// Variables that `sambac export` proposes for the passwords of connectors, for `sambac apply`.
pub(crate) const PASSWORD_PREFIX: &str = "SAMBAC_PASSWORD_";

impl Key {
    /// Its environment twin.
    pub(crate) fn variable(&self) -> String {
        format!("SAMBAC_{}", self.path.to_uppercase().replace('.', "_"))
    }

    /// Whether a value may be shown as it is.
    pub(crate) fn shown(&self, value: &toml::Value) -> Value {
        match (self.kind, value) {
            (Kind::Secret, _) => json!("***"),
            (Kind::Url, toml::Value::String(url)) => json!(without_password(url)),
            (Kind::List, toml::Value::Array(items)) => items.iter().map(shown_item).collect(),
            (_, value) => serde_json::to_value(value).unwrap_or(Value::Null),
        }
    }

    /// A text from a variable or a flag as a value of this key.
    pub(crate) fn read(&self, text: &str) -> Result<toml::Value, String> {
        match self.kind {
            Kind::Number => {
                text.trim().parse().map(toml::Value::Integer).map_err(|_| format!("`{text}` is not a number"))
            }
            Kind::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Ok(toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect()))
            }
            _ => Ok(toml::Value::String(text.to_owned())),
        }
    }
}

/// An entry of a list, which may be a URL.
fn shown_item(item: &toml::Value) -> Value {
    match item.as_str() {
        Some(text) if text.starts_with("http://") || text.starts_with("https://") => json!(without_password(text)),
        _ => serde_json::to_value(item).unwrap_or(Value::Null),
    }
}

/// The key of a dotted path.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The key of a variable; an error for one that begins like ours and means nothing.
pub(crate) fn of_variable(name: &str) -> Result<Option<&'static Key>, String> {
    if !name.starts_with("SAMBAC_") || is_of_others(name) {
        return Ok(None);
    }
    let key = KEYS.iter().find(|key| key.variable() == name);
    key.map(Some).ok_or_else(|| "there is no such variable; `sambac config schema` lists them".to_owned())
}

fn is_of_others(name: &str) -> bool {
    OTHER_VARIABLES.contains(&name) || name.strip_prefix(PASSWORD_PREFIX).is_some_and(|of| !of.is_empty())
}

/// The keys as a JSON Schema.
pub(crate) fn schema() -> Value {
    let mut sections: Map<String, Value> = Map::new();
    let mut top: Map<String, Value> = Map::new();
    for key in KEYS {
        match key.path.split_once('.') {
            None => {
                top.insert(key.path.to_owned(), key.schema());
            }
            Some((section, name)) => {
                let section = sections.entry(section).or_insert_with(|| object(&Map::new()));
                section["properties"][name] = key.schema();
            }
        }
    }
    top.extend(sections);
    let mut schema = object(&top);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Sambac configuration");
    schema
}

fn object(properties: &Map<String, Value>) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

impl Key {
    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Number => json!({"type": "integer", "minimum": 0}),
            Kind::List => json!({"type": "array", "items": {"type": "string"}}),
            _ => json!({"type": "string"}),
        };
        schema["description"] = json!(format!("{} ({})", self.help, self.variable()));
        if let Some(default) = self.default_value() {
            schema["default"] = serde_json::to_value(default).unwrap_or(Value::Null);
        }
        schema
    }

    /// The default, if there is one.
    pub(crate) fn default_value(&self) -> Option<toml::Value> {
        let table: toml::Table = toml::from_str(&format!("value = {}", self.default)).ok()?;
        table.get("value").cloned()
    }
}

/// A URL as it may be shown: without its password, and without what its query says beside a few words that are no secrets.
pub(super) fn without_password(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return "***".to_owned() };
    if url.password().is_some() {
        // Fails only for URLs that cannot have a password.
        let _ = url.set_password(Some("***"));
    }
    if url.query().is_some() {
        let shown = |name: &str| SHOWN_PARAMETERS.contains(&name);
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if shown(&name) { value.into_owned() } else { "***".to_owned() };
                (name.into_owned(), value)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.to_string()
}

/// Parameters of URLs that hold no secret.
const SHOWN_PARAMETERS: &[&str] =
    &["host", "hostaddr", "port", "user", "dbname", "sslmode", "application_name", "statement-cache-capacity", "mode"];

#[cfg(test)]
mod tests {
    use super::*;

    /// A password is not shown wherever in a URL it stands.
    #[test]
    fn no_secret_of_a_url_is_shown() {
        for (text, shown) in [
            ("postgres://sambac:5ecret@db/sambac", "postgres://sambac:***@db/sambac"),
            (
                "postgres:///sb?host=db&port=5432&user=sb&password=5ecret",
                "postgres:///sb?host=db&port=5432&user=sb&password=***",
            ),
            ("amqp://u:5ecret@mq/%2f?password=5ecret", "amqp://u:***@mq/%2f?password=***"),
            ("https://logs.example/heads?token=5ecret", "https://logs.example/heads?token=***"),
            ("no url with 5ecret", "***"),
        ] {
            assert_eq!(without_password(text), shown);
        }
        let shown = |path: &str, value: toml::Value| find(path).expect("a key").shown(&value).to_string();
        let heads = toml::Value::Array(vec!["log".into(), "https://u:5ecret@h/?token=5ecret".into()]);
        assert_eq!(shown("audit.heads_to", heads), "[\"log\",\"https://u:***@h/?token=***\"]");
        assert_eq!(shown("payments.url", "https://u:5ecret@h/".into()), "\"https://u:***@h/\"");
    }
}
