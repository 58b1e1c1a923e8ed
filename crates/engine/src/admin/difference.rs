//! Changed rows as people read them: by name, field by field, secrets masked.
//!
//! ```text
//! connector alpha-1 changed
//!   port                           2775 → 2776
//!   settings.session.enquire_link_s  → 60
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use sambac_domain::mo::MoTarget;
use sambac_domain::spending::SpendingLimits;
use sambac_domain::{
    AccountId, AdminKeyId, ApiKeyId, ChargePolicy, ConnectorId, CostBookId, IssuerId, Micros, MoRouteId, NetworkId,
    NumberPrefixId, OperatorGroupId, OperatorId, RateId, RateScope, RequestKeyId, RouteId, SenderForm, SheetId,
    SmppAccountId, TariffId, Timestamp, TrafficClass, WebhookId,
};
use sambac_store::{Change, ChangedRow, Configuration};
use serde::Serialize;
use serde_json::{Map, Value};

use super::limits::Limits;

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Created,
    /// It is another.
    Changed,
    /// It is gone.
    Removed,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `connector`, `route` and so on, as in a provisioning file.
    pub kind: &'static str,
    /// Its id, with its prefix.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What happened to it.
    pub action: Action,
    /// What differs, in the order of names.
    pub fields: Vec<FieldDifference>,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// Its name; a setting's with its section: `settings.session.enquire_link_s`.
    pub field: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is. A secret shows as `***`, before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What secrets show as.
const MASK: &str = "***";

/// What ids stand for.
#[derive(Clone, Default)]
pub(super) struct Names {
    operators: HashMap<i64, String>,
    connectors: HashMap<i64, String>,
    accounts: HashMap<i64, String>,
    /// Webhooks and SMPP accounts: targets of messages from handsets.
    targets: HashMap<i64, String>,
    /// Tariffs by their name, cost books by their operator's.
    books: HashMap<i64, String>,
    /// Whose a sheet is.
    sheets: HashMap<i64, Value>,
}

impl Names {
    /// Those of a configuration.
    pub(super) fn of(stored: &Configuration) -> Self {
        Self {
            operators: stored.operators.iter().map(|row| (row.id.raw(), row.name.clone())).collect(),
            connectors: stored.connectors.iter().map(|row| (row.id.raw(), row.name.clone())).collect(),
            accounts: stored.accounts.iter().map(|row| (row.id.raw(), row.name.clone())).collect(),
            targets: {
                let webhooks = stored.webhooks.iter().map(|row| (row.id.raw(), row.url.clone()));
                let accounts = stored.smpp_accounts.iter().map(|row| (row.id.raw(), row.system_id.clone()));
                webhooks.chain(accounts).collect()
            },
            books: stored
                .tariffs
                .iter()
                .map(|row| (row.id.raw(), row.name.clone()))
                .chain(cost_books(stored))
                .collect(),
            sheets: stored.sheets.iter().map(|row| (row.id.raw(), Value::from(row.book_id.0))).collect(),
        }
    }

    /// What things were called that are not there any more, and what new ones are called.
    fn learn(&mut self, changes: &[Change]) {
        for change in changes {
            let row = change.after.as_ref().or(change.before.as_ref());
            if let Some(book) = row.and_then(|row| row.get("book_id")) {
                self.sheets.insert(change.id, book.clone());
            }
            let (names, column) = match change.table.as_str() {
                "operators" => (&mut self.operators, "name"),
                "connectors" => (&mut self.connectors, "name"),
                "accounts" => (&mut self.accounts, "name"),
                "tariffs" => (&mut self.books, "name"),
                "webhooks" => (&mut self.targets, "url"),
                "smpp_accounts" => (&mut self.targets, "system_id"),
                _ => continue,
            };
            if let Some(name) = row.and_then(|row| row.get(column)).and_then(Value::as_str) {
                names.insert(change.id, name.to_owned());
            }
        }
    }
}

/// The cost books of a configuration, by the names of their operators.
fn cost_books(stored: &Configuration) -> impl Iterator<Item = (i64, String)> + '_ {
    let name = |id| stored.operators.iter().find(|row| row.id == id).map(|row| row.name.clone()).unwrap_or_default();
    stored.cost_books.iter().map(move |row| (row.id.raw(), name(row.operator_id)))
}

/// Changed rows as people read them. A row that was changed more than once is told from its first state to its last.
pub(super) fn differences(changes: &[Change], names: &Names) -> Vec<Difference> {
    let mut names = names.clone();
    names.learn(changes);
    let told = net(changes);
    told.iter().filter_map(|change| difference(change, &names)).collect()
}

