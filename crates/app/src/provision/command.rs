//! The `apply` command.

use std::path::{Path, PathBuf};

use clap::Args;
use sambac_engine::admin::{Issued, Prepared, Provisioning, Secrets};
use sambac_engine::clock::Clock;
use serde_json::{Map, Value, json};

use super::{author, failure, ids};
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
/// Safe to repeat, and while the platform runs; a database that is not there is made. Secrets that are made are shown once.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// What is to be there (TOML).
    file: PathBuf,
    /// Write new secrets to this file, readable by its owner only, instead of showing them.
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
    /// Check the file and tell what would change in the database that is there, without changing it.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    flags: Flags,
}

impl Apply {
    /// Applies the file.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let file = super::read(&self.file)?;
        let (store, seal) = if self.dry_run {
            let store = platform::open_existing(&config).await?;
            let seal = master_key::open_for_trial(&config, &store).await?;
            (store, seal)
        } else {
            let store = platform::open_store(&config).await?;
            let seal = master_key::open(&config, &store).await?;
            (store, seal)
        };
        let ids = ids(&store).await?;
        let provisioning = Provisioning { store: &store, seal: &seal, ids: &ids, now: Clock::system().now() };
        let secrets = Secrets { variable: &|name| std::env::var(name).ok(), renew: false };
        let prepared = provisioning.prepare(&file, &secrets).await.map_err(failure)?;
        let told = Told::of(&prepared, self.dry_run);
        let issued = if self.dry_run {
            // Before the database is closed, which waits for it.
            drop(prepared);
            Vec::new()
        } else {
            self.write(prepared).await?
        };
        store.close().await;
        output.print(&told.json(&issued), || told.text(&issued))
    }

    /// Answers the secrets that are to be shown.
    async fn write(&self, prepared: Prepared<'_>) -> Result<Vec<Issued>, Failure> {
        if let Some(path) = &self.secrets_file {
            keep(path, prepared.issued())?;
        }
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (_, issued) = prepared.commit(&author(), &format!("apply {name}")).await.map_err(failure)?;
        Ok(if self.secrets_file.is_some() { Vec::new() } else { issued })
    }
}

/// What is told of an application.
struct Told {
    dry_run: bool,
    counts: Vec<(&'static str, usize)>,
    differences: Value,
    lines: String,
}

impl Told {
    fn of(prepared: &Prepared<'_>, dry_run: bool) -> Self {
        Self {
            dry_run,
            counts: prepared.counts(),
            differences: json!(prepared.differences()),
            lines: prepared.differences().iter().map(ToString::to_string).collect(),
        }
    }

    fn json(&self, issued: &[Issued]) -> Value {
        let counts: Map<_, _> = self.counts.iter().map(|(kind, count)| ((*kind).to_owned(), json!(count))).collect();
        json!({
            "dry_run": self.dry_run, "changed": counts, "differences": self.differences, "secrets": as_json(issued),
        })
    }

    fn text(&self, issued: &[Issued]) -> String {
        format!("{}{}", self.lines, summary(&self.counts, issued, self.dry_run))
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
