//! The configuration as a file that makes it again. Secrets are left out: where the file is applied to the same database they
//! stay as they are.

use sambac_domain::content::ContentRules;
use sambac_domain::fraud::GuardSettings;
use sambac_domain::message_rules::MessageRules;
use sambac_domain::mo::MoTarget;
use sambac_domain::spending::SpendingLimits;
use sambac_domain::throughput::Throughput;
use sambac_domain::{AccountId, ConnectorId, Micros, OperatorGroupId, OperatorId, RateScope, TariffId, Timestamp};
use sambac_store::rows::{
    AccountRow, AdminKeyRow, ApiKeyRow, ConnectorRow, IssuerRow, MoRouteRow, NetworkRow, NumberPrefixRow,
    OperatorGroupRow, OperatorRow, RateRow, RouteRow, SmppAccountRow, TariffRow, WebhookRow, WebhookState,
};
use sambac_store::{Configuration, Store, StoreError};
use serde_json::{Map, Value};

use super::file::{
    Account, AdminKey, ApiKey, Connector, File, Issuer, Match, MoRoute, MoRouteMatch, MoRouteTarget, Network,
    NumberPrefix, Operator, OperatorGroup, Rate, Route, SmppAccount, Tariff, Webhook,
};
use super::limits::Limits;
use super::plan::without_nulls;
use crate::issuer::IssuerSettings;
use crate::rate::RateLimits;
use crate::tariff::current::{self, CurrentRates};

/// Larger sheets are not in a configuration file: they are exported by themselves.
const RATES_MAX: u32 = 10_000;

/// Everything but payments, which are no configuration, and secrets. Of each tariff the sheet of `now`.
///
/// # Errors
/// [`StoreError`].
pub async fn export(store: &Store, now: Timestamp) -> Result<File, StoreError> {
    let stored = store.load_configuration().await?;
    let rates = current::rates(store, &stored, now, RATES_MAX, |_| true).await?;
    Ok(file(&stored, &rates))
}

pub(super) fn file(stored: &Configuration, rates: &CurrentRates) -> File {
    File {
        operator: stored.operators.iter().map(operator).collect(),
        connector: stored.connectors.iter().map(|row| connector(stored, row)).collect(),
        network: stored.networks.iter().map(network).collect(),
        number_prefix: stored.number_prefixes.iter().map(number_prefix).collect(),
        operator_group: stored.operator_groups.iter().map(operator_group).collect(),
        tariff: stored.tariffs.iter().map(|row| tariff(stored, rates, row)).collect(),
        account: accounts(stored),
        smpp_account: stored.smpp_accounts.iter().map(|row| smpp_account(stored, row)).collect(),
        api_key: stored.api_keys.iter().map(|row| api_key(stored, row)).collect(),
        issuer: stored.issuers.iter().filter_map(|row| issuer(stored, row)).collect(),
        route: stored.routes.iter().map(|row| route(stored, row)).collect(),
        webhook: stored.webhooks.iter().map(|row| webhook(stored, row)).collect(),
        mo_route: stored.mo_routes.iter().map(|row| mo_route(stored, row)).collect(),
        admin_key: stored.admin_keys.iter().map(admin_key).collect(),
    }
}

/// Those whose wallets others share come before these.
fn accounts(stored: &Configuration) -> Vec<Account> {
    let mut accounts: Vec<_> = stored.accounts.iter().map(|row| account(stored, row)).collect();
    accounts.sort_by_key(|account| account.wallet_of.is_some());
    accounts
}

pub(super) fn operator(row: &OperatorRow) -> Operator {
    Operator { name: row.name.clone() }
}

pub(super) fn network(row: &NetworkRow) -> Network {
    Network {
        mcc_mnc: row.mcc_mnc.to_string(),
        country: row.country.to_string(),
        operator: row.operator.clone(),
        source: Some(row.source.clone()),
        as_of: Some(row.as_of.clone()),
    }
}

pub(super) fn number_prefix(row: &NumberPrefixRow) -> NumberPrefix {
    NumberPrefix {
        prefix: row.prefix.clone(),
        mcc_mnc: row.mcc_mnc.to_string(),
        source: Some(row.source.clone()),
        as_of: Some(row.as_of.clone()),
    }
}

