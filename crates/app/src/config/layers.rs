//! Lays the sources over each other: each key has the value of the last source that names it, and remembers which that was.

use std::collections::BTreeMap;
use std::path::Path;

use sambac_bus::amqp::BrokerUrl;
use sambac_bus::redis::{NODES_MAX, RedisUrl};
use sambac_domain::in_words::in_words;
use sambac_engine::audit::head::HeadReceiver;
use serde::Deserialize as _;

use super::keys::{self, KEYS, Key};
use super::{COMMAND_LINE_NODE, Config, Flags, Role};

/// A request is held up by no more than that.
const TIMEOUT_MS_MAX: u64 = 5_000;

/// A configuration and where each of its values is from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// By path.
    pub(crate) values: BTreeMap<&'static str, Given>,
}

/// A value and its source: `default`, the file's path, a variable, a flag.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) value: toml::Value,
    pub(crate) from: String,
}

/// A configuration that cannot be used: everything that is wrong with it, each with its source.
#[derive(Debug, Default, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub(crate) struct ConfigError(Vec<String>);

impl ConfigError {
    fn note(&mut self, from: &str, detail: impl std::fmt::Display) {
        self.0.push(format!("{from}: {}", in_words(&detail.to_string())));
    }
}

type Values = BTreeMap<&'static str, Given>;

impl Loaded {
    /// Loads from the file that the flags name, this environment and the flags.
    pub(crate) fn load(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let (mut values, mut faults) = (defaults(), ConfigError::default());
        if let Some(path) = &flags.config {
            add_file(&mut values, path, &mut faults);
        }
        for (name, text) in environment {
            match keys::of_variable(&name) {
                Ok(Some(key)) => add_text(&mut values, key, name, &text, &mut faults),
                Ok(None) => {}
                Err(detail) => faults.note(&name, detail),
            }
        }
        for (flag, path, text) in flags.given() {
            match keys::find(path) {
                Some(key) => add_text(&mut values, key, flag.to_owned(), &text, &mut faults),
                None => faults.note(flag, "sets no key"),
            }
        }
        // What could not be read is left out: the rest is checked all the same.
        match Config::deserialize(table(&values)) {
            Ok(config) => {
                check(&config, &values, &mut faults);
                if faults.0.is_empty() { Ok(Self { config, values }) } else { Err(faults) }
            }
            Err(error) => {
                faults.note("configuration", error.message());
                Err(faults)
            }
        }
    }

    /// Loads with the environment of this process.
    pub(crate) fn from_process(flags: &Flags) -> Result<Self, ConfigError> {
        Self::load(flags, std::env::vars())
    }
}

fn defaults() -> Values {
    let default =
        |key: &'static Key| Some((key.path, Given { value: key.default_value()?, from: "default".to_owned() }));
    KEYS.iter().filter_map(default).collect()
}

fn add_file(values: &mut Values, path: &Path, faults: &mut ConfigError) {
    let from = path.display().to_string();
    let mut text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return faults.note(&from, error),
    };
    // The reader stops at the first key that is unknown or has a value of the wrong kind, and knows its line: without that line
    // the rest is read. A line that cannot be left out ends it.
    while let Err(error) = toml::from_str::<Config>(&text) {
        let without = error.span().and_then(|span| without_line(&text, span.start));
        faults.note(&from, error);
        match without {
            Some(without) => text = without,
            None => return,
        }
    }
    let Ok(table) = toml::from_str::<toml::Table>(&text) else { return };
    for key in KEYS {
        if let Some(value) = look_up(&table, key.path) {
            values.insert(key.path, Given { value: value.clone(), from: from.clone() });
        }
    }
}

/// The text without the line of this octet, or, where that begins a section, without the section; its lines are empty then, so
/// that the others keep their numbers. `None` when the rest cannot be read at all.
fn without_line(text: &str, at: usize) -> Option<String> {
    let number = text.get(..at)?.matches('\n').count();
    let is_head = |line: &str| line.trim_start().starts_with('[');
    let removes_section = text.lines().nth(number).is_some_and(is_head);
    let mut goes_on = true;
    let mut line_without = |(index, line): (usize, &'_ str)| {
        goes_on &= index <= number || removes_section && !is_head(line);
        let is_removed = index == number || index > number && goes_on;
        if is_removed { String::new() } else { line.to_owned() }
    };
    let without: Vec<String> = text.lines().enumerate().map(&mut line_without).collect();
    let without = without.join("\n");
    (without != text && toml::from_str::<toml::Table>(&without).is_ok()).then_some(without)
}

