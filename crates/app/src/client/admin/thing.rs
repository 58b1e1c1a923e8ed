//! A thing of the configuration from the shell: list, show, create, update, delete.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::client::{Access, Client};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// What kind of thing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Account,
    Connector,
    Operator,
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
    Delete(Named),
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
    /// Its name (an SMPP account's system_id) or its id.
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
    /// Change it only when it is still as it was read: the etag of `show`.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

impl Kind {
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Account => "/v1/admin/accounts",
            Self::Connector => "/v1/admin/connectors",
            Self::Operator => "/v1/admin/operators",
            Self::Route => "/v1/admin/routes",
            Self::SmppAccount => "/v1/admin/smpp-accounts",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Connector => "connector",
            Self::Operator => "operator",
            Self::Route => "route",
            Self::SmppAccount => "SMPP account",
        }
    }

    /// What a list shows of each.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["name", "currency", "tariff", "credit_limit", "state", "id"],
            Self::Connector => &["name", "operator", "host", "port", "system_id", "enabled", "id"],
            Self::Operator => &["name", "id"],
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
            Self::Update(Updated { named, fields, if_match }) => {
                let (client, path) = named.find(kind).await?;
                let thing = client.patch(&path, &fields.document()?, if_match.as_deref()).await?;
                output.print(&thing, || shown(&thing))
            }
            Self::Delete(named) => {
                let (client, path) = named.find(kind).await?;
                client.delete(&path).await?;
                output.print(&json!({"removed": named.name}), || format!("{} {} is removed", kind.word(), named.name))
            }
        }
    }
}

impl Named {
    /// The client, and the path of what is meant.
    pub(crate) async fn find(&self, kind: Kind) -> Result<(Client, String), Failure> {
        let client = self.access.admin_client()?;
        let list = client.get(kind.path()).await?;
        let is_meant = |thing: &&Value| {
            ["id", "name", "system_id"].iter().any(|key| thing[*key].as_str() == Some(self.name.as_str()))
        };
        let found = list["data"].as_array().into_iter().flatten().find(is_meant);
        let missing =
            || Failure::because(Exit::Refused, format!("not_found: there is no {} \"{}\"", kind.word(), self.name));
        let id = found.and_then(|thing| thing["id"].as_str()).ok_or_else(missing)?;
        Ok((client, format!("{}/{id}", kind.path())))
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
pub(super) fn cell(value: &Value) -> String {
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
