//! Lays the sources over each other: each key has the value of the last source that names it, and remembers which that was.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize as _;

use super::keys::{self, KEYS, Key};
use super::{COMMAND_LINE_NODE, Config, Flags};

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

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{from}: {detail}")]
    Malformed { from: String, detail: String },
}

type Values = BTreeMap<&'static str, Given>;

impl Loaded {
    /// Loads from the file that the flags name, this environment and the flags.
    pub(crate) fn load(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values = defaults();
        if let Some(path) = &flags.config {
            add_file(&mut values, path)?;
        }
        for (name, text) in environment {
            match keys::of_variable(&name) {
                Ok(Some(key)) => add_text(&mut values, key, name, &text)?,
                Ok(None) => {}
                Err(detail) => return Err(ConfigError::Malformed { from: name, detail }),
            }
        }
        for (flag, path, text) in flags.given() {
            let key = keys::find(path).ok_or_else(|| malformed(flag, "sets no key"))?;
            add_text(&mut values, key, flag.to_owned(), &text)?;
        }
        let config =
            Config::deserialize(table(&values)).map_err(|error| malformed("configuration", error.message()))?;
        check(&config, &values)?;
        Ok(Self { config, values })
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

fn add_file(values: &mut Values, path: &Path) -> Result<(), ConfigError> {
    let from = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: from.clone(), source })?;
    // Read as a whole first: that knows the line of an unknown key or of a value of the wrong kind.
    toml::from_str::<Config>(&text).map_err(|error| malformed(&from, error.to_string()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| malformed(&from, error.to_string()))?;
    for key in KEYS {
        if let Some(value) = look_up(&table, key.path) {
            values.insert(key.path, Given { value: value.clone(), from: from.clone() });
        }
    }
    Ok(())
}

fn add_text(values: &mut Values, key: &'static Key, from: String, text: &str) -> Result<(), ConfigError> {
    let value = key.read(text).map_err(|detail| malformed(&from, detail))?;
    let given = Given { value, from };
    // Read alone first, so that the error can name the source.
    let alone = BTreeMap::from([(key.path, given.clone())]);
    Config::deserialize(table(&alone)).map_err(|error| malformed(&given.from, error.message()))?;
    values.insert(key.path, given);
    Ok(())
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
fn check(config: &Config, values: &Values) -> Result<(), ConfigError> {
    let from = |path: &str| values.get(path).map_or("configuration", |given| given.from.as_str());
    if config.node >= COMMAND_LINE_NODE {
        return Err(malformed(from("node"), "node must be from 0 to 62 (63 is the command line)"));
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
            return Err(malformed(from(&path), format!("{path} must be above 0")));
        }
    }
    if config.smpp.refused_status == 0 {
        let detail = "smpp.refused_status must be above 0, which means success";
        return Err(malformed(from("smpp.refused_status"), detail));
    }
    let range =
        config.webhooks.private_ranges.iter().find(|text| sambac_engine::snapshot::IpRange::parse(text).is_none());
    if let Some(text) = range {
        let detail = format!("webhooks.private_ranges: `{text}` is not an address range such as 10.0.0.0/8");
        return Err(malformed(from("webhooks.private_ranges"), detail));
    }
    let url = config.store_url();
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(malformed(from("store.url"), "store.url must begin with sqlite:// or postgres://"));
    }
    Ok(())
}

fn malformed(from: &str, detail: impl Into<String>) -> ConfigError {
    ConfigError::Malformed { from: from.to_owned(), detail: detail.into() }
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
    fn clients_variables_are_let_pass() {
        let environment = [("SAMBAC_API_KEY", "x"), ("SAMBAC_SMPP_ADDR", "x"), ("SAMBAC_URL", "x")];
        assert!(load("", &environment, Flags::default()).is_ok());
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