fn add_text(values: &mut Values, key: &'static Key, from: String, text: &str, faults: &mut ConfigError) {
    let value = match key.read(text) {
        Ok(value) => value,
        Err(detail) => return faults.note(&from, detail),
    };
    let given = Given { value, from };
    // Read alone first, so that the error can name the source.
    let alone = BTreeMap::from([(key.path, given.clone())]);
    match Config::deserialize(table(&alone)) {
        Ok(_) => drop(values.insert(key.path, given)),
        Err(error) => faults.note(&given.from, error.message()),
    }
}

fn look_up<'a>(table: &'a toml::Table, path: &str) -> Option<&'a toml::Value> {
    match path.split_once('.') {
        None => table.get(path),
        Some((section, name)) => table.get(section)?.as_table()?.get(name),
    }
}

fn table(values: &Values) -> toml::Table {
    let mut table = toml::Table::new();
    for (path, given) in values {
        let Some((section, name)) = path.split_once('.') else {
            table.insert((*path).to_owned(), given.value.clone());
            continue;
        };
        let section = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let toml::Value::Table(section) = section {
            section.insert(name.to_owned(), given.value.clone());
        }
    }
    table
}

/// What the kinds of the values do not tell.
fn check(config: &Config, values: &Values, faults: &mut ConfigError) {
    let from = |path: &str| values.get(path).map_or("configuration", |given| given.from.as_str());
    if config.node >= COMMAND_LINE_NODE {
        faults.note(from("node"), "node must be from 0 to 62 (63 is the command line)");
    }
    let lease_s = config.cluster.lease_s;
    if lease_s > 0 && !(3..=300).contains(&lease_s) {
        faults.note(from("cluster.lease_s"), "cluster.lease_s must be 0, or from 3 to 300");
    }
    if lease_s > 0 && config.is_embedded() {
        let detail = "cluster.lease_s is for nodes that share a PostgreSQL database: set store.url, or leave it out";
        faults.note(from("cluster.lease_s"), detail);
    }
    for path in [
        "lane_capacity",
        "live_capacity",
        "group_max",
        "writes_capacity",
        "attempts_max",
        "smpp_connections_max",
        "smpp_connections_per_source_max",
        "http_connections_per_peer_max",
    ] {
        let path = format!("limits.{path}");
        if values.get(path.as_str()).and_then(|given| given.value.as_integer()) == Some(0) {
            faults.note(from(&path), format!("{path} must be above 0"));
        }
    }
    if config.smpp.refused_status == 0 {
        let detail = "smpp.refused_status must be above 0, which means success";
        faults.note(from("smpp.refused_status"), detail);
    }
    if config.retention.hour > 23 {
        faults.note(from("retention.hour"), "retention.hour must be from 0 to 23");
    }
    let public = &config.http.public_url;
    if !public.is_empty() && !url::Url::parse(public).is_ok_and(|url| is_place(&url)) {
        let detail = format!("http.public_url: `{public}` is not a URL such as https://sms.example.com");
        faults.note(from("http.public_url"), detail);
    }
    for text in config.webhooks.ports.iter().filter(|text| text.parse::<u16>().is_err()) {
        faults.note(from("webhooks.ports"), format!("webhooks.ports: `{text}` is not a port"));
    }
    let private = config.webhooks.private_ranges.iter().map(|text| ("webhooks.private_ranges", text));
    let trusted = config.http.trusted_proxies.iter().map(|text| ("http.trusted_proxies", text));
    let ranges = private.chain(trusted);
    for (key, text) in ranges.filter(|(_, text)| sambac_engine::snapshot::IpRange::parse(text).is_none()) {
        faults.note(from(key), format!("{key}: `{text}` is not an address range such as 10.0.0.0/8"));
    }
    if sambac_api::ForwardedHeader::parse(&config.http.forwarded_header).is_none() {
        faults.note(from("http.forwarded_header"), "http.forwarded_header is x-forwarded-for or forwarded");
    }
    for text in config.audit.heads_to.iter().filter(|text| HeadReceiver::parse(text).is_none()) {
        faults.note(from("audit.heads_to"), format!("audit.heads_to: `{text}` is not log, file:/path or a URL"));
    }
    for text in &config.http.cors_origins {
        if let Err(why) = sambac_api::origin(text) {
            faults.note(from("http.cors_origins"), format!("http.cors_origins: `{text}`: an origin {why}"));
        }
    }
    check_redis(config, from, faults);
    check_roles(config, from, faults);
    check_queue(config, from, faults);
    let url = config.store_url();
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
        faults.note(from("store.url"), "store.url must begin with sqlite:// or postgres://");
    } else if let (false, Err(why)) = (config.is_embedded(), url::Url::parse(&url)) {
        faults.note(from("store.url"), format!("store.url cannot be read: {why}"));
    }
}

