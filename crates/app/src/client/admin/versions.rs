//! The `versions` command: the history of the configuration, and the way back.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::thing::cell;
use crate::client::Access;
use crate::exit::Failure;
use crate::output::Output;
use crate::table::Table;

/// Versions of the configuration: list, show, rollback.
#[derive(Args, Debug)]
pub(crate) struct VersionsCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// The latest changes, newest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        access: Access,
    },
    /// Every field that a version changed.
    Show {
        /// Its number.
        number: i64,
        #[command(flatten)]
        access: Access,
    },
    /// Take the configuration back to how it was after a version.
    Rollback {
        /// Its number.
        number: i64,
        /// Only tell what would change.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        access: Access,
    },
}

impl VersionsCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::List { limit, access } => {
                let list = access.admin_client()?.get(&format!("/v1/admin/versions?limit={limit}")).await?;
                output.print(&list, || listed(&list))
            }
            What::Show { number, access } => {
                let version = access.admin_client()?.get(&format!("/v1/admin/versions/{number}")).await?;
                output.print(&version, || {
                    let head = ["number", "created_at", "author", "reason"].map(|key| cell(&version[key])).join("  ");
                    format!("{head}\n{}", differences(&version["differences"]))
                })
            }
            What::Rollback { number, dry_run, access } => {
                let path = format!("/v1/admin/versions/{number}/rollback?dry_run={dry_run}");
                let done = access.admin_client()?.post(&path, &Value::Null).await?;
                output.print(&done, || match done["version"].as_i64() {
                    Some(version) => format!("version {version}\n{}", differences(&done["differences"])),
                    None if dry_run => differences(&done["differences"]),
                    None => "nothing to change".to_owned(),
                })
            }
        }
    }
}

fn listed(list: &Value) -> String {
    let mut table = Table::new(&["number", "when", "who", "what", "things"]);
    for version in list["data"].as_array().into_iter().flatten() {
        let things = version["differences"].as_array().map_or(0, Vec::len);
        let [number, at, author, reason] = ["number", "created_at", "author", "reason"].map(|key| cell(&version[key]));
        table.row([number, at, author, reason, things.to_string()]);
    }
    table.to_string()
}

/// As `sambac apply --dry-run` shows them.
pub(super) fn differences(list: &Value) -> String {
    let mut text = String::new();
    for thing in list.as_array().into_iter().flatten() {
        let [kind, name, action] = ["kind", "name", "action"].map(|key| cell(&thing[key]));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{kind} {name} {action}");
        for field in thing["fields"].as_array().into_iter().flatten() {
            let [field, before, after] = ["field", "before", "after"].map(|key| cell(&field[key]));
            let _ = writeln!(text, "  {field}  {before} → {after}");
        }
    }
    text
}
