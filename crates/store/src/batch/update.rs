//! `UPDATE … SET … FROM (…) AS v WHERE …`, with the guards that refuse a batch.
//!
//! SQLite names the columns of VALUES column1, column2 and so on, and could not name them otherwise.

use std::collections::BTreeMap;

use super::Batch;
use super::changes::BalanceDelta;
use super::mo::MoEnd;
use super::pipe::Pipe;
use super::statement::{Bulk, Id, Statements};
use crate::StoreError;
use crate::dialect::Dialect;
use crate::rows::{MoState, Record};
use crate::spending;

/// The statement that sets all columns of `R` but the first, by which the row is found.
pub(super) fn update<R: Record>(dialect: Dialect, guard: &'static str) -> Bulk<R> {
    let set = R::COLUMNS.iter().zip(1..).skip(1).map(|(column, number)| format!("{column} = v.column{number}"));
    update_by(dialect, &set.collect::<Vec<_>>().join(", "), guard)
}

/// The statement that changes rows of `R`'s table as `set` says; `guard` says which row is meant.
pub(super) fn update_by<R: Record>(dialect: Dialect, set: &str, guard: &'static str) -> Bulk<R> {
    Bulk::new(dialect, format!("UPDATE{} {} SET {set} FROM (", dialect.or_fail(), R::TABLE), guard)
}

impl Statements {
    pub(super) async fn update_all(&self, pipe: &Pipe, batch: &Batch) -> Result<(), StoreError> {
        let segments = last_of_each(&batch.segment_updates, |update| update.id.raw());
        self.segment_updates.put_all_of(pipe, &segments, "segment").await;
        self.body_swaps.put_all_of(pipe, &batch.body_swaps, "body_swap").await;
        let due: Vec<Id> = batch.messages_due.iter().map(|id| Id(id.raw())).collect();
        self.messages_due.put(pipe, &due).await;
        self.message_finals.put_all_of(pipe, &batch.message_finals, "message_final").await;
        self.redacted.put(pipe, &batch.redacted).await;
        let wiped: Vec<Id> = batch.bodies_wiped.iter().map(|id| Id(id.raw())).collect();
        self.bodies_wiped.put(pipe, &wiped).await;
        self.message_corrections.put(pipe, &batch.message_corrections).await;
        self.settlements.put_all_of(pipe, &batch.settlements, "settlement").await;
        self.charge_corrections.put_all_of(pipe, &batch.charge_corrections, "correction").await;
        self.payments_succeeded.put_all_of(pipe, &batch.payments_succeeded, "payment_intents").await;
        self.transfers_booked.put(pipe, &batch.transfers_booked).await;
        self.hold_updates.put_all_of(pipe, &batch.hold_updates, "hold").await;
        // One that was deleted by who should not have is named by whoever verifies the chain; it holds up nothing else.
        self.cdr_updates.put(pipe, &batch.cdr_updates).await;
        self.outbox_moves.put(pipe, &batch.outbox_moves).await;
        self.update_mo(pipe, batch).await;
        self.put_otps(pipe, batch).await;
        self.spending.put(pipe, &spending::summed(&batch.spending)).await;
        let balances = summed(&batch.balances)?;
        self.balances.put_all_of(pipe, &balances, "balance").await;
        Ok(())
    }
}

impl Statements {
    /// Deliveries before messages, which look at them.
    async fn update_mo(&self, pipe: &Pipe, batch: &Batch) {
        self.mo_joined.put(pipe, &batch.mo_joined).await;
        self.mo_delivered.put(pipe, &batch.mo_delivered).await;
        let given_up: Vec<Id> = batch.mo_given_up.iter().map(|id| Id(id.raw())).collect();
        self.mo_given_up.put(pipe, &given_up).await;
        self.mo_ends.put(pipe, &ends(&batch.mo_ends)).await;
        self.mo_rerouted.put(pipe, &batch.mo_rerouted).await;
        let dismissed: Vec<Id> = batch.mo_dismissed.iter().map(|id| Id(id.raw())).collect();
        self.mo_dismissed.put(pipe, &dismissed).await;
    }
}

/// One end for each message: that it was taken, if anybody has taken it.
fn ends(given: &[MoEnd]) -> Vec<&MoEnd> {
    let mut ends: Vec<&MoEnd> = given.iter().collect();
    ends.sort_by_key(|end| (end.id, end.state != MoState::Taken));
    ends.dedup_by_key(|end| end.id);
    ends
}

/// One update for each row: with two in one statement the database would choose one of them. In id order,
/// which is the order of the table.
pub(super) fn last_of_each<R, K: Ord>(updates: &[R], id: impl Fn(&R) -> K) -> Vec<&R> {
    let mut last: Vec<&R> = updates.iter().rev().collect();
    // The sort keeps the order of equals, so that the last given stays first of its id.
    last.sort_by_key(|update| id(update));
    last.dedup_by_key(|update| id(update));
    last
}

/// One change for each balance, for the same reason.
fn summed(deltas: &[BalanceDelta]) -> Result<Vec<BalanceDelta>, StoreError> {
    let mut sums = BTreeMap::<i64, i64>::new();
    for delta in deltas {
        let sum = sums.entry(delta.id).or_default();
        *sum = sum.checked_add(delta.delta_micros).ok_or(StoreError::Conflict("balance"))?;
    }
    Ok(sums.into_iter().map(|(id, delta_micros)| BalanceDelta { id, delta_micros }).collect())
}
