//! Rows that no block names: every row of a sealed table says in which block it was sealed, and that block must have it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::leaf::{self, LeafKind};
use super::raw::{Raw, RawRow};
use super::verify::{Walk, What};
use crate::StoreError;
use crate::rows::ChargeState;

/// Blocks whose leaves are kept at a time. Rows lie in about the order of their blocks.
const BLOCKS_KEPT: usize = 64;
/// What is read of a charge beside its id and block, how it ended, and where in the row that lies.
const CHARGE_END: &str = "settle_block_id, state, captured_micros, settle_posting_id, correct_posting_id";
const SETTLE_BLOCK: usize = 2;
const STATE: usize = 3;
const CAPTURED: usize = 4;
const SETTLE_POSTING: usize = 5;
const CORRECT_POSTING: usize = 6;

/// The leaves of blocks that were looked at last.
#[derive(Default)]
pub(super) struct Sealed {
    /// `None`: there is no such block.
    blocks: HashMap<i64, Option<HashSet<(LeafKind, i64)>>>,
    order: VecDeque<i64>,
}

impl Walk<'_> {
    /// Looks through all sealed tables.
    pub(super) async fn added(&mut self) -> Result<(), StoreError> {
        let mut sealed = Sealed::default();
        for kind in LeafKind::OF_TABLES {
            let ends = if kind == LeafKind::ChargeMade { format!(", {CHARGE_END}") } else { String::new() };
            let columns = format!("id, block_id{ends}");
            let (mut after, mut before) = (i64::MIN, 0);
            loop {
                let page = self.store.raw_page(kind.table(), &columns, after).await?;
                let Some(last) = page.last() else { break };
                after = last.id();
                for row in &page {
                    before += i64::from(row.number(1) == Some(0));
                    self.is_named(kind, row, &mut sealed).await?;
                }
                self.progress();
            }
            if kind == LeafKind::Cdr {
                before += self.added_to_files(&mut sealed).await?;
            }
            self.before_the_chain(kind, before);
        }
        Ok(())
    }

    pub(super) async fn is_named(
        &mut self,
        kind: LeafKind,
        row: &RawRow,
        sealed: &mut Sealed,
    ) -> Result<(), StoreError> {
        let (table, id) = (kind.table(), row.id());
        self.verified.rows += 1;
        if self.was_told(table, id) {
            return Ok(());
        }
        let block = row.number(1).unwrap_or(-1);
        let before = block == 0 && self.before.get(&kind.code()).is_some_and(|count| *count != 0);
        if !before && !self.names(block, &[kind], id, sealed).await? {
            self.found(table, id, What::Added);
        }
        if kind != LeafKind::ChargeMade {
            return Ok(());
        }
        if !before {
            self.charge_end(row, sealed).await?;
        }
        Ok(())
    }

    /// How a charge ended must be sealed, too, by the block that it names for that; one that has not ended must say nothing.
    async fn charge_end(&mut self, row: &RawRow, sealed: &mut Sealed) -> Result<(), StoreError> {
        let (table, id) = (LeafKind::ChargeMade.table(), row.id());
        let corrected = row.number(STATE) == Some(ChargeState::Corrected.code().into());
        let Some(block) = row.number(SETTLE_BLOCK) else {
            let is_zero = |place| row.number(place) == Some(0);
            let is_null = |place| *row.value(place) == Raw::Null;
            let open = [
                ("state", is_zero(STATE)),
                ("captured_micros", is_zero(CAPTURED)),
                ("settle_posting_id", is_null(SETTLE_POSTING)),
                ("correct_posting_id", is_null(CORRECT_POSTING)),
            ];
            let changed: Vec<_> = open.iter().filter(|(_, right)| !right).map(|(name, _)| *name).collect();
            if !changed.is_empty() {
                self.found(table, id, What::Changed(changed));
            }
            return Ok(());
        };
        let end = if corrected { LeafKind::ChargeCorrected } else { LeafKind::ChargeSettled };
        if !self.names(block, &[end], id, sealed).await? {
            self.found(table, id, What::Changed(vec!["state", "settle_block_id"]));
        }
        // Nothing is said of it by whoever settles.
        if !corrected && *row.value(CORRECT_POSTING) != Raw::Null {
            self.found(table, id, What::Changed(vec!["correct_posting_id"]));
        }
        Ok(())
    }

    /// Whether the block has a leaf of one of these kinds with this id. One whose leaves cannot be trusted has any.
    async fn names(&self, block: i64, kinds: &[LeafKind], id: i64, sealed: &mut Sealed) -> Result<bool, StoreError> {
        if self.broken.contains(&block) {
            return Ok(true);
        }
        if !sealed.blocks.contains_key(&block) {
            let leaves = self
                .store
                .block(block)
                .await?
                .map(|block| leaf::read(&block.leaves).flatten().map(|leaf| (leaf.kind, leaf.id)).collect());
            sealed.keep(block, leaves);
        }
        let leaves = sealed.blocks.get(&block).and_then(Option::as_ref);
        Ok(leaves.is_some_and(|leaves| kinds.iter().any(|kind| leaves.contains(&(*kind, id)))))
    }

    fn before_the_chain(&mut self, kind: LeafKind, count: i64) {
        let Some(&noted) = self.before.get(&kind.code()).filter(|noted| **noted != 0) else { return };
        self.verified.before += count;
        if noted != count {
            let why = format!("{count} rows are from before the chain began, which counted {noted}");
            self.found(kind.table(), 0, What::Broken(why));
        }
    }
}

impl Sealed {
    fn keep(&mut self, block: i64, leaves: Option<HashSet<(LeafKind, i64)>>) {
        if self.order.len() >= BLOCKS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.blocks.remove(&oldest);
        }
        self.order.push_back(block);
        self.blocks.insert(block, leaves);
    }
}
