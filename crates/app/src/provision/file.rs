//! The provisioning file as it is written. Unknown keys are refused with their line.

use std::path::Path;

use sambac_domain::{Strategy, Throughput, TrafficClass};
use serde::Deserialize;

use crate::exit::{Exit, Failure};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) operator: Vec<Operator>,
    pub(crate) connector: Vec<Connector>,
    pub(crate) tariff: Vec<Tariff>,
    pub(crate) account: Vec<Account>,
    pub(crate) smpp_account: Vec<SmppAccount>,
    pub(crate) api_key: Vec<ApiKey>,
    pub(crate) route: Vec<Route>,
    pub(crate) webhook: Vec<Webhook>,
}

/// A mobile operator or aggregator.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operator {
    pub(crate) name: String,
}

/// A link to an operator's SMSC.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connector {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) system_id: String,
    /// Better given by `password_env`.
    pub(crate) password: Option<String>,
    /// The variable that holds the password.
    pub(crate) password_env: Option<String>,
    #[serde(default = "transceiver")]
    pub(crate) bind_kind: String,
    #[serde(default = "one")]
    pub(crate) binds: u8,
    #[serde(default = "ten")]
    pub(crate) window_max: u16,
    /// Segments per second over all binds; 0 = no limit.
    #[serde(default)]
    pub(crate) throughput_per_s_max: u32,
    #[serde(default)]
    pub(crate) settings: toml::Table,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

/// A price list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tariff {
    pub(crate) name: String,
    pub(crate) currency: String,
    #[serde(default)]
    pub(crate) rate: Vec<Rate>,
}

/// A line of it: for a network, a country, a prefix, or everything else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    pub(crate) price: String,
    pub(crate) mcc: Option<String>,
    pub(crate) mcc_mnc: Option<String>,
    pub(crate) prefix: Option<String>,
}

/// A customer account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) currency: String,
    pub(crate) tariff: String,
    #[serde(default = "zero")]
    pub(crate) credit_limit: String,
    #[serde(default = "active")]
    pub(crate) state: String,
    /// How much it may submit over all its ways in, as "200/s burst 50"; empty = no limit.
    #[serde(default)]
    pub(crate) throughput: Throughput,
    /// Payments received. Each reference is booked once, however often the file is applied.
    #[serde(default)]
    pub(crate) payment: Vec<Payment>,
}

/// A payment of an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payment {
    pub(crate) amount: String,
    pub(crate) reference: String,
    #[serde(default = "manual")]
    pub(crate) method: String,
}

/// A client's way in over SMPP.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmppAccount {
    pub(crate) system_id: String,
    pub(crate) account: String,
    /// The variable that holds the password; one is made when there is none yet.
    pub(crate) password_env: Option<String>,
    #[serde(default)]
    pub(crate) allowed_ips: Vec<String>,
    #[serde(default = "ten")]
    pub(crate) binds_max: u16,
    #[serde(default = "hundred")]
    pub(crate) window_max: u16,
    #[serde(default = "transactional")]
    pub(crate) class: TrafficClass,
    #[serde(default)]
    pub(crate) settings: toml::Table,
    #[serde(default = "active")]
    pub(crate) state: String,
}

/// A REST API key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKey {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    #[serde(default = "live")]
    pub(crate) environment: String,
    #[serde(default = "active")]
    pub(crate) state: String,
}

/// A routing rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) name: String,
    pub(crate) position: i32,
    #[serde(default, rename = "match")]
    pub(crate) matches: Match,
    #[serde(default = "failover")]
    pub(crate) strategy: Strategy,
    pub(crate) connectors: Vec<String>,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

/// What a route asks of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Match {
    pub(crate) account: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) mcc: Option<String>,
    pub(crate) mcc_mnc: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) class: Option<TrafficClass>,
}

/// An address that is told of an account's final states.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) account: String,
    pub(crate) url: String,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
}

impl File {
    /// Reads `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::because(Exit::Configuration, format!("{name}: {error}")))?;
        Self::parse(&text).map_err(|error| Failure::because(Exit::Configuration, format!("{name}: {error}")))
    }

    /// Reads `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

fn yes() -> bool {
    true
}

fn one() -> u8 {
    1
}

fn ten() -> u16 {
    10
}

fn hundred() -> u16 {
    100
}

fn zero() -> String {
    "0".to_owned()
}

fn active() -> String {
    "active".to_owned()
}

fn live() -> String {
    "live".to_owned()
}

fn manual() -> String {
    "manual".to_owned()
}

fn transceiver() -> String {
    "transceiver".to_owned()
}

fn transactional() -> TrafficClass {
    TrafficClass::Transactional
}

fn failover() -> Strategy {
    Strategy::Failover
}
