//! Provisioning from a file: `sambac apply platform.toml` makes the database say what the file says.
//!
//! ```toml
//! [[tariff]]
//! name = "standard"
//! currency = "EUR"
//! rate = [{ price = "0.05" }, { prefix = "44", price = "0.04" }]
//! [[account]]
//! name = "bank"
//! currency = "EUR"
//! tariff = "standard"
//! ```
//!
//! Things are known by their names. What the file does not name stays as it is; what it names is made or changed; what is
//! already so is not touched, so a second run changes nothing. The whole file is checked before anything is written, and all
//! of it is written at once. A running platform notices within a second.

pub(crate) mod admin_key;
pub(crate) mod command;
pub(crate) mod export;
pub(crate) mod vouch;

use std::path::Path;

use sambac_domain::IdSource;
use sambac_domain::in_words::in_words;
use sambac_engine::admin::{self, ApplyError, File, Issued, Provisioning, Secrets};
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_store::Store;

use crate::config::COMMAND_LINE_NODE;
use crate::exit::{Exit, Failure};

/// Reads a provisioning file.
pub(crate) fn read(path: &Path) -> Result<File, Failure> {
    let name = path.display().to_string();
    let wrong = |error: String| Failure::because(Exit::Configuration, format!("{name}: {error}"));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    toml::from_str(&text).map_err(|error| wrong(all_faults(&text).unwrap_or_else(|| in_words(&error.to_string()))))
}

/// Everything that is wrong with the form of a file. One fault alone is better told by the reader, which knows the line.
fn all_faults(text: &str) -> Option<String> {
    let document = serde_json::to_value(toml::from_str::<toml::Table>(text).ok()?).ok()?;
    let faults = admin::read_file(document.clone()).err().filter(|faults| faults.len() > 1)?;
    Some(faults.iter().map(|fault| fault.told(&document)).collect::<Vec<_>>().join("; "))
}

/// Numbers for new things of this command line.
pub(crate) async fn ids(store: &Store) -> Result<IdSource, Failure> {
    Ok(IdSource::new(COMMAND_LINE_NODE, store.greatest_id().await?))
}

/// Plans and writes `file`, and answers the secrets that were made.
pub(crate) async fn apply(
    store: &Store,
    seal: &Seal,
    file: &File,
    secrets: &Secrets<'_>,
    reason: &str,
) -> Result<Vec<Issued>, Failure> {
    let ids = ids(store).await?;
    let provisioning = Provisioning { store, seal, ids: &ids, now: Clock::system().now() };
    let prepared = provisioning.prepare(file, secrets).await.map_err(failure)?;
    let (_, issued) = prepared.commit(&author(), reason).await.map_err(failure)?;
    Ok(issued)
}

/// Who is at the command line, as versions name the author of a change.
pub(crate) fn author() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    format!("command line ({})", user.as_deref().unwrap_or("unknown user"))
}

/// What is wrong with the file is the caller's, all else the database's.
pub(crate) fn failure(error: ApplyError) -> Failure {
    match error {
        ApplyError::Problems(problems) => Failure::because(Exit::Configuration, problems.to_string()),
        ApplyError::Store(error) => Failure::because(Exit::Failed, format!("nothing was written: {error}")),
        ApplyError::Refused(refusal) => Failure::because(Exit::Refused, refusal.to_string()),
        ApplyError::Busy => Failure::because(Exit::Failed, error.to_string()),
    }
}
