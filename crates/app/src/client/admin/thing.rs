//! A thing of the configuration from the shell: list, show, create, update, delete.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::versions::differences;
use crate::client::{Access, Client};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// What kind of thing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Account,
    Connector,
    MoRoute,
    Network,
    NumberPrefix,
    Operator,
    OperatorGroup,
    Route,
    SmppAccount,
}

/// What is done with it.
#[derive(Subcommand, Debug)]
pub(crate) enum ThingCommand {
    /// List them all.
    List(Listed),
    /// Show one.
    Show(Shown),
    /// Make one.
    Create(Made),
    /// Change what is named; all else stays.
    Update(Updated),
    /// Remove one that nothing needs any more.
    Delete(Deleted),
}

/// Which platform.
#[derive(Args, Debug)]
pub(crate) struct Listed {
    #[command(flatten)]
    access: Access,
}

/// Which thing.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// Its name (an SMPP account's system_id, a network's codes, a prefix's digits) or its id.
    name: String,
    #[command(flatten)]
    access: Access,
}

/// How much of which thing.
#[derive(Args, Debug)]
pub(crate) struct Shown {
    #[command(flatten)]
    named: Named,
    /// Show the whole profile, too: presets and defaults with what was set over them.
    #[arg(long)]
    effective: bool,
}

/// What it is made of.
#[derive(Args, Debug)]
pub(crate) struct Made {
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    access: Access,
}

/// What changes.
#[derive(Args, Debug)]
pub(crate) struct Updated {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    condition: Condition,
}

/// What goes.
#[derive(Args, Debug)]
pub(crate) struct Deleted {
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    condition: Condition,
}

/// How it is done.
#[derive(Args, Debug)]
pub(crate) struct Condition {
    /// Only when it is still as it was read: the etag that `show` told.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
    /// Only tell what would change.
    #[arg(long)]
    dry_run: bool,
}

impl Kind {
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Account => "/v1/admin/accounts",
            Self::Connector => "/v1/admin/connectors",
            Self::MoRoute => "/v1/admin/mo-routes",
            Self::Network => "/v1/admin/networks",
            Self::NumberPrefix => "/v1/admin/number-prefixes",
            Self::Operator => "/v1/admin/operators",
            Self::OperatorGroup => "/v1/admin/operator-groups",
            Self::Route => "/v1/admin/routes",
            Self::SmppAccount => "/v1/admin/smpp-accounts",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Connector => "connector",
            Self::MoRoute => "route of messages from handsets",
            Self::Network => "network",
            Self::NumberPrefix => "prefix of numbers",
            Self::Operator => "operator",
            Self::OperatorGroup => "operator group",
            Self::Route => "route",
            Self::SmppAccount => "SMPP account",
        }
    }

    /// What one may be called by.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Network => &["id", "mcc_mnc"],
            Self::NumberPrefix => &["id", "prefix"],
            Self::SmppAccount => &["id", "system_id"],
            _ => &["id", "name"],
        }
    }

    /// What a list shows of each.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["name", "currency", "tariff", "credit_limit", "state", "id"],
            Self::Connector => &["name", "operator", "host", "port", "system_id", "enabled", "id"],
            Self::MoRoute => &["position", "name", "account", "strategy", "targets", "enabled", "id"],
            Self::Network => &["mcc_mnc", "country", "operator", "source", "as_of", "id"],
            Self::NumberPrefix => &["prefix", "mcc_mnc", "source", "as_of", "id"],
            Self::Operator => &["name", "id"],
            Self::OperatorGroup => &["name", "networks", "aliases", "source", "as_of", "id"],
            Self::Route => &["position", "name", "connectors", "strategy", "enabled", "id"],
            Self::SmppAccount => &["system_id", "account", "class", "binds_max", "state", "id"],
        }
    }
}

