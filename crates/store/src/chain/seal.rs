//! Adds a batch's block to the chain, and the check that its shard is still ours.

use sambac_domain::Timestamp;

use super::key::ChainKey;
use super::leaf::{CHARGE_END_COLUMNS, CHARGE_MADE_COLUMNS, LeafKind, Leaves};
use super::shard::Head;
use crate::batch::{Batch, Fence};
use crate::query::query;
use crate::rows::{BlockRow, CdrRow, HoldRow, LedgerCommandRow, PaymentRow, PostingRow, Record as _};
use crate::{Store, StoreError};

/// One shard's chain, in the hands of the process that holds the shard.
#[derive(Debug, Clone)]
pub struct Chain {
    key: ChainKey,
    head: Head,
    /// Rows that were there before the chain began, by kind; told in the first block.
    before: Vec<(LeafKind, i64)>,
}

/// What seals a batch.
pub(crate) struct Sealed {
    pub(crate) block: Option<BlockRow>,
    pub(crate) fence: Fence,
    pub(crate) head: Head,
}

impl Chain {
    /// The chain that ends at `head`.
    pub fn new(key: ChainKey, head: Head) -> Self {
        Self { key, head, before: Vec::new() }
    }

    /// The last block that is stored.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Puts block and fence of a batch into it, in the place of those that it has, and gives the head that it makes. A batch
    /// without money and records gets no block, and the same head.
    pub fn seal(&self, batch: &mut Batch, at: Timestamp) -> Head {
        batch.blocks.clear();
        batch.fences.clear();
        self.number(batch);
        let Sealed { block, fence, head } = self.sealed(batch, at);
        batch.blocks.extend(block);
        batch.fences.push(fence);
        head
    }

    /// Tells every row of a batch in which block it is going to be sealed.
    pub(crate) fn number(&self, batch: &mut Batch) {
        number(batch, self.head.block_id + 1);
    }

    /// The block of a batch whose rows are numbered, and the fence that goes with it.
    pub(crate) fn sealed(&self, batch: &Batch, at: Timestamp) -> Sealed {
        let leaves = self.leaves(batch);
        let before = &self.head;
        let block = (!leaves.is_empty()).then(|| self.block(before.block_id + 1, leaves, at));
        let head = block.as_ref().map_or_else(|| before.clone(), |(_, head)| head.clone());
        let fence = Fence {
            shard: before.shard,
            epoch: before.epoch,
            block_before: before.block_id,
            block_after: head.block_id,
            hash: head.hash.to_vec(),
        };
        Sealed { block: block.map(|(block, _)| block), fence, head }
    }

    /// That the shard is still as this process left it, and nothing else.
    pub(crate) fn fence(&self) -> Fence {
        let Head { shard, epoch, block_id, ref hash } = self.head;
        Fence { shard, epoch, block_before: block_id, block_after: block_id, hash: hash.to_vec() }
    }

    /// The batch is stored: the chain goes on from here.
    pub fn advance(&mut self, head: Head) {
        if head.block_id != self.head.block_id {
            self.before.clear();
        }
        self.head = head;
    }

    fn block(&self, id: i64, leaves: Vec<u8>, at: Timestamp) -> (BlockRow, Head) {
        let Head { shard, epoch, hash: previous, .. } = self.head;
        let hash = block_hash(&self.key, &previous, (id, epoch), at, &leaves);
        let (previous_hash, hash_octets) = (previous.to_vec(), hash.to_vec());
        let block = BlockRow { id, epoch, previous_hash, hash: hash_octets, leaves, created_at: at };
        (block, Head { shard, epoch, block_id: id, hash })
    }

    fn leaves(&self, batch: &Batch) -> Vec<u8> {
        let mut leaves = Leaves::new(&self.key);
        self.before.iter().for_each(|(kind, count)| leaves.add_before(*kind, *count));
        leaves.add(LeafKind::Posting, &batch.postings, PostingRow::COLUMNS.len());
        leaves.add(LeafKind::ChargeMade, &batch.charges, CHARGE_MADE_COLUMNS);
        // A charge that is taken when it is made has both in one batch.
        let settled: Vec<_> = batch.charges.iter().filter_map(crate::batch::Settlement::of).collect();
        leaves.add(LeafKind::ChargeSettled, &settled, CHARGE_END_COLUMNS);
        leaves.add(LeafKind::ChargeSettled, &batch.settlements, CHARGE_END_COLUMNS);
        leaves.add(LeafKind::ChargeCorrected, &batch.charge_corrections, CHARGE_END_COLUMNS);
        leaves.add(LeafKind::Hold, &batch.holds, HoldRow::COLUMNS.len());
        leaves.add(LeafKind::Hold, &batch.hold_updates, HoldRow::COLUMNS.len());
        leaves.add(LeafKind::Command, &batch.commands, LedgerCommandRow::COLUMNS.len());
        leaves.add(LeafKind::Cdr, &batch.cdrs, CdrRow::COLUMNS.len());
        leaves.add(LeafKind::Cdr, &batch.cdr_updates, CdrRow::COLUMNS.len());
        leaves.add(LeafKind::Payment, &batch.payments, PaymentRow::COLUMNS.len());
        leaves.into_octets()
    }
}

