//! Whether the chain vouches for rows as they are, asked row by row, without a walk through the whole chain. What is read in order
//! to be changed and sealed anew is asked about first: else whoever edits a row has the platform seal the edit.
//!
//! A block that was changed vouches for nothing. Whether it is in its place in the chain is not looked at, nor whether a later one
//! seals the row: one that was put back as it was at an earlier time is vouched for. Where rows are sealed more than once, something
//! else must know which of their times is the last.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use sambac_domain::{HoldId, SegmentId};

use super::key::{ChainKey, ROW_OCTETS};
use super::leaf::{self, LeafKind, row_digest};
use super::raw::{Raw, RawRow};
use super::verify::Block;
use crate::batch::{ChargeCorrection, Settlement};
use crate::rows::{CdrRow, ChargeRow, ChargeState, HoldRow, LedgerCommandRow, Record};
use crate::{Store, StoreError};

/// A row, and the block that it names.
struct Claim {
    kind: LeafKind,
    block_id: i64,
    row: RawRow,
}

/// What a block says of rows: the digest of each, and of how many columns it is.
type Digests = HashMap<(LeafKind, i64), ([u8; ROW_OCTETS], usize)>;

impl Store {
    /// Those of these records that are as the blocks say which they name. Nothing vouches for records from before the chain.
    pub async fn vouched_cdrs(&self, key: &ChainKey, rows: &[CdrRow]) -> Result<HashSet<SegmentId>, StoreError> {
        let claims: Vec<_> = rows.iter().map(|row| Claim::new(LeafKind::Cdr, row, row.block_id)).collect();
        let vouched = self.vouched(key, &claims).await?;
        Ok(rows.iter().map(|row| row.id).filter(|id| vouched.contains(&id.raw())).collect())
    }

    /// Those of these holds that are as the blocks say which they name.
    pub async fn vouched_holds(&self, key: &ChainKey, rows: &[HoldRow]) -> Result<HashSet<HoldId>, StoreError> {
        let claims: Vec<_> = rows.iter().map(|row| Claim::new(LeafKind::Hold, row, row.block_id)).collect();
        let vouched = self.vouched(key, &claims).await?;
        Ok(rows.iter().map(|row| row.id).filter(|id| vouched.contains(&id.raw())).collect())
    }

    /// Those of these commands that are as the blocks say which they name.
    pub async fn vouched_commands(
        &self,
        key: &ChainKey,
        rows: &[LedgerCommandRow],
    ) -> Result<HashSet<i64>, StoreError> {
        let claims: Vec<_> = rows.iter().map(|row| Claim::new(LeafKind::Command, row, row.block_id)).collect();
        self.vouched(key, &claims).await
    }

    /// Those of these charges that were made, and have ended, as the blocks say which they name for that.
    pub async fn vouched_charges(&self, key: &ChainKey, rows: &[ChargeRow]) -> Result<HashSet<SegmentId>, StoreError> {
        let whole = |row: &&ChargeRow| end_of(row).is_some() == (row.state != ChargeState::Held);
        let claims: Vec<_> = rows.iter().filter(whole).flat_map(charge_claims).collect();
        let vouched = self.vouched(key, &claims).await?;
        Ok(rows.iter().map(|row| row.id).filter(|id| vouched.contains(&id.raw())).collect())
    }

    /// The ids of the rows of which every claim is right.
    async fn vouched(&self, key: &ChainKey, claims: &[Claim]) -> Result<HashSet<i64>, StoreError> {
        let asked: HashSet<_> = claims.iter().map(Claim::leaf).collect();
        let (mut blocks, mut vouched, mut wrong) = (HashMap::<i64, Digests>::new(), HashSet::new(), HashSet::new());
        for claim in claims {
            let digests = match blocks.entry(claim.block_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let block = self.block(claim.block_id).await?;
                    place.insert(block.map(|block| digests_of(key, &block, &asked)).unwrap_or_default())
                }
            };
            let is_right =
                digests.get(&claim.leaf()).is_some_and(|(digest, columns)| *digest == claim.digest(key, *columns));
            let ids = if is_right { &mut vouched } else { &mut wrong };
            ids.insert(claim.row.id());
        }
        vouched.retain(|id| !wrong.contains(id));
        Ok(vouched)
    }
}

impl Claim {
    fn new<R: Record>(kind: LeafKind, row: &R, block_id: i64) -> Self {
        let mut values = Vec::with_capacity(R::COLUMNS.len());
        row.values(&mut values);
        Self { kind, block_id, row: RawRow::new(values.iter().map(Raw::of).collect()) }
    }

    fn leaf(&self) -> (LeafKind, i64) {
        (self.kind, self.row.id())
    }

    fn digest(&self, key: &ChainKey, columns: usize) -> [u8; ROW_OCTETS] {
        let mut octets = Vec::with_capacity(256);
        (0..columns).for_each(|place| self.row.value(place).put(&mut octets));
        row_digest(key, self.kind, &octets)
    }
}

/// A charge's first columns, which never change, and its end, if it has one.
fn charge_claims(row: &ChargeRow) -> impl Iterator<Item = Claim> {
    [Some(Claim::new(LeafKind::ChargeMade, row, row.block_id)), end_of(row)].into_iter().flatten()
}

fn end_of(row: &ChargeRow) -> Option<Claim> {
    let ChargeRow { id, state, captured_micros, settle_posting_id, correct_posting_id, .. } = *row;
    let block_id = row.settle_block_id?;
    Some(if state == ChargeState::Corrected {
        let end = ChargeCorrection { id, captured_micros, posting: correct_posting_id?, block_id };
        Claim::new(LeafKind::ChargeCorrected, &end, block_id)
    } else {
        let end = Settlement { id, state, captured_micros, posting: settle_posting_id?, block_id };
        Claim::new(LeafKind::ChargeSettled, &end, block_id)
    })
}

/// What the block says of these rows.
fn digests_of(key: &ChainKey, block: &Block, asked: &HashSet<(LeafKind, i64)>) -> Digests {
    if block.hash_by(key).as_slice() != block.hash {
        return Digests::new();
    }
    let leaves = leaf::read(&block.leaves).flatten();
    let said = leaves.map(|leaf| ((leaf.kind, leaf.id), (leaf.digest, leaf.tints.len())));
    said.filter(|(leaf, _)| asked.contains(leaf)).collect()
}
