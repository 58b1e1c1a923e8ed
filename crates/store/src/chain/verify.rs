//! Walks the chain from its first block and compares every row that it names with what is in the database; then looks for rows
//! that no block names ([`super::added`]). Memory does not grow with the chain, and the platform may run meanwhile.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use sambac_domain::Timestamp;
use sqlx::AssertSqlSafe;

use super::archived::{Archives, CdrFiles, Elsewhere};
use super::key::{ChainKey, HASH_OCTETS};
use super::leaf::{self, Leaf, LeafKind, put_number, row_digest};
use super::raw::{Raw, RawRow};
use super::seal::block_hash;
use super::shard::{Head, block_id};
use crate::query::query;
use crate::rows::{BlockRow, ChargeState, Record as _};
use crate::{Store, StoreError};

/// Where the price lies in what is read of a settled charge: behind the columns of its end and the block.
const SETTLED_AMOUNT: usize = 5;
/// Blocks read at once.
const PAGE_BLOCKS: u32 = 16;
/// Findings that are remembered, so that none is told twice; more than these are told as often as they are met.
const REMEMBERED_MAX: usize = 100_000;

/// A row that is not what it was when it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Its table.
    pub table: &'static str,
    /// Its id.
    pub id: i64,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// These columns are not what they were. No column: which of them cannot be told.
    Changed(Vec<&'static str>),
    /// It is gone.
    Deleted,
    /// No block names it.
    Added,
    /// Said in words.
    Broken(String),
}

/// What is told while the chain is walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report<'a> {
    /// A row that was tampered with.
    Found(&'a Finding),
    /// How far it is: blocks walked of all, and rows looked at.
    Progress {
        /// Blocks so far.
        blocks: u64,
        /// All blocks.
        blocks_total: u64,
        /// Rows so far.
        rows: u64,
    },
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Where the chains end.
    pub heads: Vec<Head>,
    /// Blocks walked.
    pub blocks: u64,
    /// Rows compared.
    pub rows: u64,
    /// Rows that are not what they were.
    pub findings: u64,
    /// Rows from before the chain began, which nothing vouches for.
    pub before: i64,
}

pub(super) struct Walk<'a> {
    pub(super) store: &'a Store,
    pub(super) key: &'a ChainKey,
    /// CDRs that are in files.
    pub(super) archives: Archives<'a>,
    report: &'a mut (dyn FnMut(Report<'_>) + Send),
    pub(super) verified: Verified,
    blocks_total: u64,
    told: HashSet<(&'static str, i64)>,
    /// Blocks whose leaves cannot be trusted.
    pub(super) broken: HashSet<i64>,
    /// Rows before the chain, by kind, as the first block says.
    pub(super) before: BTreeMap<u8, i64>,
}

/// Where the walk through a shard is.
struct Place {
    block_id: i64,
    /// The hash that the next block must name as the one before; with a changed block the one that it says, too.
    previous: Vec<Vec<u8>>,
    hash: Vec<u8>,
    epoch: i64,
}

