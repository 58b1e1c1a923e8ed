//! Erasing a number wherever it is kept. Of billing facts nothing else changes: prices, states, times, networks and the chain's word
//! for all of them stay.
//!
//! No table has an index by number: the hot path does not pay for what is asked for a few times a year. Tables are walked a window
//! of ids at a time instead, and only a window that has the number is written to.

use sambac_domain::{ErasureId, Msisdn, SegmentId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::batch::Batch;
use crate::chain::{Chain, ChainKey, SHARD_OF_ERASURES};
use crate::query::{query, select};
use crate::rows::{CdrRow, ErasureRow};
use crate::{Store, StoreError};

/// Ids looked at in one step.
const WINDOW: i64 = 20_000;
/// Who holds the shard of erasures, for whoever reads its row.
const ERASER: &str = "records whose number was erased";

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Rows that had the number.
    pub rows: u64,
    /// Rows that have it and need it still: they are on their way.
    pub open: u64,
    /// Where the next step begins; `None` when all was looked at.
    pub next: Option<i64>,
    /// Records that have it still and are not what the chain vouches for: sealed anew, an edit would be vouched for.
    pub changed: u64,
    /// The first of these.
    pub first_changed: Option<SegmentId>,
}

impl Store {
    /// Keeps what is said of an erasure.
    pub async fn keep_erasure(&self, row: &ErasureRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(row).await?;
        work.commit().await
    }

    /// An erasure.
    pub async fn erasure(&self, id: ErasureId) -> Result<Option<ErasureRow>, StoreError> {
        select::<ErasureRow>("WHERE id = $1").bind(&id).first(self.pool()).await
    }

    /// Erasures that have not come to their end, oldest first.
    pub async fn open_erasures(&self) -> Result<Vec<ErasureRow>, StoreError> {
        select::<ErasureRow>("WHERE ended_at IS NULL ORDER BY id").all(self.pool()).await
    }

