//! From what is wanted and what is stored to the rows that must be written. Pure but for randomness: every fault is found before
//! anything is written.

mod access;
mod catalogue;
mod faults;
mod handset;
mod issuer;
mod money;
mod network;
mod price;

use std::collections::{BTreeMap, HashSet};

use sambac_domain::{
    AccountId, ConnectorId, Currency, IdSource, MccMnc, OperatorGroupId, OperatorId, TariffId, Timestamp,
};
use sambac_store::Configuration;
use sambac_store::rows::{
    AccessState, AccountRow, AdminKeyRow, ApiKeyRow, BalanceRow, ConnectorRow, IssuerRow, MoRouteRow, NetworkRow,
    NumberPrefixRow, OperatorGroupRow, OperatorRow, RateRow, RouteRow, SheetRow, SmppAccountRow, TariffRow, WebhookRow,
};
use serde_json::{Map, Value};

use faults::Faults;

use super::file::{File, Password};
use super::secrets::{Issued, Secrets};
use crate::seal::Seal;
use crate::tariff::current::CurrentRates;
use crate::tariff::groups::folded;

/// What the plan is made with.
pub(crate) struct Context<'a> {
    pub(crate) stored: &'a Configuration,
    /// The rates of now of every tariff that is named with rates.
    pub(crate) rates: &'a CurrentRates,
    pub(crate) ids: &'a IdSource,
    pub(crate) now: Timestamp,
    pub(crate) seal: &'a Seal,
    pub(crate) secrets: &'a Secrets<'a>,
}

/// Rows to be written, in the order in which they depend on each other. What is already so is not among them.
#[derive(Debug, Default)]
pub struct Changes {
    pub(crate) networks: Vec<NetworkRow>,
    pub(crate) number_prefixes: Vec<NumberPrefixRow>,
    pub(crate) operator_groups: Vec<OperatorGroupRow>,
    pub(crate) tariffs: Vec<TariffChange>,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) balances: Vec<BalanceRow>,
    pub(crate) payments: Vec<Credit>,
    pub(crate) operators: Vec<OperatorRow>,
    pub(crate) connectors: Vec<ConnectorRow>,
    pub(crate) routes: Vec<RouteRow>,
    pub(crate) smpp_accounts: Vec<SmppAccountRow>,
    pub(crate) api_keys: Vec<ApiKeyRow>,
    pub(crate) webhooks: Vec<WebhookRow>,
    pub(crate) admin_keys: Vec<AdminKeyRow>,
    pub(crate) mo_routes: Vec<MoRouteRow>,
    pub(crate) issuers: Vec<IssuerRow>,
    /// Secrets that were made for these rows.
    pub issued: Vec<Issued>,
    /// Connectors that would show the password which they have to somebody else.
    pub(crate) led_elsewhere: Vec<String>,
}

/// A price list, and its next sheet when its prices change.
#[derive(Debug)]
pub(crate) struct TariffChange {
    pub(crate) row: TariffRow,
    /// Whether the row itself is another.
    pub(crate) is_changed: bool,
    pub(crate) sheet: Option<NewSheet>,
}

/// A sheet that comes after the one of now.
#[derive(Debug)]
pub(crate) struct NewSheet {
    pub(crate) row: SheetRow,
    pub(crate) rates: Vec<RateRow>,
    /// What differs from the sheet of now: the rate as it was and as it is.
    pub(crate) differing: Vec<(Option<RateRow>, Option<RateRow>)>,
}

/// A payment to be booked unless its reference was.
#[derive(Debug)]
pub(crate) struct Credit {
    /// The account, to be written again after the payment so that a running platform looks at its balance.
    pub(crate) account: AccountRow,
    pub(crate) amount_micros: i64,
    pub(crate) method: String,
    pub(crate) reference: String,
    pub(crate) payment_id: i64,
    pub(crate) posting_id: i64,
    pub(crate) at: Timestamp,
}

/// Everything that is wrong with what is wanted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing was written: {}", .0.join("; "))]
pub struct Problems(pub Vec<String>);

/// What has been named so far: by the database or earlier in the file.
#[derive(Default)]
struct Known {
    tariffs: BTreeMap<String, (TariffId, Currency)>,
    accounts: BTreeMap<String, AccountId>,
    operators: BTreeMap<String, OperatorId>,
    connectors: BTreeMap<String, ConnectorId>,
    /// Operator groups by their names and aliases, as they are compared.
    groups: BTreeMap<String, OperatorGroupId>,
}

/// Builds the plan part by part, gathering what is wrong.
struct Draft<'a> {
    context: &'a Context<'a>,
    known: Known,
    changes: Changes,
    problems: Vec<String>,
    seen: HashSet<String>,
}

