//! The `apply` command.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::file::File;
use super::{Issued, Secrets, plan, write};
use crate::config::Flags;
use crate::config::command::load;
use crate::data_folder;
use crate::exit::{Exit, Failure};
use crate::master_key;
use crate::output::Output;
use crate::platform;
use crate::table::Table;

/// Make the database say what a file says: operators, connectors, tariffs, accounts, keys, routes, webhooks.
///
/// Safe to repeat, and while the platform runs. Secrets that are made are shown once.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// What is to be there (TOML).
    file: PathBuf,
    /// Write new secrets to this file, readable by its owner only, instead of showing them.
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
    /// Check the file and tell what would change, without changing it.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Apply {
    /// Applies the file.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let file = File::read(&self.file)?;
        let store = platform::open_store(&config).await?;
        let secrets = Secrets { variable: &|name| std::env::var(name).ok(), renew: false };
        let changes = plan(&store, &master_key::open(&config, &store).await?, &file, &secrets).await?;
        let mut answer = Map::new();
        answer.insert("dry_run".to_owned(), json!(self.dry_run));
        answer.insert(
            "changed".to_owned(),
            changes.counts().into_iter().map(|(kind, count)| (kind.to_owned(), json!(count))).collect(),
        );
        if !self.dry_run {
            if let Some(path) = &self.secrets_file {
                keep(path, &changes.issued)?;
            }
            write(&store, &changes).await?;
        }
        store.close().await;
        let shown: &[Issued] = if self.dry_run || self.secrets_file.is_some() { &[] } else { &changes.issued };
        answer.insert("secrets".to_owned(), as_json(shown));
        output.print(&Value::Object(answer), || summary(&changes.counts(), shown, self.dry_run))
    }
}

/// Before the database is changed: a secret that could not be written down would be lost.
fn keep(path: &Path, issued: &[Issued]) -> Result<(), Failure> {
    if issued.is_empty() {
        return Ok(());
    }
    if path.exists() {
        let text = format!("{} exists; nothing was written, so that older secrets are not lost", path.display());
        return Err(Failure::because(Exit::Configuration, text));
    }
    let text = format!("{:#}\n", as_json(issued));
    data_folder::write_private(path, &text)
        .map_err(|error| Failure::because(Exit::Failed, format!("{}: {error}; nothing was written", path.display())))
}

fn as_json(issued: &[Issued]) -> Value {
    let one = |issued: &Issued| json!({"kind": issued.kind, "of": issued.of, "account": issued.account, "secret": issued.expose()});
    issued.iter().map(one).collect()
}

fn summary(counts: &[(&str, usize)], shown: &[Issued], dry_run: bool) -> String {
    let kinds = counts.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " ")));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let verb = if dry_run { "would change" } else { "changed" };
    let mut text = if counts.is_empty() { "nothing to change\n".to_owned() } else { format!("{verb}: {kinds}\n") };
    if !shown.is_empty() {
        let mut table = Table::new(&["new secret", "of", "account", "shown only now"]);
        for issued in shown {
            table.row([issued.kind.to_owned(), issued.of.clone(), issued.account.clone(), issued.expose().to_owned()]);
        }
        text.push_str(&table.to_string());
    }
    text
}
