//! The history of the configuration, as people read it.

use sambac_domain::Timestamp;
use sambac_domain::error::ErrorCode;
use sambac_store::StoreError;
use sambac_store::rows::ConfigVersionRow;

use super::difference::{Difference, Names, differences};
use super::refusal;
use crate::Engine;
use crate::refusal::Refusal;

/// A change of the configuration.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number, from 1 without gaps.
    pub number: i64,
    /// Who made it.
    pub author: String,
    /// How.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
    /// What it changed.
    pub differences: Vec<Difference>,
}

impl Engine {
    /// Versions before `before` (`None`: from the newest), the newest first, `limit` at most.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn versions(&self, before: Option<i64>, limit: u32) -> Result<Vec<Version>, Refusal> {
        let names = Names::of(&self.stored().await?);
        let rows = self.0.store.configuration_versions(before, limit).await;
        let rows = rows.map_err(|error| refusal::store(&error))?;
        rows.into_iter().map(|row| version(row, &names).map_err(|error| refusal::store(&error))).collect()
    }

    /// The version of this number.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn version(&self, number: i64) -> Result<Version, Refusal> {
        let names = Names::of(&self.stored().await?);
        let row = self.0.store.configuration_version_of(number).await.map_err(|error| refusal::store(&error))?;
        version(row.ok_or(ErrorCode::NotFound)?, &names).map_err(|error| refusal::store(&error))
    }
}

fn version(row: ConfigVersionRow, names: &Names) -> Result<Version, StoreError> {
    let differences = differences(&row.list()?, names);
    let ConfigVersionRow { id, author, reason, created_at, .. } = row;
    Ok(Version { number: id, author, reason, created_at, differences })
}