/// One change for each row, in the order of their first.
fn net(changes: &[Change]) -> Vec<Change> {
    let mut net: Vec<Change> = Vec::new();
    for change in changes {
        match net.iter_mut().find(|earlier| earlier.table == change.table && earlier.id == change.id) {
            Some(earlier) => earlier.after.clone_from(&change.after),
            None => net.push(change.clone()),
        }
    }
    net.retain(|change| change.before != change.after);
    net
}

fn difference(change: &Change, names: &Names) -> Option<Difference> {
    let (kind, id) = kind_and_id(change)?;
    let before = change.before.as_ref().map(|row| fields(row, names)).unwrap_or_default();
    let after = change.after.as_ref().map(|row| fields(row, names)).unwrap_or_default();
    let action = match (&change.before, &change.after) {
        (None, _) => Action::Created,
        (Some(_), Some(_)) => Action::Changed,
        (Some(_), None) => Action::Removed,
    };
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = all.into_iter().filter(|field| before.get(*field) != after.get(*field));
    let fields = differing.map(|field| FieldDifference {
        field: field.clone(),
        before: before.get(field).map(|value| shown(field, value)),
        after: after.get(field).map(|value| shown(field, value)),
    });
    let row = change.after.as_ref().or(change.before.as_ref())?;
    Some(Difference { kind, id, name: name(change, row, names), action, fields: fields.collect() })
}

fn kind_and_id(change: &Change) -> Option<(&'static str, String)> {
    let id = change.id;
    Some(match change.table.as_str() {
        "tariffs" => ("tariff", TariffId::from_raw(id).to_string()),
        "networks" => ("network", NetworkId::from_raw(id).to_string()),
        "number_prefixes" => ("number_prefix", NumberPrefixId::from_raw(id).to_string()),
        "operator_groups" => ("operator_group", OperatorGroupId::from_raw(id).to_string()),
        "cost_books" => ("cost_book", CostBookId::from_raw(id).to_string()),
        "price_sheets" => ("sheet", SheetId::from_raw(id).to_string()),
        "rates" => ("rate", RateId::from_raw(id).to_string()),
        "accounts" => ("account", AccountId::from_raw(id).to_string()),
        "operators" => ("operator", OperatorId::from_raw(id).to_string()),
        "connectors" => ("connector", ConnectorId::from_raw(id).to_string()),
        "routes" => ("route", RouteId::from_raw(id).to_string()),
        "smpp_accounts" => ("smpp_account", SmppAccountId::from_raw(id).to_string()),
        "api_keys" => ("api_key", ApiKeyId::from_raw(id).to_string()),
        "webhooks" => ("webhook", WebhookId::from_raw(id).to_string()),
        "mo_routes" => ("mo_route", MoRouteId::from_raw(id).to_string()),
        "request_keys" => ("request_key", RequestKeyId::from_raw(id).to_string()),
        "issuers" => ("issuer", IssuerId::from_raw(id).to_string()),
        "admin_keys" => ("admin_key", AdminKeyId::from_raw(id).to_string()),
        _ => return None,
    })
}

/// A line of a price list has no name but what it is for.
fn name(change: &Change, row: &ChangedRow, names: &Names) -> String {
    let text = |column: &str| row.get(column).and_then(Value::as_str).map(str::to_owned);
    let book = |id: Option<&Value>| id.map(|id| named(&names.books, id)).unwrap_or_default();
    match change.table.as_str() {
        "rates" => {
            let list = book(row.get("sheet_id").and_then(Value::as_i64).and_then(|id| names.sheets.get(&id)));
            let scope = text("scope").and_then(|scope| scope.parse::<RateScope>().ok());
            let what = scope.map(|scope| scope.told()).unwrap_or_default();
            return format!("{}: {what}", list.as_str().unwrap_or_default());
        }
        "price_sheets" => {
            let version = row.get("version").and_then(Value::as_i64).unwrap_or_default();
            return format!("{} {version}", book(row.get("book_id")).as_str().unwrap_or_default());
        }
        "networks" => return text("mcc_mnc").unwrap_or_default(),
        "number_prefixes" => return text("prefix").unwrap_or_default(),
        "cost_books" => return book(row.get("id")).as_str().unwrap_or_default().to_owned(),
        _ => {}
    }
    text("name").or_else(|| text("system_id")).or_else(|| text("url")).unwrap_or_default()
}