impl Store {
    /// Verifies everything. `kept` are heads that were kept outside: the chains must still have them.
    pub async fn verify_ledger(
        &self,
        key: &ChainKey,
        kept: &[Head],
        files: &mut dyn CdrFiles,
        report: &mut (dyn FnMut(Report<'_>) + Send),
    ) -> Result<Verified, StoreError> {
        let heads = self.ledger_heads().await?;
        let blocks_total = query("SELECT COUNT(*) FROM ledger_blocks").all::<(i64,)>(self.pool()).await?;
        let blocks_total = blocks_total.first().and_then(|(count,)| u64::try_from(*count).ok()).unwrap_or_default();
        let mut walk = Walk {
            store: self,
            key,
            archives: Archives::new(files),
            report,
            verified: Verified { heads: heads.clone(), ..Verified::default() },
            blocks_total,
            told: HashSet::new(),
            broken: HashSet::new(),
            before: BTreeMap::new(),
        };
        walk.chains(&heads).await?;
        walk.kept(kept).await?;
        walk.added().await?;
        walk.progress();
        Ok(walk.verified)
    }
}

impl Walk<'_> {
    pub(super) fn found(&mut self, table: &'static str, id: i64, what: What) {
        if self.told.contains(&(table, id)) {
            return;
        }
        if self.told.len() < REMEMBERED_MAX {
            self.told.insert((table, id));
        }
        self.verified.findings += 1;
        (self.report)(Report::Found(&Finding { table, id, what }));
    }

    pub(super) fn was_told(&self, table: &'static str, id: i64) -> bool {
        self.told.contains(&(table, id))
    }

    pub(super) fn progress(&mut self) {
        let (blocks, rows) = (self.verified.blocks, self.verified.rows);
        (self.report)(Report::Progress { blocks, blocks_total: self.blocks_total, rows });
    }

    async fn chains(&mut self, heads: &[Head]) -> Result<(), StoreError> {
        let mut places = BTreeMap::<i64, Place>::new();
        let mut after = i64::MIN;
        loop {
            let page = self.store.block_page(after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for block in page {
                let shard = block.id >> 48;
                let mut place = places.remove(&shard).unwrap_or_else(|| Place::first(shard));
                self.block(&block, &mut place).await?;
                places.insert(shard, place);
            }
            self.progress();
        }
        for head in heads {
            let place = places.remove(&head.shard).unwrap_or_else(|| Place::first(head.shard));
            self.end_of(head, &place).await?;
        }
        places.into_keys().for_each(|shard| self.found("ledger_shards", shard, What::Deleted));
        Ok(())
    }

    /// Looks at a block itself, then at the rows that it names.
    async fn block(&mut self, block: &Block, place: &mut Place) -> Result<(), StoreError> {
        if block.id > place.block_id + 1 {
            // However many are gone, their gap is told once.
            self.found("ledger_blocks", place.block_id + 1, What::Deleted);
            place.previous.clear();
        }
        let hash = block.hash_by(self.key);
        let is_next = place.previous.is_empty() || place.previous.contains(&block.previous);
        let is_whole = hash.as_slice() == block.hash;
        let mut changed = Vec::new();
        if !is_next {
            changed.push("previous_hash");
        }
        if block.epoch < place.epoch {
            changed.push("epoch");
        }
        if !is_whole || !changed.is_empty() || block.is_strange {
            self.broken.insert(block.id);
            self.found("ledger_blocks", block.id, What::Changed(changed));
        }
        // Either may be what the next block names: the hash that it has, or the one that it had.
        place.previous = vec![block.hash.clone(), hash.to_vec()];
        (place.block_id, place.hash) = (block.id, block.hash.clone());
        if is_whole {
            place.epoch = block.epoch.max(place.epoch);
        }
        self.verified.blocks += 1;
        if is_whole { self.rows_of(block).await } else { Ok(()) }
    }

    /// The shard's row must name the end of its chain, which may have grown since the row was read.
    async fn end_of(&mut self, head: &Head, place: &Place) -> Result<(), StoreError> {
        let now = self.store.ledger_heads().await?.into_iter().find(|now| now.shard == head.shard);
        if place.block_id < head.block_id {
            self.found("ledger_blocks", place.block_id + 1, What::Deleted);
        } else if place.block_id == head.block_id && place.hash != head.hash {
            self.found("ledger_shards", head.shard, What::Changed(vec!["hash"]));
        } else if now.is_none_or(|now| now.block_id < place.block_id) {
            self.found("ledger_shards", head.shard, What::Changed(vec!["block_id"]));
        }
        Ok(())
    }

    /// Heads that were kept outside must still be in their chains.
    async fn kept(&mut self, kept: &[Head]) -> Result<(), StoreError> {
        for head in kept.iter().filter(|head| head.block_no() > 0) {
            let stored = query("SELECT hash FROM ledger_blocks WHERE id = $1").bind(&head.block_id);
            let stored = stored.first::<(Vec<u8>,)>(self.store.pool()).await?;
            let (shard, block_no) = (head.shard, head.block_no());
            let why = match stored {
                Some((hash,)) if hash == head.hash => continue,
                Some(_) => format!("block {block_no} of shard {shard} is another one than in the head that was kept"),
                None => format!("the chain of shard {shard} was cut off: block {block_no} of the kept head is gone"),
            };
            self.told.remove(&("ledger_blocks", head.block_id));
            self.found("ledger_blocks", head.block_id, What::Broken(why));
        }
        Ok(())
    }

    async fn rows_of(&mut self, block: &Block) -> Result<(), StoreError> {
        let mut by_kind = BTreeMap::<u8, Vec<Leaf<'_>>>::new();
        for leaf in leaf::read(&block.leaves) {
            match leaf {
                Some(leaf) if leaf.kind == LeafKind::Before => self.note_before(&leaf),
                Some(leaf) => by_kind.entry(leaf.kind.code()).or_default().push(leaf),
                None => self.found("ledger_blocks", block.id, What::Broken("its leaves cannot be read".to_owned())),
            }
        }
        for leaves in by_kind.values() {
            let Some(kind) = leaves.first().map(|leaf| leaf.kind) else { continue };
            let ids: Vec<_> = leaves.iter().map(|leaf| leaf.id).collect();
            let mut columns = [kind.columns(), &[kind.block_column()]].concat();
            if kind == LeafKind::ChargeSettled {
                columns.push("amount_micros");
            }
            let columns = columns.join(", ");
            let rows = self.store.raw_rows(kind.table(), &columns, &ids).await?;
            let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id(), row)).collect();
            for leaf in leaves {
                self.verified.rows += 1;
                match rows.get(&leaf.id) {
                    None if kind == LeafKind::Cdr => self.cdr_elsewhere(leaf, block.id).await?,
                    row => self.row(leaf, block.id, row),
                }
            }
        }
        Ok(())
    }