fn check_redis<'a>(config: &Config, from: impl Fn(&str) -> &'a str, faults: &mut ConfigError) {
    let redis = &config.redis;
    if let Some(Err(error)) = redis.url.as_ref().map(|url| url.expose().parse::<RedisUrl>()) {
        faults.note(from("redis.url"), format!("redis.url: {error}"));
    }
    if !(1..=TIMEOUT_MS_MAX).contains(&redis.timeout_ms) {
        faults.note(from("redis.timeout_ms"), "redis.timeout_ms must be from 1 to 5000");
    }
    if !(1..=NODES_MAX).contains(&redis.nodes_min) {
        faults.note(from("redis.nodes_min"), "redis.nodes_min must be from 1 to 64");
    }
}

/// What the roles of a process need, and where it is reached by others.
fn check_roles<'a>(config: &Config, from: impl Fn(&str) -> &'a str, faults: &mut ConfigError) {
    let has_lease = config.cluster.lease_s > 0;
    if config.cluster.listen.is_some() && !has_lease {
        let detail = "cluster.listen is for nodes that wait for each other: set cluster.lease_s (8), or leave it out";
        faults.note(from("cluster.listen"), detail);
    }
    if config.does(Role::Worker) {
        return;
    }
    if config.roles.contains(&Role::Connector) && config.queue.url.is_none() {
        let detail = "operators' binds are on nodes of their own only where work goes by RabbitMQ: set queue.url";
        faults.note(from("roles"), detail);
    }
    if (config.does(Role::Api) || config.does(Role::Smsc)) && !has_lease {
        let detail =
            "doors are for nodes beside one that works: set store.url and cluster.lease_s (8), or leave roles out";
        faults.note(from("roles"), detail);
    }
}

fn check_queue<'a>(config: &Config, from: impl Fn(&str) -> &'a str, faults: &mut ConfigError) {
    let Some(url) = &config.queue.url else { return };
    match url.expose().parse::<BrokerUrl>() {
        Ok(url) => {
            for place in config.queue.hosts.iter().filter(|place| url.at(place).is_err()) {
                faults.note(from("queue.hosts"), format!("queue.hosts: `{place}` is not host or host:port"));
            }
        }
        Err(error) => faults.note(from("queue.url"), format!("queue.url: {error}")),
    }
    if config.is_embedded() || config.cluster.lease_s == 0 {
        let detail = "queue.url is for nodes that share a PostgreSQL database: set store.url and cluster.lease_s (8), or leave it out";
        faults.note(from("queue.url"), detail);
    }
    let prefix = &config.queue.prefix;
    let is_plain = |text: &str| text.chars().all(|one| one.is_ascii_alphanumeric() || "._-".contains(one));
    if prefix.is_empty() || prefix.len() > 60 || !is_plain(prefix) {
        faults.note(from("queue.prefix"), "queue.prefix is 1 to 60 letters, digits, points, lines and hyphens");
    }
}

