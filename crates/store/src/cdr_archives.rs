//! Moving days of CDRs out of their table, and back. A record is of the day (UTC) on which its message's id was made.

use std::collections::HashSet;

use sambac_domain::{Day, SegmentId};

use crate::query::{query, select};
use crate::rows::{CdrArchiveRow, CdrRow};
use crate::{Batch, Store, StoreError};

impl Store {
    /// The days that are in files, oldest first.
    pub async fn cdr_archives(&self) -> Result<Vec<CdrArchiveRow>, StoreError> {
        select::<CdrArchiveRow>("ORDER BY id").all(self.pool()).await
    }

    /// The day, if it is in a file.
    pub async fn cdr_archive(&self, day: Day) -> Result<Option<CdrArchiveRow>, StoreError> {
        select::<CdrArchiveRow>("WHERE id = $1").bind(&day.number()).first(self.pool()).await
    }

    /// Keeps what is said of a day.
    pub async fn keep_cdr_archive(&self, archive: &CdrArchiveRow) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.upsert(archive).await?;
        work.commit().await
    }

    /// The first record whose id is above this.
    pub async fn first_cdr_above(&self, id: i64) -> Result<Option<SegmentId>, StoreError> {
        let found =
            query("SELECT MIN(id) FROM cdr_sms WHERE id > $1").bind(&id).first::<(Option<SegmentId>,)>(self.pool());
        Ok(found.await?.and_then(|(id,)| id))
    }

    /// Whether messages of this day are still on their way: their records are yet to be written.
    pub async fn has_open_messages(&self, day: Day) -> Result<bool, StoreError> {
        let (above, last) = day.ids();
        let open = query("SELECT COUNT(*) FROM messages WHERE final_at IS NULL AND id > $1 AND id <= $2");
        let open = open.bind(&above).bind(&last).first::<(i64,)>(self.pool()).await?;
        Ok(open.is_some_and(|(count,)| count > 0))
    }

    /// The first `limit` records whose ids are above `above` and not above `last`, by rising ids.
    pub async fn cdrs_between(&self, above: i64, last: i64, limit: usize) -> Result<Vec<CdrRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let page = select::<CdrRow>("WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3");
        page.bind(&above).bind(&last).bind(&limit).all(self.pool()).await
    }

    /// Removes the first `limit` records of a day; answers how many. Where the day has a table of its own, all go at once with it, and the answer is 1
    /// if there were any.
    pub async fn delete_cdrs(&self, day: Day, limit: usize) -> Result<u64, StoreError> {
        if let Some(had_any) = self.drop_cdr_day(day).await? {
            return Ok(u64::from(had_any));
        }
        let (first, last) = day.ids();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut work = self.begin().await?;
        let delete = query(
            "DELETE FROM cdr_sms WHERE id IN
                (SELECT id FROM cdr_sms WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3)",
        );
        let deleted = delete.bind(&first).bind(&last).bind(&limit).run(&mut work).await?;
        work.commit().await?;
        Ok(deleted)
    }

    /// Puts records back, by rising ids; those that are there already stay as they are. Answers how many were not there.
    pub async fn restore_cdrs(&self, mut cdrs: Vec<CdrRow>) -> Result<usize, StoreError> {
        let (Some(first), Some(last)) = (cdrs.first().map(|row| row.id), cdrs.last().map(|row| row.id)) else {
            return Ok(0);
        };
        let mut work = self.begin().await?;
        let there = query("SELECT id FROM cdr_sms WHERE id >= $1 AND id <= $2").bind(&first).bind(&last);
        let there: HashSet<_> = there.all_in::<(SegmentId,)>(&mut work).await?.into_iter().map(|(id,)| id).collect();
        cdrs.retain(|row| !there.contains(&row.id));
        let batch = Batch { cdrs, ..Batch::default() };
        work.write(&batch).await?;
        work.commit().await.map(|()| batch.cdrs.len())
    }

    /// Writes records that are there anew, as they are here.
    pub async fn replace_cdrs(&self, cdrs: Vec<CdrRow>) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        work.write(&Batch { cdr_updates: cdrs, ..Batch::default() }).await?;
        work.commit().await
    }
}
