//! `UPDATE … SET … FROM (VALUES (…),(…)) AS v WHERE …`, with the guards that refuse a batch.
//!
//! Both databases name the columns of VALUES column1, column2 and so on; only PostgreSQL could name them otherwise.

use std::collections::BTreeMap;

use super::changes::BalanceDelta;
use super::mo::MoEnd;
use super::statement::{Bulk, Id, Statements};
use super::{Batch, SegmentUpdate};
use crate::StoreError;
use crate::dialect::Dialect;
use crate::rows::{MoState, Record};
use crate::unit_of_work::UnitOfWork;

/// The statement that sets all columns of `R` but the first, by which the row is found.
pub(super) fn update<R: Record>(dialect: Dialect, guard: &'static str) -> Bulk<R> {
    let set = R::COLUMNS.iter().zip(1..).skip(1).map(|(column, number)| format!("{column} = v.column{number}"));
    update_by(dialect, &set.collect::<Vec<_>>().join(", "), guard)
}

/// The statement that changes rows of `R`'s table as `set` says; `guard` says which row is meant.
pub(super) fn update_by<R: Record>(dialect: Dialect, set: &str, guard: &'static str) -> Bulk<R> {
    Bulk::new(dialect, format!("UPDATE {} SET {set} FROM (VALUES ", R::TABLE), guard)
}

impl Statements {
    pub(super) async fn update_all(&self, work: &mut UnitOfWork, batch: &Batch) -> Result<(), StoreError> {
        let segments = last_of_each(&batch.segment_updates);
        let changed = self.segment_updates.run(work, &segments).await?;
        guard("segment", changed, segments.len())?;
        let changed = self.body_swaps.run(work, &batch.body_swaps).await?;
        guard("body_swap", changed, batch.body_swaps.len())?;
        let changed = self.message_finals.run(work, &batch.message_finals).await?;
        guard("message_final", changed, batch.message_finals.len())?;
        self.message_corrections.run(work, &batch.message_corrections).await?;
        let changed = self.settlements.run(work, &batch.settlements).await?;
        guard("settlement", changed, batch.settlements.len())?;
        let changed = self.charge_corrections.run(work, &batch.charge_corrections).await?;
        guard("correction", changed, batch.charge_corrections.len())?;
        let changed = self.payments_succeeded.run(work, &batch.payments_succeeded).await?;
        guard("payment_intents", changed, batch.payments_succeeded.len())?;
        let booked: Vec<Id> = batch.transfers_booked.iter().map(|id| Id(id.raw())).collect();
        self.transfers_booked.run(work, &booked).await?;
        let changed = self.hold_updates.run(work, &batch.hold_updates).await?;
        guard("hold", changed, batch.hold_updates.len())?;
        self.outbox_moves.run(work, &batch.outbox_moves).await?;
        self.update_mo(work, batch).await?;
        let balances = summed(&batch.balances)?;
        let changed = self.balances.run(work, &balances).await?;
        guard("balance", changed, balances.len())
    }
}

impl Statements {
    /// The first of all: a process that lost its shard writes nothing, and whoever takes it waits for the end of this.
    pub(super) async fn check_fences(&self, work: &mut UnitOfWork, batch: &Batch) -> Result<(), StoreError> {
        let changed = self.fences.run(work, &batch.fences).await?;
        guard("ledger_shards", changed, batch.fences.len())
    }

    /// Deliveries before messages, which look at them.
    async fn update_mo(&self, work: &mut UnitOfWork, batch: &Batch) -> Result<(), StoreError> {
        self.mo_joined.run(work, &batch.mo_joined).await?;
        self.mo_delivered.run(work, &batch.mo_delivered).await?;
        let given_up: Vec<Id> = batch.mo_given_up.iter().map(|id| Id(id.raw())).collect();
        self.mo_given_up.run(work, &given_up).await?;
        self.mo_ends.run(work, &ends(&batch.mo_ends)).await?;
        self.mo_rerouted.run(work, &batch.mo_rerouted).await?;
        let dismissed: Vec<Id> = batch.mo_dismissed.iter().map(|id| Id(id.raw())).collect();
        self.mo_dismissed.run(work, &dismissed).await?;
        Ok(())
    }
}

/// One end for each message: that it was taken, if anybody has taken it.
fn ends(given: &[MoEnd]) -> Vec<&MoEnd> {
    let mut ends: Vec<&MoEnd> = given.iter().collect();
    ends.sort_by_key(|end| (end.id, end.state != MoState::Taken));
    ends.dedup_by_key(|end| end.id);
    ends
}

/// Refuses when fewer rows were changed than were given.
fn guard(name: &'static str, changed: u64, given: usize) -> Result<(), StoreError> {
    if usize::try_from(changed) == Ok(given) { Ok(()) } else { Err(StoreError::Conflict(name)) }
}

/// One update for each segment: with two in one statement the database would choose one of them. In id order,
/// which is the order of the table.
fn last_of_each(updates: &[SegmentUpdate]) -> Vec<&SegmentUpdate> {
    let mut last: Vec<&SegmentUpdate> = updates.iter().rev().collect();
    // The sort keeps the order of equals, so that the last given stays first of its id.
    last.sort_by_key(|update| update.id);
    last.dedup_by_key(|update| update.id);
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