    /// A CDR that is not in its table may be in the file of its day.
    async fn cdr_elsewhere(&mut self, leaf: &Leaf<'_>, block: i64) -> Result<(), StoreError> {
        match self.elsewhere(leaf.id).await? {
            Elsewhere::InFile(row) => self.row(leaf, block, Some(&row)),
            Elsewhere::Nowhere => self.row(leaf, block, None),
            Elsewhere::Unreadable => {}
        }
        Ok(())
    }

    fn note_before(&mut self, leaf: &Leaf<'_>) {
        let [of, ..] = leaf.id.to_le_bytes();
        self.before.insert(of, leaf.id >> 8);
    }

    fn row(&mut self, leaf: &Leaf<'_>, block: i64, row: Option<&RawRow>) {
        let (kind, table) = (leaf.kind, leaf.kind.table());
        let Some(row) = row else { return self.found(table, leaf.id, What::Deleted) };
        let columns = kind.columns().len();
        // In which block the row says that it was sealed last.
        let sealed = row.number(columns).unwrap_or_default();
        match kind {
            LeafKind::Hold | LeafKind::Cdr | LeafKind::ChargeCorrected if sealed > block => {}
            LeafKind::ChargeSettled if sealed > block && is_corrected(row) => self.settled_before(leaf, row),
            LeafKind::ChargeSettled | LeafKind::ChargeCorrected if sealed != block => {
                let changed = self.differing(leaf, row).unwrap_or_else(|| vec!["settle_block_id"]);
                self.found(table, leaf.id, What::Changed(changed));
            }
            LeafKind::ChargeSettled if is_corrected(row) && self.differing(leaf, row).is_some() => {
                // Settled and corrected in one batch.
                self.settled_before(leaf, row);
            }
            _ => {
                if let Some(changed) = self.differing(leaf, row) {
                    self.found(table, leaf.id, What::Changed(changed));
                }
            }
        }
    }