    /// Erases a number in messages that have ended, of the window of ids above `above`; the client's own word for each
    /// goes with it.
    pub async fn erase_messages(&self, number: Msisdn, above: i64) -> Result<Erased, StoreError> {
        let Some(last) = self.window("messages", above).await? else { return Ok(Erased::default()) };
        let count = query(
            "SELECT COUNT(final_at), COUNT(*) - COUNT(final_at) FROM messages
             WHERE id > $1 AND id <= $2 AND destination = $3",
        );
        let count = count.bind(&above).bind(&last).bind(&number).first::<(i64, i64)>(self.pool()).await?;
        let (ended, open) = count.unwrap_or_default();
        if ended > 0 {
            let erased = number.erased();
            let mut work = self.begin().await?;
            let forget = query(
                "DELETE FROM message_tags WHERE of_message IN (SELECT id FROM messages
                 WHERE id > $1 AND id <= $2 AND destination = $3 AND final_at IS NOT NULL)",
            );
            forget.bind(&above).bind(&last).bind(&number).run(&mut work).await?;
            let erase = query(
                "UPDATE messages SET destination = $4, client_ref = NULL
                 WHERE id > $1 AND id <= $2 AND destination = $3 AND final_at IS NOT NULL",
            );
            erase.bind(&above).bind(&last).bind(&number).bind(&erased).run(&mut work).await?;
            work.commit().await?;
        }
        Ok(Erased { rows: number_of(ended), open: number_of(open), next: Some(last), ..Erased::default() })
    }

    /// Erases a number in CDRs of the window of ids above `above`. Each record is sealed anew, in the chain of a shard of its own,
    /// whose holder the erasure is for as long as a step takes. One that is not as its block says is left as it is.
    pub async fn erase_cdrs(
        &self,
        number: Msisdn,
        above: i64,
        key: &ChainKey,
        at: Timestamp,
    ) -> Result<Erased, StoreError> {
        let Some(last) = self.window("cdr_sms", above).await? else { return Ok(Erased::default()) };
        let found = select::<CdrRow>("WHERE id > $1 AND id <= $2 AND destination = $3 ORDER BY id");
        let found = found.bind(&above).bind(&last).bind(&number).all::<CdrRow>(self.pool()).await?;
        let (before, sealed): (Vec<_>, Vec<_>) = found.into_iter().partition(|row| row.block_id == 0);
        let vouched = self.vouched_cdrs(key, &sealed).await?;
        let (sealed, changed): (Vec<_>, Vec<_>) = sealed.into_iter().partition(|row| vouched.contains(&row.id));
        let (rows, erased) = ((before.len() + sealed.len()) as u64, number.erased());
        if rows > 0 {
            let mut work = self.begin().await?;
            // Nothing vouches for records from before the chain, and their number is known.
            let unsealed = query(
                "UPDATE cdr_sms SET destination = $4
                 WHERE id > $1 AND id <= $2 AND destination = $3 AND block_id = 0",
            );
            unsealed.bind(&above).bind(&last).bind(&number).bind(&erased).run(&mut work).await?;
            let cdr_updates = sealed.into_iter().map(|row| CdrRow { destination: erased, ..row }).collect();
            let mut batch = Batch { cdr_updates, ..Batch::default() };
            let head = work.take_shard(SHARD_OF_ERASURES, ERASER, at).await?;
            Chain::new(key.clone(), head).seal(&mut batch, at);
            work.write(&batch).await?;
            work.commit().await?;
        }
        let first_changed = changed.first().map(|row| row.id);
        Ok(Erased { rows, next: Some(last), changed: changed.len() as u64, first_changed, ..Erased::default() })
    }

    /// Erases a number in messages from handsets that have ended, with their texts, of the window of ids above `above`.
    pub async fn erase_handsets(&self, number: Msisdn, above: i64) -> Result<Erased, StoreError> {
        let Some(last) = self.window("mo_messages", above).await? else { return Ok(Erased::default()) };
        let (digits, plus) = (format!("{number}"), format!("{number:#}"));
        let count = query(
            "SELECT COUNT(ended_at), COUNT(*) - COUNT(ended_at) FROM mo_messages
             WHERE id > $1 AND id <= $2 AND (source IN ($3, $4) OR destination IN ($3, $4))",
        );
        let count = count.bind(&above).bind(&last).bind(&digits).bind(&plus);
        let (ended, open) = count.first::<(i64, i64)>(self.pool()).await?.unwrap_or_default();
        if ended > 0 {
            let erased = format!("{}", number.erased());
            let mut work = self.begin().await?;
            let erase = query(
                "UPDATE mo_messages SET body = NULL, fingerprint = NULL,
                    source = CASE WHEN source IN ($3, $4) THEN $5 ELSE source END,
                    destination = CASE WHEN destination IN ($3, $4) THEN $5 ELSE destination END
                 WHERE id > $1 AND id <= $2 AND (source IN ($3, $4) OR destination IN ($3, $4)) AND ended_at IS NOT NULL",
            );
            let erase = erase.bind(&above).bind(&last).bind(&digits).bind(&plus).bind(&erased);
            erase.run(&mut work).await?;
            work.commit().await?;
        }
        Ok(Erased { rows: number_of(ended), open: number_of(open), next: Some(last), ..Erased::default() })
    }

    /// Erases a number in one-time codes that have ended, of the window of ids above `above`.
    pub async fn erase_otps(&self, number: Msisdn, above: i64) -> Result<Erased, StoreError> {
        let Some(last) = self.window("otps", above).await? else { return Ok(Erased::default()) };
        let count = query(
            "SELECT COUNT(ended_at), COUNT(*) - COUNT(ended_at) FROM otps
             WHERE id > $1 AND id <= $2 AND destination = $3",
        );
        let count = count.bind(&above).bind(&last).bind(&number).first::<(i64, i64)>(self.pool()).await?;
        let (ended, open) = count.unwrap_or_default();
        if ended > 0 {
            let erased = number.erased();
            let mut work = self.begin().await?;
            let erase = query(
                "UPDATE otps SET destination = $4
                 WHERE id > $1 AND id <= $2 AND destination = $3 AND ended_at IS NOT NULL",
            );
            erase.bind(&above).bind(&last).bind(&number).bind(&erased).run(&mut work).await?;
            work.commit().await?;
        }
        Ok(Erased { rows: number_of(ended), open: number_of(open), next: Some(last), ..Erased::default() })
    }

    /// Erases a number in what is kept for some days only: receipts that match nothing, and parts of messages from handsets.
    pub async fn erase_passing(&self, number: Msisdn) -> Result<u64, StoreError> {
        let (digits, plus, erased) = (format!("{number}"), format!("{number:#}"), format!("{}", number.erased()));
        let (mut work, mut rows) = (self.begin().await?, 0);
        for (table, guard) in [("orphan_receipts", ""), ("mo_segments", " AND mo_id IS NOT NULL")] {
            let sql = format!(
                "UPDATE {table} SET source = CASE WHEN source IN ($1, $2) THEN $3 ELSE source END,
                    destination = CASE WHEN destination IN ($1, $2) THEN $3 ELSE destination END
                 WHERE (source IN ($1, $2) OR destination IN ($1, $2)){guard}"
            );
            rows += query(AssertSqlSafe(sql)).bind(&digits).bind(&plus).bind(&erased).run(&mut work).await?;
        }
        work.commit().await.map(|()| rows)
    }

    /// The last id of the window above this one; `None` when there is none.
    async fn window(&self, table: &str, above: i64) -> Result<Option<i64>, StoreError> {
        let sql =
            format!("SELECT MAX(id) FROM (SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT {WINDOW}) AS next");
        let last = query(AssertSqlSafe(sql)).bind(&above).first::<(Option<i64>,)>(self.pool()).await?;
        Ok(last.and_then(|(last,)| last))
    }
}

fn number_of(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
