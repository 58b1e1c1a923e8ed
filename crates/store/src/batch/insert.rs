//! `INSERT INTO … VALUES (…),(…)`.

use super::Batch;
use super::pipe::Pipe;
use super::statement::{Bulk, Statements};
use crate::dialect::Dialect;
use crate::rows::Record;

/// The statement that inserts rows of `R`.
pub(super) fn insert<R: Record>(dialect: Dialect) -> Bulk<R> {
    Bulk::new(dialect, format!("INSERT{} INTO {} ({}) VALUES ", dialect.or_fail(), R::TABLE, R::COLUMNS.join(", ")), "")
}

impl Statements {
    pub(super) async fn insert_all(&self, pipe: &Pipe, batch: &Batch) {
        // First what is most likely refused: a key that is there already.
        self.idempotency.put(pipe, &batch.idempotency).await;
        self.messages.put(pipe, &batch.messages).await;
        self.segments.put(pipe, &batch.segments).await;
        self.charges.put(pipe, &batch.charges).await;
        self.outbox.put(pipe, &batch.outbox).await;
        self.recipients.put(pipe, &batch.recipients).await;
        self.intents.put(pipe, &batch.intents).await;
        self.cdrs.put(pipe, &batch.cdrs).await;
        self.events.put(pipe, &batch.events).await;
        self.postings.put(pipe, &batch.postings).await;
        self.payments.put(pipe, &batch.payments).await;
        self.commands.put(pipe, &batch.commands).await;
        self.holds.put(pipe, &batch.holds).await;
        self.blocks.put(pipe, &batch.blocks).await;
        self.orphans.put(pipe, &batch.orphans).await;
        self.mo_messages.put(pipe, &batch.mo_messages).await;
        self.mo_segments.put(pipe, &batch.mo_segments).await;
        self.mo_deliveries.put(pipe, &batch.mo_deliveries).await;
    }
}