/// The columns by the names that people know, secrets still as they are stored.
fn fields(row: &ChangedRow, names: &Names) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    for (column, value) in row.iter().filter(|(_, value)| !value.is_null()) {
        let (field, value) = match column.as_str() {
            "id" | "created_at" | "sheet_id" | "book_id" => continue,
            "operator_id" => ("operator", named(&names.operators, value)),
            "account_id" => ("account", named(&names.accounts, value)),
            "wallet_of" => ("wallet_of", named(&names.accounts, value)),
            "tariff_id" => ("tariff", named(&names.books, value)),
            "effective_from" | "effective_to" | "withdrawn_at" | "expires_at" | "former_until" => {
                (column.as_str(), moment(value))
            }
            "sender_form" => ("sender", sender_form(value)),
            "charge_policy" => ("charge", charge_policy(value)),
            "password_sealed" | "password_hash" => ("password", value.clone()),
            "secret_sealed" | "secret_hash" => ("secret", value.clone()),
            "former_secret_hash" => ("former_secret", value.clone()),
            "price_micros" => ("price", amount(value)),
            "credit_limit_micros" => ("credit_limit", amount(value)),
            "message_price_micros_max" => ("message_price_max", amount(value)),
            "traffic_class" | "class" => ("class", class(value)),
            "connectors" => ("connectors", connectors(value, names)),
            "targets" => ("targets", targets(value, names)),
            "allowed_ips" | "scopes" | "aliases" | "networks" => (column.as_str(), parsed(value)),
            "accounts" => ("accounts", accounts(value, names)),
            "rate_limits" => {
                flatten("rate_limits", &parsed(value), &mut fields);
                continue;
            }
            "limits" => {
                flatten("limits", &limits(value), &mut fields);
                continue;
            }
            "content_rules" => {
                flatten("content", &parsed(value), &mut fields);
                continue;
            }
            "message_rules" => {
                flatten("messaging", &parsed(value), &mut fields);
                continue;
            }
            "otp_guard" => {
                flatten("otp_guard", &parsed(value), &mut fields);
                continue;
            }
            "settings" => {
                flatten("settings", &parsed(value), &mut fields);
                continue;
            }
            "matches" => {
                flatten("match", &matched(parsed(value), names), &mut fields);
                continue;
            }
            plain => (plain, value.clone()),
        };
        fields.insert(field.to_owned(), value);
    }
    fields
}

fn shown(field: &str, value: &Value) -> Value {
    if matches!(field, "password" | "secret" | "former_secret") { Value::from(MASK) } else { value.clone() }
}

fn named(names: &HashMap<i64, String>, id: &Value) -> Value {
    let name = id.as_i64().and_then(|id| names.get(&id));
    name.map_or_else(|| id.clone(), |name| Value::from(name.as_str()))
}

/// Spending limits as people write them.
fn limits(value: &Value) -> Value {
    let stored = SpendingLimits::from_json(value.as_str().unwrap_or_default()).ok();
    let shown = stored.as_ref().and_then(Limits::shown);
    shown.and_then(|shown| serde_json::to_value(shown).ok()).unwrap_or(Value::Null)
}

fn amount(value: &Value) -> Value {
    Value::from(Micros(value.as_i64().unwrap_or_default()).to_string())
}

fn moment(value: &Value) -> Value {
    Value::from(Timestamp(value.as_i64().unwrap_or_default()).rfc3339())
}

fn code(value: &Value) -> Option<i16> {
    value.as_i64().and_then(|code| i16::try_from(code).ok())
}

fn sender_form(value: &Value) -> Value {
    let form = code(value).and_then(SenderForm::from_code);
    form.map_or_else(|| value.clone(), |form| Value::from(form.as_str()))
}

fn charge_policy(value: &Value) -> Value {
    let policy = code(value).and_then(ChargePolicy::from_code);
    policy.map_or_else(|| value.clone(), |policy| Value::from(policy.as_str()))
}

fn class(value: &Value) -> Value {
    let class = code(value).and_then(TrafficClass::from_code);
    class.map_or_else(|| value.clone(), |class| Value::from(class.as_str()))
}

/// JSON that is stored as text; an empty text is an empty object.
fn parsed(value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| Value::Object(Map::new()))
}

fn accounts(value: &Value, names: &Names) -> Value {
    let ids: Vec<AccountId> = serde_json::from_value(parsed(value)).unwrap_or_default();
    ids.iter().map(|id| named(&names.accounts, &Value::from(id.raw()))).collect()
}

fn connectors(value: &Value, names: &Names) -> Value {
    let ids: Vec<ConnectorId> = serde_json::from_value(parsed(value)).unwrap_or_default();
    ids.iter().map(|id| named(&names.connectors, &Value::from(id.raw()))).collect()
}

/// As a provisioning file writes them.
fn targets(value: &Value, names: &Names) -> Value {
    let all: Vec<MoTarget> = serde_json::from_value(parsed(value)).unwrap_or_default();
    let shown = |target: &MoTarget| {
        let (kind, id) = match target {
            MoTarget::Webhook(id) => ("webhook", id.raw()),
            MoTarget::Smpp(id) => ("smpp", id.raw()),
        };
        let name = names.targets.get(&id).cloned().unwrap_or_else(|| target.to_string());
        serde_json::json!({ kind: name })
    };
    all.iter().map(shown).collect()
}