pub(super) fn operator_group(row: &OperatorGroupRow) -> OperatorGroup {
    OperatorGroup {
        name: row.name.clone(),
        aliases: row.aliases.clone(),
        networks: row.networks.clone(),
        source: Some(row.source.clone()),
        as_of: Some(row.as_of.clone()),
    }
}

pub(super) fn connector(stored: &Configuration, row: &ConnectorRow) -> Connector {
    Connector {
        name: row.name.clone(),
        operator: operator_name(stored, row.operator_id),
        host: row.host.clone(),
        port: row.port,
        system_id: row.system_id.clone(),
        password: None,
        password_env: None,
        bind_kind: row.bind_kind.as_str().to_owned(),
        binds: row.binds,
        window_max: row.window_max,
        throughput_per_s_max: row.throughput_per_s_max,
        settings: settings(&row.settings),
        enabled: row.enabled,
    }
}

fn tariff(stored: &Configuration, rates: &CurrentRates, row: &TariffRow) -> Tariff {
    let rates = rates.get(&row.id.into()).map(|rates| rates.iter().map(|row| rate(stored, row)).collect());
    Tariff { name: row.name.clone(), currency: row.currency.to_string(), rate: rates }
}

fn rate(stored: &Configuration, row: &RateRow) -> Rate {
    let mut rate = Rate {
        price: Micros(row.price_micros).to_string(),
        sender: row.sender_form.map(|form| form.as_str().to_owned()),
        class: row.class,
        charge: row.charge_policy,
        ..Rate::default()
    };
    match row.scope {
        RateScope::Network(network) => rate.mcc_mnc = Some(network.to_string()),
        RateScope::Group(group) => rate.operator_group = Some(group_name(stored, group)),
        RateScope::Prefix(prefix) => rate.prefix = Some(prefix.to_string()),
        RateScope::Mcc(mcc) => rate.mcc = Some(three_digits(mcc)),
        RateScope::Country(country) => rate.country = Some(country.to_string()),
        RateScope::Default => {}
    }
    rate
}

pub(super) fn account(stored: &Configuration, row: &AccountRow) -> Account {
    Account {
        name: row.name.clone(),
        currency: row.currency.to_string(),
        tariff: tariff_name(stored, row.tariff_id),
        credit_limit: Micros(row.credit_limit_micros).to_string(),
        state: row.state.as_str().to_owned(),
        throughput: row.throughput.parse().unwrap_or_default(),
        wallet_of: row.wallet_of.map(|owner| account_name(stored, owner)),
        margin_floor: floor(&row.margin_floor),
        message_price_max: row.message_price_micros_max.map(|micros| Micros(micros).to_string()),
        limits: SpendingLimits::from_json(&row.limits).ok().as_ref().and_then(Limits::shown),
        rate_limits: RateLimits::from_json(&row.rate_limits).ok().and_then(RateLimits::shown),
        allowed_ips: row.allowed_ips.clone(),
        content: ContentRules::from_json(&row.content_rules).unwrap_or_default(),
        messaging: MessageRules::from_json(&row.message_rules).unwrap_or_default(),
        otp_guard: GuardSettings::from_json(&row.otp_guard).unwrap_or_default(),
        payment: Vec::new(),
    }
}

pub(super) fn smpp_account(stored: &Configuration, row: &SmppAccountRow) -> SmppAccount {
    SmppAccount {
        system_id: row.system_id.clone(),
        account: account_name(stored, row.account_id),
        password: None,
        password_env: None,
        allowed_ips: row.allowed_ips.clone(),
        binds_max: row.binds_max,
        window_max: row.window_max,
        class: row.traffic_class,
        settings: settings(&row.settings),
        state: row.state.as_str().to_owned(),
    }
}

fn api_key(stored: &Configuration, row: &ApiKeyRow) -> ApiKey {
    ApiKey {
        name: row.name.clone(),
        account: account_name(stored, row.account_id),
        scopes: row.scopes.clone(),
        environment: row.environment.clone(),
        state: row.state.as_str().to_owned(),
        expires_at: row.expires_at.map(Timestamp::rfc3339),
        allowed_ips: Some(row.allowed_ips.clone()).filter(|list| !list.is_empty()),
        rate_limit: row.rate_limit.parse().ok().filter(|rate: &Throughput| !rate.is_unlimited()),
    }
}

