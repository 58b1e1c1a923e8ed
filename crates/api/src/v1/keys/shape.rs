//! What is said of keys, by clients and administrators alike.

use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, Timestamp};
use sambac_engine::api_key::Environment;
use sambac_engine::keyring::{KeyChange, NewKeyOrder, ROTATION_DEFAULT_S, SecretKey, ShownKey};
use sambac_store::rows::AccessState;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::shown::Moment;
use crate::v1::paging;

/// A key to make.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddKey {
    /// What you call it; new in the account.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "core banking")]
    name: String,
    /// What it may do.
    #[garde(length(min = 1, max = 32))]
    #[schema(min_items = 1, max_items = 32, example = json!(["sms:send", "sms:read"]))]
    scopes: Vec<String>,
    /// `live`, or `test` for one that reaches test numbers only.
    #[garde(skip)]
    #[schema(value_type = Option<EnvironmentWord>)]
    environment: Option<String>,
    /// When it stops working; never if not given.
    #[garde(skip)]
    expires_at: Option<Moment>,
    /// Addresses and networks that it may be used from, IPv4 and IPv6; empty: any that the account allows.
    #[garde(length(max = 64))]
    #[schema(max_items = 64, example = json!(["192.0.2.0/24"]))]
    allowed_ips: Option<Vec<String>>,
    /// How often it may be used, as `100/s burst 20`; as often as the account may if not given.
    #[garde(length(chars, max = 40))]
    #[schema(max_length = 40, example = "100/s burst 20")]
    rate_limit: Option<String>,
}

/// What changes of a key.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateKey {
    /// What you call it; new in the account.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// What it may do.
    #[garde(length(min = 1, max = 32))]
    #[schema(min_items = 1, max_items = 32)]
    scopes: Option<Vec<String>>,
    /// When it stops working; `null`: never.
    #[garde(skip)]
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Option<Moment>>,
    /// Addresses and networks that it may be used from; empty: any that the account allows.
    #[garde(length(max = 64))]
    #[schema(max_items = 64)]
    allowed_ips: Option<Vec<String>>,
    /// How often it may be used; empty: as often as the account may.
    #[garde(length(chars, max = 40))]
    #[schema(max_length = 40, example = "100/s burst 20")]
    rate_limit: Option<String>,
}

/// How a key is rotated.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateKey {
    /// Seconds that the present secret works on; 0: not at all.
    #[garde(range(max = 2_592_000))]
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    keep_s: Option<u32>,
}

/// What a key may touch.
#[derive(ToSchema)]
#[schema(as = KeyEnvironment, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a word")]
enum EnvironmentWord {
    Live,
    Test,
}

/// Whether a key may be used.
#[derive(ToSchema)]
#[schema(as = KeyState, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a word")]
enum StateWord {
    Active,
    Suspended,
    Revoked,
    Expired,
}

/// An API key; its secret is not shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    #[schema(example = "key_01h2xcejqtf2n")]
    id: String,
    #[schema(value_type = String, example = "acc_01h2xcejqtf2n")]
    account: AccountId,
    name: String,
    #[schema(value_type = EnvironmentWord)]
    environment: String,
    /// What it may do.
    scopes: Vec<String>,
    #[schema(value_type = StateWord)]
    state: &'static str,
    created_at: Moment,
    /// When it stops working.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Moment>,
    /// Addresses and networks that it may be used from; empty: any that the account allows.
    allowed_ips: Vec<String>,
    /// How often it may be used; missing when it has no limit of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<String>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Moment>,
    /// Until when the secret before the last rotation works, too; missing when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<Moment>,
}

/// A key with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedKey {
    #[serde(flatten)]
    shown: Key,
    /// The key itself. Shown this once.
    #[schema(example = "sambac_live_…")]
    key: String,
}

/// Which keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListKeys {
    /// Keys on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(in crate::v1) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(in crate::v1) cursor: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyPage {
    data: Vec<Key>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A field that is there, be it with `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Moment>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl AddKey {
    pub(in crate::v1) fn order(self) -> Result<NewKeyOrder, Problem> {
        let unknown = || {
            let problem = Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid");
            problem.at("/environment", "must be live or test")
        };
        let environment = self.environment.map(|word| Environment::parse(&word).ok_or_else(unknown)).transpose()?;
        Ok(NewKeyOrder {
            name: self.name,
            scopes: self.scopes,
            environment,
            expires_at: self.expires_at.map(|moment| moment.0),
            allowed_ips: self.allowed_ips.unwrap_or_default(),
            rate_limit: self.rate_limit.unwrap_or_default(),
        })
    }
}

impl UpdateKey {
    pub(in crate::v1) fn change(self) -> KeyChange {
        let Self { name, scopes, expires_at, allowed_ips, rate_limit } = self;
        let expires_at = expires_at.map(|end| end.map(|moment| moment.0));
        KeyChange { name, scopes, expires_at, allowed_ips, rate_limit }
    }
}

impl RotateKey {
    pub(in crate::v1) fn keep_s(&self) -> u32 {
        self.keep_s.unwrap_or(ROTATION_DEFAULT_S)
    }
}

impl Key {
    pub(in crate::v1) fn new(ShownKey { row, used_at }: ShownKey, now: Timestamp) -> Self {
        let is_over = row.state == AccessState::Active && row.expires_at.is_some_and(|end| end <= now);
        Self {
            id: row.id.to_string(),
            account: row.account_id,
            state: if is_over { "expired" } else { row.state.as_str() },
            name: row.name,
            environment: row.environment,
            scopes: row.scopes,
            created_at: Moment(row.created_at),
            expires_at: row.expires_at.map(Moment),
            allowed_ips: row.allowed_ips,
            rate_limit: Some(row.rate_limit).filter(|text| !text.is_empty()),
            last_used_at: used_at.map(Moment),
            former_secret_until: row.former_until.filter(|end| *end > now).map(Moment),
        }
    }
}

impl AddedKey {
    pub(in crate::v1) fn new(SecretKey { row, text }: SecretKey, now: Timestamp) -> Self {
        let key = text.expose_secret().to_owned();
        Self { shown: Key::new(ShownKey { row, used_at: None }, now), key }
    }
}

impl KeyPage {
    pub(in crate::v1) fn new(mut keys: Vec<ShownKey>, limit: u32, now: Timestamp) -> Self {
        let next_cursor = paging::cut(&mut keys, limit, |key| key.row.id.to_string());
        Self { data: keys.into_iter().map(|key| Key::new(key, now)).collect(), next_cursor }
    }
}