/// The rows to write, or all that is wrong.
pub(crate) fn plan(file: &File, context: &Context<'_>) -> Result<Changes, Problems> {
    let mut draft = Draft {
        context,
        known: Known::of(context.stored),
        changes: Changes::default(),
        problems: Vec::new(),
        seen: HashSet::new(),
    };
    file.network.iter().for_each(|network| draft.one("network", &network.mcc_mnc, |draft| draft.network(network)));
    for number in &file.number_prefix {
        draft.one("number_prefix", &number.prefix, |draft| draft.number_prefix(number));
    }
    for group in &file.operator_group {
        draft.one("operator_group", &group.name, |draft| draft.operator_group(group));
    }
    file.tariff.iter().for_each(|tariff| draft.one("tariff", &tariff.name, |draft| draft.tariff(tariff)));
    file.account.iter().for_each(|account| draft.one("account", &account.name, |draft| draft.account(account)));
    file.operator.iter().for_each(|operator| draft.one("operator", &operator.name, |draft| draft.operator(operator)));
    file.connector.iter().for_each(|link| draft.one("connector", &link.name, |draft| draft.connector(link)));
    file.route.iter().for_each(|route| draft.one("route", &route.name, |draft| draft.route(route)));
    file.smpp_account
        .iter()
        .for_each(|smpp| draft.one("smpp_account", &smpp.system_id, |draft| draft.smpp_account(smpp)));
    for key in &file.api_key {
        draft.one("api_key", &format!("{}/{}", key.account, key.name), |draft| draft.api_key(key));
    }
    file.issuer.iter().for_each(|issuer| draft.one("issuer", &issuer.name, |draft| draft.issuer(issuer)));
    for webhook in &file.webhook {
        draft.one("webhook", &format!("{} {}", webhook.account, webhook.url), |draft| draft.webhook(webhook));
    }
    file.admin_key.iter().for_each(|key| draft.one("admin_key", &key.name, |draft| draft.admin_key(key)));
    file.mo_route.iter().for_each(|route| draft.one("mo_route", &route.name, |draft| draft.mo_route(route)));
    if draft.problems.is_empty() { Ok(draft.changes) } else { Err(Problems(draft.problems)) }
}

impl Changes {
    /// How many things change, by kind; kinds without a change are left out.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let all = [
            ("networks", self.networks.len()),
            ("number_prefixes", self.number_prefixes.len()),
            ("operator_groups", self.operator_groups.len()),
            ("tariffs", self.tariffs.len()),
            ("accounts", self.accounts.len()),
            ("operators", self.operators.len()),
            ("connectors", self.connectors.len()),
            ("routes", self.routes.len()),
            ("smpp_accounts", self.smpp_accounts.len()),
            ("api_keys", self.api_keys.len()),
            ("webhooks", self.webhooks.len()),
            ("admin_keys", self.admin_keys.len()),
            ("mo_routes", self.mo_routes.len()),
            ("issuers", self.issuers.len()),
            ("payments", self.payments.len()),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// Adds the rows that have another name and are the same otherwise: to the plan, which knows things by their new names, they
/// are as they should be.
macro_rules! add_renamed {
    ($changes:ident, $stored:ident, $renamed:ident: $($table:ident . $name:ident),+) => {$(
        for row in &$renamed.$table {
            let is_renamed = $stored.$table.iter().any(|old| old.id == row.id && old.$name != row.$name);
            if is_renamed && !$changes.$table.iter().any(|changed| changed.id == row.id) {
                $changes.$table.push(row.clone());
            }
        }
    )+};
}

impl Changes {
    pub(super) fn add_renamed(&mut self, stored: &Configuration, renamed: &Configuration) {
        add_renamed!(self, stored, renamed: accounts.name, operators.name, connectors.name, routes.name,
            mo_routes.name, operator_groups.name, smpp_accounts.system_id);
    }
}

impl Known {
    fn of(stored: &Configuration) -> Self {
        Self {
            tariffs: stored.tariffs.iter().map(|row| (row.name.clone(), (row.id, row.currency))).collect(),
            accounts: stored.accounts.iter().map(|row| (row.name.clone(), row.id)).collect(),
            operators: stored.operators.iter().map(|row| (row.name.clone(), row.id)).collect(),
            connectors: stored.connectors.iter().map(|row| (row.name.clone(), row.id)).collect(),
            groups: stored.operator_groups.iter().flat_map(group_names).collect(),
        }
    }
}

fn group_names(row: &OperatorGroupRow) -> impl Iterator<Item = (String, OperatorGroupId)> + '_ {
    [&row.name].into_iter().chain(&row.aliases).map(|name| (folded(name), row.id))
}

