//! The configuration as people write it: the file that `sambac apply` reads and `sambac config export` writes, and the objects
//! of the admin API. Things are named, not numbered. Unknown keys are refused.

mod catalogue;
mod issuer;
mod key;

use std::fmt;

use sambac_domain::content::ContentRules;
use sambac_domain::fraud::GuardSettings;
use sambac_domain::message_rules::MessageRules;
use sambac_domain::mo::MoStrategy;
use sambac_domain::{ChargePolicy, Strategy, Throughput, TrafficClass};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use catalogue::{Network, NumberPrefix, OperatorGroup};
pub use issuer::Issuer;
pub use key::{AdminKey, ApiKey};

use super::limits::Limits;
use crate::rate::RateLimits;

/// The whole file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// Mobile operators and aggregators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operator: Vec<Operator>,
    /// Links to their SMSCs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connector: Vec<Connector>,
    /// What people know better of networks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<Network>,
    /// And of what numbers begin with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub number_prefix: Vec<NumberPrefix>,
    /// Networks that belong together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operator_group: Vec<OperatorGroup>,
    /// Price lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tariff: Vec<Tariff>,
    /// Customer accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub account: Vec<Account>,
    /// Their ways in over SMPP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub smpp_account: Vec<SmppAccount>,
    /// Their REST API keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_key: Vec<ApiKey>,
    /// Whose tokens are believed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuer: Vec<Issuer>,
    /// Routing rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<Route>,
    /// Addresses that are told of final states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhook: Vec<Webhook>,
    /// Who gets messages from handsets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mo_route: Vec<MoRoute>,
    /// Keys of the admin API.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub admin_key: Vec<AdminKey>,
}

/// A mobile operator or aggregator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Its name, unique.
    pub name: String,
}

/// A link to an operator's SMSC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// Its name, unique.
    pub name: String,
    /// Whose SMSC it leads to.
    pub operator: String,
    /// Where to connect.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What we bind as.
    pub system_id: String,
    /// Better given by `password_env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// The variable that holds the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// `transmitter`, `receiver` or `transceiver`.
    #[serde(default = "transceiver")]
    pub bind_kind: String,
    /// How many binds are kept open.
    #[serde(default = "one")]
    pub binds: u8,
    /// Unanswered submits per bind.
    #[serde(default = "ten")]
    pub window_max: u16,
    /// Segments per second over all binds; 0 = no limit.
    #[serde(default)]
    pub throughput_per_s_max: u32,
    /// Its profile: a preset and what differs from it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A price list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// Its name, unique.
    pub name: String,
    /// The currency of its prices.
    pub currency: String,
    /// The lines of its sheet of now; without it, its sheets stay as they are. Other lines than those of now are a new sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Vec<Rate>>,
}

/// A line of it: for a network, an operator group, a prefix, a country, or everything else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Price of a segment, decimal text.
    pub price: String,
    /// A mobile country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc: Option<String>,
    /// A network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc_mnc: Option<String>,
    /// What the number begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// A country, which may have several mobile country codes: `DE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The id of an operator group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_group: Option<String>,
    /// Only for senders of this form: `name`, `short_code` or `number`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Only for this traffic class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<TrafficClass>,
    /// When a segment is paid for.
    #[serde(default, skip_serializing_if = "is_delivered")]
    pub charge: ChargePolicy,
}

/// A customer account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name, unique.
    pub name: String,
    /// What it pays in.
    pub currency: String,
    /// The price list it pays by.
    pub tariff: String,
    /// How far below zero its wallet may go, decimal text.
    #[serde(default = "zero")]
    pub credit_limit: String,
    /// `active` or `suspended`.
    #[serde(default = "active")]
    pub state: String,
    /// How much it may submit over all its ways in, as "200/s burst 50"; empty = no limit.
    #[serde(default)]
    pub throughput: Throughput,
    /// The account whose wallet pays for this one, in the same currency; its own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_of: Option<String>,
    /// The least that must be left of a segment's price after its cost: `0.002`, or `off`; its route's if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_floor: Option<String>,
    /// The most that one of its messages may cost, all its segments together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_price_max: Option<String>,
    /// How much it may spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How often it may call the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<RateLimits>,
    /// Addresses and networks that the API may be called from; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
    /// What its texts may not carry.
    #[serde(default, skip_serializing_if = "ContentRules::is_off")]
    pub content: ContentRules,
    /// What its messages have to keep to.
    #[serde(default, skip_serializing_if = "MessageRules::is_default")]
    pub messaging: MessageRules,
    /// How its one-time codes are guarded against pumping.
    #[serde(default, skip_serializing_if = "GuardSettings::is_default")]
    pub otp_guard: GuardSettings,
    /// Payments received. Each reference is booked once, however often the file is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payment: Vec<Payment>,
}

