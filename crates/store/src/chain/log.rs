//! The chain as a log: what each block tells of charges and CDRs, in the order in which it was written.
//!
//! A shard has one writer, whose blocks have numbers without gaps and are seen in their order. So who has told of everything up to a
//! block has forgotten nothing, and a cursor is one number for each shard.

use sambac_domain::{ConnectorId, MccMnc, SegmentId, Sender, Timestamp, TrafficClass};
use sqlx::AssertSqlSafe;

use super::leaf::{self, LeafKind};
use super::shard::block_id;
use crate::query::{query, select, select_listed};
use crate::rows::{BlockRow, CdrRow, ChargeRow, EventCursorRow, Row};
use crate::value::{Columns, Field as _};
use crate::{Store, StoreError};

/// What is told of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// Its charge was made.
    Made,
    /// Its charge ended.
    Settled,
    /// Another end of its charge was believed.
    Corrected,
    /// Its record was written, or written anew.
    Cdr,
}

/// What a block tells of charges and CDRs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedBlock {
    /// Shard and number in one; higher ones are later.
    pub id: i64,
    /// When it was written.
    pub at: Timestamp,
    /// In the order in which they are sealed.
    pub entries: Vec<(Told, SegmentId)>,
}

impl LoggedBlock {
    fn of(row: &BlockRow) -> Result<Self, StoreError> {
        let corrupt =
            || StoreError::Corrupt { table: "ledger_blocks", column: "leaves".to_owned(), row: row.id.to_string() };
        let mut entries = Vec::new();
        for leaf in leaf::read(&row.leaves) {
            let leaf = leaf.ok_or_else(corrupt)?;
            let told = match leaf.kind {
                LeafKind::ChargeMade => Told::Made,
                LeafKind::ChargeSettled => Told::Settled,
                LeafKind::ChargeCorrected => Told::Corrected,
                LeafKind::Cdr => Told::Cdr,
                LeafKind::Posting | LeafKind::Hold | LeafKind::Command | LeafKind::Payment | LeafKind::Before => {
                    continue;
                }
            };
            entries.push((told, SegmentId::from_raw(leaf.id)));
        }
        Ok(Self { id: row.id, at: row.created_at, entries })
    }
}

/// What is known of a segment beside its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentTraffic {
    /// The segment.
    pub id: SegmentId,
    /// The network of its number, when known.
    pub mcc_mnc: Option<MccMnc>,
    /// The sender shown.
    pub sender: Sender,
    /// Traffic class.
    pub class: TrafficClass,
    /// Where it goes or went.
    pub connector_id: ConnectorId,
}

impl Row for SegmentTraffic {
    const SOURCE: &'static str = "segments";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.take()?,
            mcc_mnc: columns.take()?,
            sender: columns.take()?,
            class: columns.take()?,
            connector_id: columns.take()?,
        })
    }
}

impl Store {
    /// These charges, in id order; unknown ids are left out.
    pub async fn charges_by_ids(&self, ids: &[SegmentId]) -> Result<Vec<ChargeRow>, StoreError> {
        select_listed(self.pool(), &raw(ids), "charges.id = v.column1").await
    }

    /// These records, in id order; those that are in files, and unknown ones, are left out.
    pub async fn cdrs_by_ids(&self, ids: &[SegmentId]) -> Result<Vec<CdrRow>, StoreError> {
        select_listed(self.pool(), &raw(ids), "cdr_sms.id = v.column1").await
    }

    /// What is known of these segments, in id order; unknown ids are left out.
    pub async fn segment_traffic(&self, ids: &[SegmentId]) -> Result<Vec<SegmentTraffic>, StoreError> {
        let (mut found, ids) = (Vec::with_capacity(ids.len()), raw(ids));
        for ids in ids.chunks(LISTED_MAX) {
            let size = ids.len().next_power_of_two();
            let list = self.pool().dialect().tuples(0, size, 1);
            // A segment's number is in the low eight bits of its id; the rest is its message's.
            let sql = format!(
                "SELECT segments.id, messages.mcc_mnc, messages.sender, messages.class, segments.connector_id
                 FROM (VALUES {list}) AS v CROSS JOIN segments CROSS JOIN messages
                 WHERE segments.id = v.column1 AND messages.id = v.column1 / 256 * 256 ORDER BY segments.id"
            );
            let ids = ids.iter().chain(std::iter::repeat(&0)).take(size).map(i64::value).collect();
            found.extend(query(AssertSqlSafe(sql)).bind_all(ids).all::<SegmentTraffic>(self.pool()).await?);
        }
        Ok(found)
    }

    /// Up to `limit` blocks of a shard after the block `after`.
    pub async fn logged_blocks(&self, shard: i64, after: i64, limit: i64) -> Result<Vec<LoggedBlock>, StoreError> {
        let (from, end) = (after.max(block_id(shard, 0)), block_id(shard + 1, 0));
        let blocks = select::<BlockRow>("WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3");
        let blocks: Vec<BlockRow> = blocks.bind(&from).bind(&end).bind(&limit).all(self.pool()).await?;
        blocks.iter().map(LoggedBlock::of).collect()
    }

    /// Up to which block each shard was told of; a shard without one has not been.
    pub async fn event_cursors(&self) -> Result<Vec<EventCursorRow>, StoreError> {
        select::<EventCursorRow>("ORDER BY id").all(self.pool()).await
    }

    /// A shard was told of up to here. It never goes back.
    pub async fn move_event_cursor(&self, cursor: &EventCursorRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        let sql = "INSERT INTO event_cursors (id, block_id, moved_at) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET block_id = excluded.block_id, moved_at = excluded.moved_at
            WHERE event_cursors.block_id < excluded.block_id";
        query(sql).bind(&cursor.id).bind(&cursor.block_id).bind(&cursor.moved_at).run(&mut work).await?;
        work.commit().await
    }
}

/// Ids in one statement.
const LISTED_MAX: usize = 256;

fn raw(ids: &[SegmentId]) -> Vec<i64> {
    ids.iter().map(|id| id.raw()).collect()
}
