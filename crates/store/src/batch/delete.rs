//! `DELETE FROM …` and the ids of rows.

use super::Batch;
use super::pipe::Pipe;
use super::statement::{Bulk, Id, Statements};
use crate::dialect::Dialect;
use crate::rows::OutboxKey;
use crate::value::Field as _;

/// The statement that deletes rows of `table` by id.
pub(super) fn delete(dialect: Dialect, table: &str) -> Bulk<Id> {
    Bulk::of_ids(dialect, format!("DELETE FROM {table} WHERE id"))
}

/// The statement that deletes rows of one lane of one queue. With whole keys in the list, `(target, lane, id) IN
/// (VALUES …)`, SQLite reads the table from end to end, and the outbox is where the backlog is.
pub(super) fn delete_from_queue(dialect: Dialect) -> Bulk<Id> {
    let (target, lane) = (dialect.single(1), dialect.single(2));
    let before = format!("DELETE FROM outbox WHERE target = {target} AND lane = {lane} AND id");
    Bulk::of_ids(dialect, before).with_lead(2)
}

/// The statement that deletes dead letters of one webhook.
pub(super) fn delete_dead_letters(dialect: Dialect) -> Bulk<Id> {
    let before = format!("DELETE FROM webhook_dead_letters WHERE webhook_id = {} AND id", dialect.single(1));
    Bulk::of_ids(dialect, before).with_lead(1)
}

impl Statements {
    pub(super) async fn delete_all(&self, pipe: &Pipe, batch: &Batch) {
        let mut keys: Vec<&OutboxKey> = batch.outbox_done.iter().collect();
        keys.sort_unstable_by_key(|key| (key.target, key.lane, key.id));
        for queue in keys.chunk_by(|a, b| (a.target, a.lane) == (b.target, b.lane)) {
            let lead = [queue[0].target.value(), queue[0].lane.value()];
            let ids: Vec<Id> = queue.iter().map(|key| Id(key.id)).collect();
            self.outbox_done.put_with(pipe, &lead, &ids, None).await;
        }
        let mut letters = batch.dead_letters_done.clone();
        letters.sort_unstable_by_key(|key| (key.webhook_id, key.id));
        for of_one in letters.chunk_by(|a, b| a.webhook_id == b.webhook_id) {
            let ids: Vec<Id> = of_one.iter().map(|key| Id(key.id.raw())).collect();
            self.dead_letters_done.put_with(pipe, &[of_one[0].webhook_id.value()], &ids, None).await;
        }
        let intents: Vec<Id> = batch.intents_done.iter().map(|id| Id(id.raw())).collect();
        self.intents_done.put(pipe, &intents).await;
        let orphans: Vec<Id> = batch.orphans_done.iter().map(|id| Id(*id)).collect();
        self.orphans_done.put(pipe, &orphans).await;
    }
}
