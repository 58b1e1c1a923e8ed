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
use sambac_domain::money::Micros;
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_store::Store;

use crate::config::COMMAND_LINE_NODE;
use crate::exit::{Exit, Failure};
use file::File;
use plan::{Changes, Context, Problems};

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
    let changes = plan::plan(file, &context);
    let changes = changes.map_err(|problems| Failure::because(Exit::Configuration, problems.to_string()))?;
    without_booked(store, changes).await
}

/// Leaves out payments that are booked; one that is booked with another amount is a fault of the file.
async fn without_booked(store: &Store, mut changes: Changes) -> Result<Changes, Failure> {
    let mut due = Vec::new();
    for credit in changes.payments.drain(..) {
        match store.payment(credit.account.id, &credit.reference).await? {
            None => due.push(credit),
            Some(booked) if booked.amount_micros == credit.amount_micros => {}
            Some(booked) => {
                let (account, reference) = (&credit.account.name, &credit.reference);
                let problem = format!(
                    "account \"{account}\": payment \"{reference}\" is booked with {}, not {}",
                    Micros(booked.amount_micros),
                    Micros(credit.amount_micros)
                );
                return Err(Failure::because(Exit::Configuration, Problems(vec![problem]).to_string()));
            }
        }
    }
    Ok(Changes { payments: due, ..changes })
}

/// Writes the changes, all at once.
pub(crate) async fn write(store: &Store, changes: &Changes) -> Result<(), Failure> {
    write::write(store, changes).await
}
