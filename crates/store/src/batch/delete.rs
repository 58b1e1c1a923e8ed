//! `DELETE FROM … WHERE key IN (VALUES (…),(…))`.

use super::Batch;
use super::statement::{Bulk, Id, Statements};
use crate::StoreError;
use crate::dialect::Dialect;
use crate::rows::Record;
use crate::unit_of_work::UnitOfWork;

/// The statement that deletes rows of `table` by the columns of `R`.
pub(super) fn delete<R: Record>(dialect: Dialect, table: &str) -> Bulk<R> {
    let key = R::COLUMNS.join(", ");
    Bulk::new(dialect, format!("DELETE FROM {table} WHERE ({key}) IN (VALUES "), ")")
}

impl Statements {
    pub(super) async fn delete_all(&self, work: &mut UnitOfWork, batch: &Batch) -> Result<(), StoreError> {
        self.outbox_done.run(work, &batch.outbox_done).await?;
        let intents: Vec<Id> = batch.intents_done.iter().map(|id| Id(id.raw())).collect();
        self.intents_done.run(work, &intents).await?;
        let orphans: Vec<Id> = batch.orphans_done.iter().map(|id| Id(*id)).collect();
        self.orphans_done.run(work, &orphans).await?;
        Ok(())
    }
}
