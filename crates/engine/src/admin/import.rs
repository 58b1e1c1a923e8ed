//! The whole configuration at once: what `sambac apply` does, over the network.

use serde_json::{Map, Value};

use super::difference::Difference;
use super::export;
use super::file::File;
use super::key::Administrator;
use super::object::file_from;
use super::refusal;
use super::secrets::{Issued, Secrets};
use crate::Engine;
use crate::refusal::Refusal;

/// What an import did, or would do.
#[derive(Debug)]
pub struct Imported {
    /// The version that keeps it; `None` when nothing had to be changed, or nothing was.
    pub version: Option<i64>,
    /// What it changed.
    pub differences: Vec<Difference>,
    /// Secrets that were made; shown only now.
    pub issued: Vec<Issued>,
}

impl Engine {
    /// Everything but secrets, as a provisioning file says it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export(&self) -> Result<File, Refusal> {
        let exported = export::export(&self.0.store, self.0.clock.now()).await;
        exported.map_err(|error| refusal::store(&error))
    }

    /// Makes the configuration say what `document` says; what it does not name stays. With `dry_run` only tells what that
    /// would change.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once; nothing is changed then.
    pub async fn import(
        &self,
        by: &Administrator,
        document: Map<String, Value>,
        dry_run: bool,
    ) -> Result<Imported, Refusal> {
        let file = file_from(&Value::Object(document), 0)?;
        let _changing = self.0.admin_changes.lock().await;
        let secrets = Secrets { variable: &|_| None, renew: false };
        let prepared = self.provisioning().prepare(&file, &secrets).await?;
        prepared.check_rights(by)?;
        let differences = prepared.differences().to_vec();
        if dry_run {
            return Ok(Imported { version: None, differences, issued: Vec::new() });
        }
        let (version, issued) = prepared.commit(&by.author(), "import").await?;
        self.reload().await;
        Ok(Imported { version, differences, issued })
    }
}
