//! `INSERT INTO … VALUES (…),(…)`.

use super::Batch;
use super::statement::{Bulk, Statements};
use crate::StoreError;
use crate::dialect::Dialect;
use crate::rows::Record;
use crate::unit_of_work::UnitOfWork;

/// The statement that inserts rows of `R`.
pub(super) fn insert<R: Record>(dialect: Dialect) -> Bulk<R> {
    Bulk::new(dialect, format!("INSERT INTO {} ({}) VALUES ", R::TABLE, R::COLUMNS.join(", ")), "")
}

impl Statements {
    pub(super) async fn insert_all(&self, work: &mut UnitOfWork, batch: &Batch) -> Result<(), StoreError> {
        // First what is most likely refused: a key that is there already.
        self.idempotency.run(work, &batch.idempotency).await?;
        self.messages.run(work, &batch.messages).await?;
        self.segments.run(work, &batch.segments).await?;
        self.charges.run(work, &batch.charges).await?;
        self.outbox.run(work, &batch.outbox).await?;
        self.intents.run(work, &batch.intents).await?;
        self.cdrs.run(work, &batch.cdrs).await?;
        self.events.run(work, &batch.events).await?;
        self.postings.run(work, &batch.postings).await?;
        self.payments.run(work, &batch.payments).await?;
        self.commands.run(work, &batch.commands).await?;
        self.holds.run(work, &batch.holds).await?;
        self.blocks.run(work, &batch.blocks).await?;
        self.orphans.run(work, &batch.orphans).await?;
        self.mo_messages.run(work, &batch.mo_messages).await?;
        self.mo_segments.run(work, &batch.mo_segments).await?;
        self.mo_deliveries.run(work, &batch.mo_deliveries).await?;
        Ok(())
    }
}