fn matched(mut matches: Value, names: &Names) -> Value {
    for connector in matches.get_mut("connectors").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(id) = connector.as_str().and_then(|text| text.parse::<ConnectorId>().ok()) {
            *connector = named(&names.connectors, &Value::from(id.raw()));
        }
    }
    if let Some(account) = matches.get_mut("account")
        && let Some(id) = account.as_str().and_then(|text| text.parse::<AccountId>().ok())
    {
        *account = named(&names.accounts, &Value::from(id.raw()));
    }
    matches
}

/// `{ "session": { "a": 1 } }` as `settings.session.a`. Lists are one value.
fn flatten(place: &str, value: &Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(inner) => {
            inner.iter().for_each(|(key, value)| flatten(&format!("{place}.{key}"), value, fields));
        }
        Value::Null => {}
        plain => drop(fields.insert(place.to_owned(), plain.clone())),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Created => "created",
            Action::Changed => "changed",
            Action::Removed => "removed",
        };
        writeln!(f, "{} {} {action}", self.kind, self.name)?;
        let width = self.fields.iter().map(|field| field.field.chars().count()).max().unwrap_or_default();
        let text = |value: &Option<Value>| match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        for field in &self.fields {
            let (before, after) = (text(&field.before), text(&field.after));
            match self.action {
                Action::Changed => writeln!(f, "  {:width$}  {before} → {after}", field.field)?,
                Action::Created => writeln!(f, "  {:width$}  {after}", field.field)?,
                Action::Removed => writeln!(f, "  {:width$}  {before}", field.field)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(table: &str, before: Value, after: Value) -> Change {
        let row = |value: Value| value.as_object().cloned();
        Change { table: table.to_owned(), id: 3 << 8, before: row(before), after: row(after) }
    }

    fn connector(port: u16, password: &str, settings: &str) -> Value {
        json!({ "id": 768, "name": "alpha-1", "operator_id": 1024, "port": port, "password_sealed": password,
                "settings": settings, "created_at": 1 })
    }

    #[test]
    fn fields_are_told_by_name_and_secrets_are_masked() {
        let mut names = Names::default();
        names.operators.insert(1024, "alpha".to_owned());
        let settings = r#"{"session":{"enquire_link_s":60},"preset":"generic"}"#;
        let change = change("connectors", connector(2775, "sealed one", ""), connector(2776, "sealed two", settings));
        let told = differences(&[change], &names);
        assert_eq!((told[0].kind, told[0].name.as_str(), told[0].action), ("connector", "alpha-1", Action::Changed));
        let text = told[0].to_string();
        assert!(text.contains("2775 → 2776") && text.contains("*** → ***"), "{text}");
        assert!(text.contains("settings.session.enquire_link_s   → 60"), "{text}");
        assert!(!text.contains("sealed") && !text.contains("operator"), "{text}");
    }

    #[test]
    fn a_row_changed_twice_is_told_once_and_one_changed_back_not_at_all() {
        let first = change("connectors", connector(1, "a", ""), connector(2, "a", ""));
        let second = change("connectors", connector(2, "a", ""), connector(3, "a", ""));
        let back = change("connectors", connector(2, "a", ""), connector(1, "a", ""));
        let told = differences(&[first.clone(), second], &Names::default());
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0].fields[0].before, &told[0].fields[0].after), (&Some(json!(1)), &Some(json!(3))));
        assert!(differences(&[first, back], &Names::default()).is_empty());
    }

    #[test]
    fn references_and_codes_are_told_in_words() {
        let mut names = Names::default();
        names.accounts.insert(256, "bank".to_owned());
        names.connectors.insert(768, "alpha-1".to_owned());
        let account = AccountId::from_raw(256);
        let route = json!({ "name": "otp", "matches": format!("{{\"account\":\"{account}\",\"class\":\"otp\"}}"),
                            "connectors": format!("[\"{}\"]", ConnectorId::from_raw(768)) });
        let told = differences(&[change("routes", Value::Null, route)], &names);
        let fields: Vec<_> = told[0].fields.iter().map(|field| (field.field.as_str(), field.after.clone())).collect();
        let expected = [
            ("connectors", json!(["alpha-1"])),
            ("match.account", json!("bank")),
            ("match.class", json!("otp")),
            ("name", json!("otp")),
        ];
        assert_eq!(fields, expected.map(|(field, value)| (field, Some(value))));
    }
}