/// A payment of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// How much, decimal text.
    pub amount: String,
    /// The payer's reference.
    pub reference: String,
    /// How.
    #[serde(default = "manual")]
    pub method: String,
}

/// A client's way in over SMPP.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmppAccount {
    /// What the client binds as, unique.
    pub system_id: String,
    /// Whose it is.
    pub account: String,
    /// Better given by `password_env`, or made by the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// The variable that holds the password; one is made when there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// Addresses and networks that may bind; empty: any.
    #[serde(default)]
    pub allowed_ips: Vec<String>,
    /// How many binds at a time.
    #[serde(default = "ten")]
    pub binds_max: u16,
    /// Unanswered PDUs to the client at a time.
    #[serde(default = "hundred")]
    pub window_max: u16,
    /// The class of what arrives here.
    #[serde(default = "transactional")]
    pub class: TrafficClass,
    /// Its profile: a preset and what differs from it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// `active` or `suspended`.
    #[serde(default = "active")]
    pub state: String,
}

/// A routing rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Its name, unique.
    pub name: String,
    /// Order of trying; lower first.
    pub position: i32,
    /// What it applies to.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_empty")]
    pub matches: Match,
    /// How its connectors are used.
    #[serde(default = "failover")]
    pub strategy: Strategy,
    /// Its connectors, in order.
    pub connectors: Vec<String>,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The least that must be left of a segment's price after its cost: `0.002`, or `off`; the platform's if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_floor: Option<String>,
}

/// What a route asks of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Messages of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Numbers that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Numbers of this country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc: Option<String>,
    /// Numbers of this network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc_mnc: Option<String>,
    /// Messages with this sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Messages of this class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<TrafficClass>,
}

/// An address that is told of an account's final states.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Whose it is.
    pub account: String,
    /// Where events are posted.
    pub url: String,
    /// Whether it is called.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Of which event types it is told; an empty list: of all. What a file does not say stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// What it is for. What a file does not say stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Who gets messages from handsets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoRoute {
    /// Its name, unique.
    pub name: String,
    /// Whose messages they are; its targets are this account's.
    pub account: String,
    /// Order of trying; lower first.
    pub position: i32,
    /// What it applies to.
    #[serde(default, rename = "match", skip_serializing_if = "MoRouteMatch::is_empty")]
    pub matches: MoRouteMatch,
    /// How its targets are used.
    #[serde(default = "mo_failover")]
    pub strategy: MoStrategy,
    /// Its targets, in order.
    pub targets: Vec<MoRouteTarget>,
    /// How long a target may be away before the next one has its turn, in seconds.
    #[serde(default = "five_minutes")]
    pub away_max_s: u32,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// What it asks of a message: of each list that is given, one entry must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoRouteMatch {
    /// Numbers or short codes written to; `*` at the end stands for whatever follows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// What the handset's number begins with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_prefixes: Vec<String>,
    /// Connectors by which it comes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connectors: Vec<String>,
    /// First words of the text, in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
}

/// One target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoRouteTarget {
    /// A webhook, by its URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// An SMPP account, by its system_id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smpp: Option<String>,
}

/// A password in clear, on its way in. Never printed, never written out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl MoRouteMatch {
    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Match {
    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn is_delivered(charge: &ChargePolicy) -> bool {
    *charge == ChargePolicy::Delivered
}

fn mo_failover() -> MoStrategy {
    MoStrategy::Failover
}

fn five_minutes() -> u32 {
    300
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