    /// What a charge was settled as before another end was believed: captured whole, or voided.
    fn settled_before(&mut self, leaf: &Leaf<'_>, row: &RawRow) {
        let matches = |state: ChargeState, micros: i64| {
            let mut octets = Vec::new();
            put_number(&mut octets, Some(leaf.id));
            put_number(&mut octets, Some(state.code().into()));
            put_number(&mut octets, Some(micros));
            row.value(3).put(&mut octets);
            row_digest(self.key, leaf.kind, &octets) == leaf.digest
        };
        // The whole price is among the columns that never change, and was compared there; its tint tells it here.
        let voided = matches(ChargeState::Voided, 0);
        let captured = || row.number(SETTLED_AMOUNT).is_some_and(|amount| matches(ChargeState::Captured, amount));
        if !voided && !captured() {
            self.found(leaf.kind.table(), leaf.id, What::Changed(vec!["settle_posting_id"]));
        }
    }

    /// The columns that are not what the leaf says; `None`: all are.
    fn differing(&self, leaf: &Leaf<'_>, row: &RawRow) -> Option<Vec<&'static str>> {
        let (mut octets, mut changed, mut start) = (Vec::with_capacity(256), Vec::new(), 0);
        for (place, (name, tint)) in leaf.kind.columns().iter().zip(leaf.tints).enumerate() {
            row.value(place).put(&mut octets);
            if self.key.tint(place, octets.get(start..).unwrap_or_default()) != *tint {
                changed.push(*name);
            }
            start = octets.len();
        }
        (row_digest(self.key, leaf.kind, &octets) != leaf.digest).then_some(changed)
    }
}

fn is_corrected(row: &RawRow) -> bool {
    row.number(1) == Some(ChargeState::Corrected.code().into())
}

impl Place {
    fn first(shard: i64) -> Self {
        let block_id = block_id(shard, 0);
        Self { block_id, previous: vec![vec![0; HASH_OCTETS]], hash: vec![0; HASH_OCTETS], epoch: 0 }
    }
}

/// A block as it lies in the database.
pub(super) struct Block {
    pub(super) id: i64,
    epoch: i64,
    previous: Vec<u8>,
    pub(super) hash: Vec<u8>,
    pub(super) leaves: Vec<u8>,
    created_at: i64,
    is_strange: bool,
}

impl Block {
    fn of(row: &RawRow) -> Self {
        let octets = |place| match row.value(place) {
            Raw::Octets(octets) => octets.clone(),
            _ => Vec::new(),
        };
        let number = |place| row.number(place).unwrap_or_default();
        let is_strange = [0, 1, 5].iter().any(|place| row.number(*place).is_none());
        let (previous, hash, leaves) = (octets(2), octets(3), octets(4));
        Self { id: row.id(), epoch: number(1), previous, hash, leaves, created_at: number(5), is_strange }
    }
}

impl Block {
    /// The hash that it must have, to be what was written.
    pub(super) fn hash_by(&self, key: &ChainKey) -> [u8; HASH_OCTETS] {
        block_hash(key, &self.previous, (self.id, self.epoch), Timestamp(self.created_at), &self.leaves)
    }
}

impl Store {
    async fn block_page(&self, after: i64) -> Result<Vec<Block>, StoreError> {
        let columns = BlockRow::COLUMNS.join(", ");
        let sql = format!("SELECT {columns} FROM ledger_blocks WHERE id > $1 ORDER BY id LIMIT {PAGE_BLOCKS}");
        let page = query(AssertSqlSafe(sql)).bind(&after).all::<RawRow>(self.pool()).await?;
        Ok(page.iter().map(Block::of).collect())
    }

    pub(super) async fn block(&self, id: i64) -> Result<Option<Block>, StoreError> {
        let rows = self.raw_rows("ledger_blocks", &BlockRow::COLUMNS.join(", "), &[id]).await?;
        Ok(rows.first().map(Block::of))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, id, what } = self;
        match what {
            What::Changed(columns) if columns.is_empty() => write!(f, "{table} {id} was changed"),
            What::Changed(columns) => write!(f, "{table} {id} was changed: {}", columns.join(", ")),
            What::Deleted => write!(f, "{table} {id} was deleted"),
            What::Added => write!(f, "{table} {id} was added: the block in its block_id does not name it"),
            What::Broken(why) => write!(f, "{table} {id}: {why}"),
        }
    }
}
