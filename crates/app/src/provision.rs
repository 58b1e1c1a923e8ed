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

pub(crate) mod command;
pub(crate) mod file;
pub(crate) mod plan;
mod secrets;
mod write;

use sambac_domain::IdSource;
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_store::Store;

use crate::config::COMMAND_LINE_NODE;
use crate::exit::{Exit, Failure};
use file::File;
use plan::{Changes, Context};

pub(crate) use secrets::Issued;

/// Where secrets come from that the file does not hold.
pub(crate) struct Secrets<'a> {
    /// Looks up an environment variable.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether API keys and SMPP passwords that are stored are replaced by new ones.
    pub(crate) renew: bool,
}

/// Checks `file` against what is stored and tells what would change. Nothing is written.
pub(crate) async fn plan(store: &Store, seal: &Seal, file: &File, secrets: &Secrets<'_>) -> Result<Changes, Failure> {
    let stored = store.load_configuration().await?;
    let ids = IdSource::new(COMMAND_LINE_NODE, store.greatest_id().await?);
    let context = Context { stored: &stored, ids: &ids, now: Clock::system().now(), seal, secrets };
    plan::plan(file, &context).map_err(|problems| Failure::because(Exit::Configuration, problems.to_string()))
}

/// Writes the changes, all at once.
pub(crate) async fn write(store: &Store, changes: &Changes) -> Result<(), Failure> {
    write::write(store, changes).await
}