/// Tells every row of the batch in which block it is sealed.
fn number(batch: &mut Batch, block_id: i64) {
    batch.postings.iter_mut().for_each(|row| row.block_id = block_id);
    for charge in &mut batch.charges {
        charge.block_id = block_id;
        charge.settle_block_id = charge.settle_posting_id.map(|_| block_id);
    }
    batch.settlements.iter_mut().for_each(|row| row.block_id = block_id);
    batch.charge_corrections.iter_mut().for_each(|row| row.block_id = block_id);
    batch.holds.iter_mut().chain(&mut batch.hold_updates).for_each(|row| row.block_id = block_id);
    batch.commands.iter_mut().for_each(|row| row.block_id = block_id);
    batch.cdrs.iter_mut().chain(&mut batch.cdr_updates).for_each(|row| row.block_id = block_id);
    batch.payments.iter_mut().for_each(|row| row.block_id = block_id);
}

/// The hash of a block: keyed, over the one before, its number and epoch, its time and its leaves.
pub(super) fn block_hash(
    key: &ChainKey,
    previous: &[u8],
    (id, epoch): (i64, i64),
    at: Timestamp,
    leaves: &[u8],
) -> [u8; super::key::HASH_OCTETS] {
    key.digest(&[b"block", previous, &id.to_le_bytes(), &epoch.to_le_bytes(), &at.0.to_le_bytes(), leaves])
}

impl Store {
    /// Takes a shard over and gives its chain. A chain without blocks notes what the tables held before it began.
    pub async fn take_chain(
        &self,
        shard: i64,
        key: ChainKey,
        holder: &str,
        at: Timestamp,
    ) -> Result<Chain, StoreError> {
        let head = self.take_shard(shard, holder, at).await?;
        let mut chain = Chain::new(key, head);
        if chain.head.block_no() == 0 && shard == super::SHARD_OF_ENGINE {
            chain.before = self.rows_before_the_chain().await?;
        }
        Ok(chain)
    }

    /// Notes, once, how many payments no block seals: those from before payments were sealed. It is the one block of a shard of its
    /// own, so that a chain that has begun long ago can be told, too.
    pub async fn note_unsealed_payments(&self, key: ChainKey, at: Timestamp) -> Result<(), StoreError> {
        let is_noted = |head: &Head| head.shard == super::SHARD_OF_UNSEALED && head.block_no() > 0;
        if self.ledger_heads().await?.iter().any(is_noted) {
            return Ok(());
        }
        let before = vec![(LeafKind::Payment, self.rows_without_block(LeafKind::Payment).await?)];
        let (mut work, mut batch) = (self.begin().await?, Batch::default());
        let head = work.take_shard(super::SHARD_OF_UNSEALED, "payments from before they were sealed", at).await?;
        Chain { key, head, before }.seal(&mut batch, at);
        work.write(&batch).await?;
        work.commit().await
    }

    async fn rows_before_the_chain(&self) -> Result<Vec<(LeafKind, i64)>, StoreError> {
        let mut before = Vec::new();
        for kind in [LeafKind::Posting, LeafKind::ChargeMade, LeafKind::Cdr] {
            before.push((kind, self.rows_without_block(kind).await?));
        }
        Ok(before)
    }

    pub(super) async fn rows_without_block(&self, kind: LeafKind) -> Result<i64, StoreError> {
        let count = format!("SELECT COUNT(*) FROM {} WHERE block_id = 0", kind.table());
        let counted = query(sqlx::AssertSqlSafe(count)).all::<(i64,)>(self.pool()).await?;
        Ok(counted.first().map_or(0, |(count,)| *count))
    }
}