/// Whether a URL names a place and nothing more.
fn is_place(url: &url::Url) -> bool {
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    is_bare && matches!(url.scheme(), "https" | "http") && url.has_host()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogFormat;
    use crate::scratch::Folder;

    fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Loaded, String> {
        let folder = Folder::new("config");
        let path = folder.path().join("sambac.toml");
        std::fs::write(&path, file).expect("the folder can be written");
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Loaded::load(&Flags { config: Some(path), ..flags }, environment).map_err(|error| error.to_string())
    }

    #[test]
    fn without_any_source_the_defaults_hold() {
        let loaded = Loaded::load(&Flags::default(), []).expect("the defaults are fine");
        assert_eq!(loaded.config.http.listen, "127.0.0.1:8080".parse().ok());
        assert_eq!(loaded.config.store_url(), "sqlite://sambac-data/sambac.db");
        assert!(loaded.config.is_embedded());
        assert_eq!(loaded.values["limits.group_max"].from, "default");
    }

    #[test]
    fn a_later_source_wins_key_by_key() {
        let file =
            "[http]\nlisten = \"127.0.0.1:1001\"\n[services]\nlisten = \"127.0.0.1:1002\"\n[log]\nlevel = \"warn\"\n";
        let environment =
            [("SAMBAC_HTTP_LISTEN", "127.0.0.1:2001"), ("SAMBAC_LOG_FORMAT", "json"), ("HOME", "/nowhere")];
        let flags = Flags { http_listen: "127.0.0.1:3001".parse().ok(), ..Flags::default() };
        let loaded = load(file, &environment, flags).expect("all of it is fine");
        let config = &loaded.config;
        assert_eq!(config.http.listen, "127.0.0.1:3001".parse().ok());
        assert_eq!(config.services.listen, "127.0.0.1:1002".parse().ok());
        assert_eq!((config.log.level.as_str(), config.log.format), ("warn", LogFormat::Json));
        assert_eq!(loaded.values["http.listen"].from, "--http-listen");
        assert_eq!(loaded.values["log.format"].from, "SAMBAC_LOG_FORMAT");
        assert!(loaded.values["services.listen"].from.ends_with("sambac.toml"));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error =
            load("[http]\nlisten = \"127.0.0.1:1\"\nport = 8080\n", &[], Flags::default()).expect_err("no such key");
        assert!(error.contains("sambac.toml: ") && error.contains("line 3") && error.contains("port"), "{error}");
        let error = load("", &[("SAMBAC_HTTP_PORT", "8080")], Flags::default()).expect_err("no such variable");
        assert!(error.starts_with("SAMBAC_HTTP_PORT: "), "{error}");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let file = "[http]\nlisten = \"8080\"\nport = 8080\n[limits]\ngroup_max = 0\nattempts_max = 300\n\
                    [htpp]\nlisten = \"127.0.0.1:1\"\n";
        let environment = [("SAMBAC_NODE", "many"), ("SAMBAC_HTTP_PORT", "1")];
        let flags = Flags { log_format: Some("xml".to_owned()), ..Flags::default() };
        let error = load(file, &environment, flags).expect_err("much is wrong with it");
        for told in [
            "line 2",
            "line 3",
            "line 6",
            "line 7",
            "expected a whole number from 0 to 255",
            "SAMBAC_NODE: `many` is not a number",
            "SAMBAC_HTTP_PORT: there is no such variable",
            "--log-format: ",
            "limits.group_max must be above 0",
        ] {
            assert!(error.contains(told), "{told}: {error}");
        }
        assert!(!error.contains("line 8"), "what is in the unknown section is not told again: {error}");
    }

    #[test]
    fn clients_variables_are_let_pass() {
        let environment = ["API_KEY", "ADMIN_KEY", "SMPP_ADDR", "URL", "PASSWORD_ALPHA_1"];
        let environment = environment.map(|name| (format!("SAMBAC_{name}"), "x".to_owned()));
        let environment = environment.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
        assert!(load("", &environment, Flags::default()).is_ok());
        for misspelt in ["SAMBAC_ADMIN_KEYS", "SAMBAC_PASSWORD_", "SAMBAC_ADMINKEY"] {
            let error = load("", &[(misspelt, "x")], Flags::default()).expect_err("no such variable");
            assert!(error.starts_with(misspelt), "{error}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_with_its_source() {
        for (variable, value) in [
            ("SAMBAC_NODE", "many"),
            ("SAMBAC_NODE", "63"),
            ("SAMBAC_HTTP_LISTEN", "8080"),
            ("SAMBAC_LIMITS_GROUP_MAX", "0"),
            ("SAMBAC_LOG_FORMAT", "xml"),
            ("SAMBAC_WEBHOOKS_PRIVATE_RANGES", "10.0.0.0/8,ten"),
            ("SAMBAC_STORE_URL", "redis://127.0.0.1"),
            ("SAMBAC_REDIS_URL", "postgres://127.0.0.1"),
            ("SAMBAC_REDIS_TIMEOUT_MS", "0"),
            ("SAMBAC_REDIS_TIMEOUT_MS", "5001"),
            ("SAMBAC_REDIS_NODES_MIN", "65"),
        ] {
            let error = load("", &[(variable, value)], Flags::default()).expect_err("a wrong value");
            assert!(error.starts_with(variable), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let environment =
            [("SAMBAC_MASTER_KEY", "c2VjcmV0"), ("SAMBAC_STORE_URL", "postgres://sambac:hunter2@db/sambac")];
        let loaded = load("", &environment, Flags::default()).expect("all of it is fine");
        assert!(!format!("{:?}", loaded.config).contains("hunter2"));
        let shown = |path: &'static str| keys::find(path).expect("a key").shown(&loaded.values[path].value).to_string();
        assert_eq!(shown("master_key"), "\"***\"");
        assert_eq!(shown("store.url"), "\"postgres://sambac:***@db/sambac\"");
    }

    #[test]
    fn every_key_is_a_field_and_has_a_readable_default() {
        for key in KEYS {
            assert_eq!(key.default_value().is_none(), key.default.is_empty(), "{}", key.path);
        }
        let written = toml::to_string(&table(&defaults())).expect("a table can be written");
        assert!(toml::from_str::<Config>(&written).is_ok(), "{written}");
    }

    #[test]
    fn the_reference_page_names_every_key() {
        let page = include_str!("../../../../docs/reference/configuration.md");
        for key in KEYS {
            let default = if key.default.is_empty() { "–".to_owned() } else { format!("`{}`", key.default) };
            let row = format!("| `{}` | `{}` | {default} | {} |", key.path, key.variable(), key.help);
            assert!(page.contains(&row), "docs/reference/configuration.md must have the row\n{row}");
        }
    }
}