impl Draft<'_> {
    /// Plans one thing; its faults are noted with the thing's name, and the next thing is looked at.
    fn one(&mut self, kind: &str, name: &str, plan: impl FnOnce(&mut Self) -> Result<(), Faults>) {
        let label = format!("{kind} \"{name}\"");
        let is_new = self.seen.insert(label.clone());
        let planned =
            if is_new { Faults::of(check_name(name)).and_then(|()| plan(self)) } else { Err("is named twice".into()) };
        if let Err(faults) = planned {
            self.problems.extend(faults.into_iter().map(|problem| format!("{label}: {problem}")));
        }
    }

    fn next_id(&self) -> i64 {
        self.context.ids.next(self.context.now)
    }

    /// The password itself, or what the named variable holds; `None` when neither is given.
    fn given_password(&self, password: Option<&Password>, variable: Option<&str>) -> Result<Option<String>, String> {
        let given = match (password, variable) {
            (Some(_), Some(_)) => return Err("give password or password_env, not both".to_owned()),
            (None, None) => return Ok(None),
            (Some(Password(password)), None) => password.clone(),
            (None, Some(name)) => self.variable(name)?,
        };
        // SMPP 3.4 allows eight octets, and some SMSCs take more. A NUL would end it.
        let fits = given.len() <= 64 && !given.contains('\0');
        if fits { Ok(Some(given)) } else { Err("password: is longer than 64 octets or has a NUL".to_owned()) }
    }

    /// What the file means by the name of a variable.
    fn variable(&self, name: &str) -> Result<String, String> {
        (self.context.secrets.variable)(name).ok_or_else(|| format!("password_env: the variable {name} is not set"))
    }

    fn account_named(&self, name: &str) -> Result<AccountId, String> {
        self.known.accounts.get(name).copied().ok_or_else(|| format!("there is no account \"{name}\""))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let fine = !name.trim().is_empty() && name.len() <= 2_000 && !name.chars().any(char::is_control);
    if fine { Ok(()) } else { Err("the name is empty or has control characters".to_owned()) }
}

fn access_state(word: &str) -> Result<AccessState, String> {
    AccessState::from_word(word).ok_or_else(|| format!("state is active, suspended or revoked, not \"{word}\""))
}

/// The settings as they are stored: as they were while they mean the same. None at all is an empty text.
fn settings_text(wanted: &Map<String, Value>, stored: Option<&String>) -> String {
    let read = |text: &String| match text.is_empty() {
        true => Some(Map::new()),
        false => serde_json::from_str::<Map<String, Value>>(text).ok(),
    };
    let mut wanted = wanted.clone();
    without_nulls(&mut wanted);
    let same = |text: &&String| {
        read(text).is_some_and(|mut stored| {
            without_nulls(&mut stored);
            stored == wanted
        })
    };
    match stored.filter(same) {
        Some(text) => text.clone(),
        None if wanted.is_empty() => String::new(),
        None => Value::Object(wanted).to_string(),
    }
}

/// A setting that is `null` is not given.
pub(super) fn without_nulls(settings: &mut Map<String, Value>) {
    settings.retain(|_, value| !value.is_null());
    settings.values_mut().filter_map(Value::as_object_mut).for_each(without_nulls);
}

/// Digits that a number begins with, country code first; a plus is dropped.
fn prefix(text: Option<&String>) -> Result<Option<String>, String> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.trim_start_matches('+');
    let fine = (1..=15).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit());
    if fine { Ok(Some(digits.to_owned())) } else { Err(format!("prefix is 1 to 15 digits, not \"{text}\"")) }
}

fn mcc(text: Option<&String>) -> Result<Option<u16>, String> {
    let Some(text) = text else { return Ok(None) };
    let parsed = text.parse().ok().filter(|mcc| text.len() == 3 && (1..=999).contains(mcc));
    parsed.map(Some).ok_or_else(|| format!("mcc is three digits, not \"{text}\""))
}

fn mcc_mnc(text: Option<&String>) -> Result<Option<MccMnc>, String> {
    let Some(text) = text else { return Ok(None) };
    let parsed: MccMnc = text.parse().map_err(|_| format!("mcc_mnc is five or six digits, not \"{text}\""))?;
    if parsed.mnc.is_none() {
        return Err(format!("mcc_mnc is five or six digits, not \"{text}\"; a country is given as mcc"));
    }
    Ok(Some(parsed))
}

#[cfg(test)]
mod tests;
