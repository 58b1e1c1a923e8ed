//! The master key of a database: found, made for a new one, and proved before anything is sealed with it.
//!
//! A key is made only for a database in which nothing was ever sealed. A missing file beside any other means a wrong path or
//! a volume that is not mounted, and a new key there would leave stored passwords closed for ever.

use sambac_engine::seal::{Seal, SealError};
use sambac_store::Store;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// What is sealed as the proof, under an id that no row has.
const PROOF: &str = "sambac";
const PROOF_ID: i64 = 0;

/// The configured key, or the one of the file, which is made for a new database.
pub(crate) async fn open(config: &Config, store: &Store) -> Result<Seal, Failure> {
    let seal = match &config.master_key {
        Some(key) => Seal::from_base64(key.expose()).map_err(wrong),
        None => from_file(config, store).await,
    }?;
    prove(config, store, &seal).await?;
    Ok(seal)
}

/// The key for what is not kept: the one of the database, or any one for a database in which nothing was ever sealed. Neither a
/// file nor a proof is made.
pub(crate) async fn open_for_trial(config: &Config, store: &Store) -> Result<Seal, Failure> {
    let is_kept = config.master_key.is_some() || config.master_key_path().exists();
    if !is_kept && is_new(store).await? {
        return Seal::throwaway().map_err(wrong);
    }
    let seal = match &config.master_key {
        Some(key) => Seal::from_base64(key.expose()).map_err(wrong),
        None => from_file(config, store).await,
    }?;
    match store.master_key_check().await? {
        Some(kept) => seal.open_text(PROOF_ID, &kept).map(drop).map_err(|error| not_its_key(config, &error))?,
        None => prove_by_rows(config, store, &seal).await?,
    }
    Ok(seal)
}

async fn from_file(config: &Config, store: &Store) -> Result<Seal, Failure> {
    let path = config.master_key_path();
    match Seal::from_file(&path) {
        Err(error) if error.is_missing() && is_new(store).await? => match Seal::create_file(&path) {
            // Another command has made it meanwhile.
            Err(error) if error.is_there_already() => Seal::from_file(&path).map_err(wrong),
            made => made.map_err(wrong),
        },
        Err(error) if error.is_missing() => Err(missing(config)),
        read => read.map_err(wrong),
    }
}

/// Whether nothing can have been sealed in it.
async fn is_new(store: &Store) -> Result<bool, Failure> {
    let stored = store.load_configuration().await?;
    let is_empty = stored.accounts.is_empty() && stored.connectors.is_empty();
    Ok(is_empty && store.master_key_check().await?.is_none())
}

/// Refuses a key that did not seal what is stored; keeps a proof for the next time if there is none.
async fn prove(config: &Config, store: &Store, seal: &Seal) -> Result<(), Failure> {
    if store.master_key_check().await?.is_none() {
        prove_by_rows(config, store, seal).await?;
        store.keep_master_key_check(&seal.seal_text(PROOF_ID, PROOF)?).await?;
    }
    // Read again: of two that are first at once, one has kept its proof and the other is refused.
    let kept = store.master_key_check().await?.unwrap_or_default();
    seal.open_text(PROOF_ID, &kept).map(drop).map_err(|error| not_its_key(config, &error))
}

/// For a database that was made before proofs were kept.
async fn prove_by_rows(config: &Config, store: &Store, seal: &Seal) -> Result<(), Failure> {
    let stored = store.load_configuration().await?;
    let passwords = stored.connectors.iter().map(|row| (row.id.raw(), &row.password_sealed.0));
    let secrets = stored.webhooks.iter().map(|row| (row.id.raw(), &row.secret_sealed.0));
    for (id, sealed) in passwords.chain(secrets) {
        seal.open_text(id, sealed).map_err(|error| not_its_key(config, &error))?;
    }
    Ok(())
}

fn wrong(error: SealError) -> Failure {
    Failure::new(Exit::Configuration, error)
}

fn missing(config: &Config) -> Failure {
    let path = config.master_key_path();
    let text = format!(
        "the master key file {} is missing, but the database holds what was sealed with it; no new key is made. \
         Put the file back (is its volume mounted?), or say where the key is with SAMBAC_MASTER_KEY_FILE or SAMBAC_MASTER_KEY",
        path.display()
    );
    Failure::because(Exit::Configuration, text)
}

fn not_its_key(config: &Config, error: &SealError) -> Failure {
    let from = match &config.master_key {
        Some(_) => "given as master_key (SAMBAC_MASTER_KEY)".to_owned(),
        None => format!("in {}", config.master_key_path().display()),
    };
    let text =
        format!("the master key {from} is not the one that this database was sealed with ({error}): give that one");
    Failure::because(Exit::Configuration, text)
}

#[cfg(test)]
mod tests;
