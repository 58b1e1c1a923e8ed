//! What is asked of a key, checked, and as it is stored.

use sambac_domain::error::ErrorCode;
use sambac_domain::throughput::Throughput;
use sambac_domain::{AccountId, ApiKeyId, Timestamp};
use sambac_store::Sealed;
use sambac_store::rows::{AccessState, ApiKeyRow};

use crate::Scope;
use crate::api_key::Environment;
use crate::ip_range::IpRange;
use crate::refusal::Refusal;

/// Characters of a name.
const NAME_MAX: usize = 64;
/// Addresses and networks in one list.
const ADDRESSES_MAX: usize = 64;

/// A key to make.
#[derive(Clone, Debug, Default)]
pub struct NewKeyOrder {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What it may touch; that of the key that makes it if not given, else live.
    pub environment: Option<Environment>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// Addresses and networks that it may be used from; empty: those of its account.
    pub allowed_ips: Vec<String>,
    /// How often it may be used, as `100/s burst 20`; empty: no limit of its own.
    pub rate_limit: String,
}

/// What changes of a key; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may do.
    pub scopes: Option<Vec<String>>,
    /// When it stops working; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Addresses and networks that it may be used from.
    pub allowed_ips: Option<Vec<String>>,
    /// How often it may be used.
    pub rate_limit: Option<String>,
}

/// The row of a new key, still without a secret.
pub(super) fn row(
    id: ApiKeyId,
    account_id: AccountId,
    order: NewKeyOrder,
    environment: Environment,
    now: Timestamp,
) -> Result<ApiKeyRow, Refusal> {
    let NewKeyOrder { name, scopes, environment: _, expires_at, allowed_ips, rate_limit } = order;
    Ok(ApiKeyRow {
        id,
        account_id,
        name: checked_name(name)?,
        environment: environment.as_str().to_owned(),
        secret_hash: Sealed::default(),
        scopes: checked_scopes(scopes)?,
        state: AccessState::Active,
        created_at: now,
        expires_at: checked_end(expires_at, now)?,
        former_secret_hash: None,
        former_until: None,
        allowed_ips: checked_addresses(allowed_ips)?,
        rate_limit: checked_rate(&rate_limit)?,
    })
}

/// The row after a change.
pub(super) fn changed(row: ApiKeyRow, change: KeyChange, now: Timestamp) -> Result<ApiKeyRow, Refusal> {
    let KeyChange { name, scopes, expires_at, allowed_ips, rate_limit } = change;
    Ok(ApiKeyRow {
        name: name.map_or(Ok(row.name), checked_name)?,
        scopes: scopes.map_or(Ok(row.scopes), checked_scopes)?,
        expires_at: expires_at.map_or(Ok(row.expires_at), |end| checked_end(end, now))?,
        allowed_ips: allowed_ips.map_or(Ok(row.allowed_ips), checked_addresses)?,
        rate_limit: rate_limit.map_or(Ok(row.rate_limit), |text| checked_rate(&text))?,
        ..row
    })
}

fn bad(field: &'static str, why: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, why).at(field)
}

fn checked_name(name: String) -> Result<String, Refusal> {
    let fits = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(bad("/name", format!("must be 1 to {NAME_MAX} characters"))) }
}

fn checked_scopes(mut scopes: Vec<String>) -> Result<Vec<String>, Refusal> {
    if let Some(word) = scopes.iter().position(|word| Scope::parse(word).is_none()) {
        let all = Scope::ALL.map(Scope::as_str).join(", ");
        return Err(Refusal::new(ErrorCode::InvalidRequest, format!("is none of {all}")).at(format!("/scopes/{word}")));
    }
    scopes.sort_by_key(|word| Scope::ALL.iter().position(|scope| scope.as_str() == word));
    scopes.dedup();
    if scopes.is_empty() { Err(bad("/scopes", "must have at least one")) } else { Ok(scopes) }
}

fn checked_end(end: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    if end.is_some_and(|end| end <= now) { Err(bad("/expires_at", "must be in the future")) } else { Ok(end) }
}

fn checked_addresses(texts: Vec<String>) -> Result<Vec<String>, Refusal> {
    if texts.len() > ADDRESSES_MAX {
        return Err(bad("/allowed_ips", format!("must have at most {ADDRESSES_MAX}")));
    }
    match texts.iter().position(|text| IpRange::parse(text).is_none()) {
        None => Ok(texts),
        Some(place) => {
            let why = "must be an address or a range such as 192.0.2.0/24";
            Err(Refusal::new(ErrorCode::InvalidRequest, why).at(format!("/allowed_ips/{place}")))
        }
    }
}

fn checked_rate(text: &str) -> Result<String, Refusal> {
    let rate = text.parse::<Throughput>().map_err(|error| bad("/rate_limit", error.to_string()))?;
    Ok(rate.to_string())
}