pub(super) fn route(stored: &Configuration, row: &RouteRow) -> Route {
    let matches = &row.matches;
    Route {
        name: row.name.clone(),
        position: row.position,
        matches: Match {
            account: matches.account.map(|id| account_name(stored, id)),
            prefix: matches.prefix.clone(),
            mcc: matches.mcc.map(three_digits),
            mcc_mnc: matches.mcc_mnc.map(|network| network.to_string()),
            sender: matches.sender.clone(),
            class: matches.class,
        },
        strategy: row.strategy,
        connectors: row.connectors.iter().map(|id| connector_name(stored, *id)).collect(),
        enabled: row.enabled,
        margin_floor: floor(&row.margin_floor),
    }
}

/// One whose settings cannot be read is left out: its tokens are refused.
fn issuer(stored: &Configuration, row: &IssuerRow) -> Option<Issuer> {
    Some(Issuer {
        name: row.name.clone(),
        url: row.url.clone(),
        audience: row.audience.clone(),
        jwks_url: row.jwks_url.clone(),
        accounts: row.accounts.iter().map(|id| account_name(stored, *id)).collect(),
        state: row.state.as_str().to_owned(),
        tokens: IssuerSettings::from_json(&row.settings).ok()?,
    })
}

fn webhook(stored: &Configuration, row: &WebhookRow) -> Webhook {
    Webhook {
        account: account_name(stored, row.account_id),
        url: row.url.clone(),
        enabled: row.state == WebhookState::Enabled,
        events: Some(row.events.clone()).filter(|events| !events.is_empty()),
        description: Some(row.description.clone()).filter(|text| !text.is_empty()),
    }
}

pub(super) fn mo_route(stored: &Configuration, row: &MoRouteRow) -> MoRoute {
    let matches = &row.matches;
    MoRoute {
        name: row.name.clone(),
        account: account_name(stored, row.account_id),
        position: row.position,
        matches: MoRouteMatch {
            destinations: matches.destinations.clone(),
            source_prefixes: matches.source_prefixes.clone(),
            connectors: matches.connectors.iter().map(|id| connector_name(stored, *id)).collect(),
            keywords: matches.keywords.clone(),
        },
        strategy: row.strategy,
        targets: row.targets.iter().filter_map(|target| mo_target(stored, *target)).collect(),
        away_max_s: row.away_max_s,
        enabled: row.enabled,
    }
}

/// A target that was removed is left out: it gets nothing.
fn mo_target(stored: &Configuration, target: MoTarget) -> Option<MoRouteTarget> {
    match target {
        MoTarget::Webhook(id) => {
            let row = stored.webhooks.iter().find(|row| row.id == id)?;
            Some(MoRouteTarget { webhook: Some(row.url.clone()), smpp: None })
        }
        MoTarget::Smpp(id) => {
            let row = stored.smpp_accounts.iter().find(|row| row.id == id)?;
            Some(MoRouteTarget { webhook: None, smpp: Some(row.system_id.clone()) })
        }
    }
}

fn admin_key(row: &AdminKeyRow) -> AdminKey {
    AdminKey { name: row.name.clone(), scopes: row.scopes.clone(), state: row.state.as_str().to_owned() }
}

/// Without settings that are `null`, which TOML cannot say: they are not given.
fn settings(text: &str) -> Map<String, Value> {
    let mut settings = serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    without_nulls(&mut settings);
    settings
}

fn three_digits(mcc: u16) -> String {
    format!("{mcc:03}")
}

/// What a reference leads to; the database sees to it that it leads somewhere.
macro_rules! names {
    ($($name:ident: $id:ident in $table:ident;)+) => {$(
        fn $name(stored: &Configuration, id: $id) -> String {
            stored.$table.iter().find(|row| row.id == id).map(|row| row.name.clone()).unwrap_or_default()
        }
    )+};
}

names! {
    operator_name: OperatorId in operators;
    connector_name: ConnectorId in connectors;
    account_name: AccountId in accounts;
    group_name: OperatorGroupId in operator_groups;
    tariff_name: TariffId in tariffs;
}

fn floor(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
