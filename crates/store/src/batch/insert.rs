//! `INSERT INTO …` and the rows.

use super::Batch;
use super::pipe::Pipe;
use super::statement::{Bulk, Statements};
use super::update::last_of_each;
use crate::dialect::Dialect;
use crate::rows::{DeadLetterRow, OptOutRow, Record};

/// The statement that keeps what webhooks have not taken; the last word counts.
pub(super) fn dead_letters(dialect: Dialect) -> Bulk<DeadLetterRow> {
    let insert = format!("INSERT INTO webhook_dead_letters ({}) ", DeadLetterRow::COLUMNS.join(", "));
    let after = " ON CONFLICT (webhook_id, id) DO UPDATE
        SET attempts = excluded.attempts, outcome = excluded.outcome, at = excluded.at";
    Bulk::new(dialect, insert, after)
}

/// The statement that keeps what is said of numbers; the last word counts.
pub(super) fn opt_outs(dialect: Dialect) -> Bulk<OptOutRow> {
    let insert = format!("INSERT INTO opt_outs ({}) ", OptOutRow::COLUMNS.join(", "));
    let after = " ON CONFLICT (number_digest, account_id, sender) DO UPDATE
        SET number_sealed = excluded.number_sealed, state = excluded.state, source = excluded.source,
            set_by = excluded.set_by, note = excluded.note, set_at = excluded.set_at";
    Bulk::new(dialect, insert, after)
}

/// The statement that inserts rows of `R`.
pub(super) fn insert<R: Record>(dialect: Dialect) -> Bulk<R> {
    Bulk::new(dialect, format!("INSERT{} INTO {} ({}) ", dialect.or_fail(), R::TABLE, R::COLUMNS.join(", ")), "")
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
        self.tags.put(pipe, &batch.tags).await;
        self.intents.put(pipe, &batch.intents).await;
        self.cdrs.put(pipe, &batch.cdrs).await;
        self.events.put(pipe, &batch.events).await;
        self.account_events.put(pipe, &batch.account_events).await;
        self.request_nonces.put(pipe, &batch.request_nonces).await;
        self.webhook_deliveries.put(pipe, &batch.webhook_deliveries).await;
        let dead = last_of_each(&batch.dead_letters, |row| (row.webhook_id.raw(), row.id.raw()));
        self.dead_letters.put(pipe, &dead).await;
        let said =
            last_of_each(&batch.opt_outs, |row| (row.number_digest.clone(), row.account_id.raw(), row.sender.clone()));
        self.opt_outs.put(pipe, &said).await;
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
