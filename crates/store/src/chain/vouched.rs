//! Whether the chain vouches for a CDR as it is, asked record by record, without a walk through the whole chain.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use sambac_domain::{SegmentId, Timestamp};

use super::archived::raw;
use super::key::{ChainKey, ROW_OCTETS};
use super::leaf::{self, LeafKind, row_digest};
use super::seal::block_hash;
use super::verify::Block;
use crate::rows::CdrRow;
use crate::{Store, StoreError};

/// What a block says of its CDRs, by their ids: the digest, and of how many columns it is.
type Digests = HashMap<i64, ([u8; ROW_OCTETS], usize)>;

impl Store {
    /// Those of these records that are as the blocks say which they name. Blocks that were changed vouch for none, and nothing
    /// vouches for records from before the chain. Whether a block is in its place in the chain is not looked at.
    pub async fn vouched_cdrs(&self, key: &ChainKey, rows: &[CdrRow]) -> Result<HashSet<SegmentId>, StoreError> {
        let (mut blocks, mut vouched) = (HashMap::<i64, Digests>::new(), HashSet::new());
        for row in rows {
            let digests = match blocks.entry(row.block_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let block = self.block(row.block_id).await?;
                    place.insert(block.map(|block| digests_of(key, &block)).unwrap_or_default())
                }
            };
            if digests.get(&row.id.raw()).is_some_and(|(said, columns)| *said == digest(key, row, *columns)) {
                vouched.insert(row.id);
            }
        }
        Ok(vouched)
    }
}

fn digests_of(key: &ChainKey, block: &Block) -> Digests {
    let at = Timestamp(block.created_at);
    let hash = block_hash(key, &block.previous, (block.id, block.epoch), at, &block.leaves);
    if hash.as_slice() != block.hash {
        return Digests::new();
    }
    let cdrs = leaf::read(&block.leaves).flatten().filter(|leaf| leaf.kind == LeafKind::Cdr);
    cdrs.map(|leaf| (leaf.id, (leaf.digest, leaf.tints.len()))).collect()
}

fn digest(key: &ChainKey, row: &CdrRow, columns: usize) -> [u8; ROW_OCTETS] {
    let (row, mut octets) = (raw(row), Vec::with_capacity(256));
    (0..columns).for_each(|place| row.value(place).put(&mut octets));
    row_digest(key, LeafKind::Cdr, &octets)
}
