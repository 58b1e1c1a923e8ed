//! The `config` command: checks, shows and describes the configuration.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::keys::{self, KEYS};
use super::{Flags, Loaded};
use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::table::Table;

/// Look at the configuration.
#[derive(Args, Debug)]
pub(crate) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Say whether the configuration can be used.
    Check(Flags),
    /// Show each value and where it is from, without secrets.
    Show(Flags),
    /// Print a JSON Schema of the configuration file.
    Schema,
}

impl ConfigCommand {
    /// Does it; nothing is started or changed.
    pub(crate) fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::Check(flags) => {
                load(&flags)?;
                output.print(&json!({"ok": true}), || "the configuration can be used".to_owned())
            }
            What::Show(flags) => show(&load(&flags)?, output),
            What::Schema => output::text(&format!("{:#}\n", keys::schema())),
        }
    }
}

/// Loads the configuration of this process.
pub(crate) fn load(flags: &Flags) -> Result<Loaded, Failure> {
    Loaded::from_process(flags).map_err(|error| Failure::new(Exit::Configuration, error))
}

fn show(loaded: &Loaded, output: Output) -> Result<(), Failure> {
    let mut json_values = Map::new();
    let mut table = Table::new(&["key", "value", "from"]);
    for key in KEYS {
        let given = loaded.values.get(key.path);
        let value = given.map_or(Value::Null, |given| key.shown(&given.value));
        let from = given.map_or("", |given| given.from.as_str());
        table.row([key.path.to_owned(), plain(&value), from.to_owned()]);
        json_values.insert(key.path.to_owned(), json!({"value": value, "from": from}));
    }
    output.print(&Value::Object(json_values), || table.to_string())
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