impl ThingCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, kind: Kind, output: Output) -> Result<(), Failure> {
        match self {
            Self::List(Listed { access }) => {
                let list = access.admin_client()?.get(kind.path()).await?;
                output.print(&list, || table(kind.columns(), &list["data"]))
            }
            Self::Show(Shown { named, effective }) => {
                let (client, path) = named.find(kind).await?;
                let query = if effective { "?effective=true" } else { "" };
                let thing = client.get(&format!("{path}{query}")).await?;
                output.print(&thing, || shown(&thing))
            }
            Self::Create(Made { fields, access }) => {
                let made = access.admin_client()?.post(kind.path(), &fields.document()?).await?;
                output.print(&made, || shown(&made))
            }
            Self::Update(Updated { named, fields, condition }) => {
                let (client, path) = named.find(kind).await?;
                let (path, etag) = (condition.of(&path), condition.etag());
                let thing = client.patch(&path, &fields.document()?, etag.as_deref()).await?;
                output.print(&thing, || if condition.dry_run { tried(&thing) } else { shown(&thing) })
            }
            Self::Delete(Deleted { named, condition }) => {
                let (client, path) = named.find(kind).await?;
                let answer = client.delete(&condition.of(&path), condition.etag().as_deref()).await?;
                if condition.dry_run {
                    return output.print(&answer, || tried(&answer));
                }
                output.print(&json!({"removed": named.name}), || format!("{} {} is removed", kind.word(), named.name))
            }
        }
    }
}

impl Named {
    /// The client, and the path of what is meant.
    pub(crate) async fn find(&self, kind: Kind) -> Result<(Client, String), Failure> {
        let client = self.access.admin_client()?;
        let id = id_of(&client, kind, &self.name).await?;
        Ok((client, format!("{}/{id}", kind.path())))
    }
}

impl Condition {
    fn of(&self, path: &str) -> String {
        if self.dry_run { format!("{path}?dry_run=true") } else { path.to_owned() }
    }

    /// With its quotes, which a shell takes away.
    fn etag(&self) -> Option<String> {
        let quoted = |text: &String| match text.as_str() {
            "*" => text.clone(),
            bare if !bare.starts_with('"') => format!("\"{bare}\""),
            _ => text.clone(),
        };
        self.if_match.as_ref().map(quoted)
    }
}

/// The id of what is called so, or has this id.
pub(super) async fn id_of(client: &Client, kind: Kind, name: &str) -> Result<String, Failure> {
    let list = client.get(kind.path()).await?;
    let is_meant = |thing: &&Value| kind.names().iter().any(|key| thing[*key].as_str() == Some(name));
    let found = list["data"].as_array().into_iter().flatten().find(is_meant);
    let missing = || Failure::because(Exit::Refused, format!("not_found: there is no {} \"{name}\"", kind.word()));
    found.and_then(|thing| thing["id"].as_str()).map(str::to_owned).ok_or_else(missing)
}

/// What a dry run would change.
pub(super) fn tried(answer: &Value) -> String {
    match answer["differences"].as_array().map(Vec::len) {
        Some(0) | None => "nothing to change".to_owned(),
        Some(_) => differences(&answer["differences"]),
    }
}

/// A list of things as a table.
pub(super) fn table(columns: &[&str], list: &Value) -> String {
    let mut table = Table::new(columns);
    for thing in list.as_array().into_iter().flatten() {
        table.row(columns.iter().map(|column| cell(&thing[*column])));
    }
    table.to_string()
}

/// One thing, a line for each field; inner ones with their place before them.
pub(super) fn shown(thing: &Value) -> String {
    let mut table = Table::new(&["field", "value"]);
    let mut rows = Vec::new();
    lines("", thing.as_object().unwrap_or(&Map::new()), &mut rows);
    rows.into_iter().for_each(|row| table.row(row));
    table.to_string()
}

fn lines(place: &str, fields: &Map<String, Value>, rows: &mut Vec<[String; 2]>) {
    for (key, value) in fields {
        match value {
            Value::Object(inner) if !inner.is_empty() => lines(&format!("{place}{key}."), inner, rows),
            plain => rows.push([format!("{place}{key}"), cell(plain)]),
        }
    }
}

/// A value in one cell.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_fields_are_shown_with_their_place() {
        let thing = json!({"name": "a", "settings": {"session": {"enquire_link_s": 60}}, "connectors": ["b", "c"]});
        let text = shown(&thing);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["connectors", "b,", "c"]);
        assert_eq!(lines[3], ["settings.session.enquire_link_s", "60"]);
    }
}
