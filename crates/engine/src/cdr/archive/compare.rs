//! A day's file beside what the table has of the day. The file is the better witness: nobody writes to it, and the manifest has its
//! digest. What the table has otherwise counts only when the ledger's chain vouches for it.

use std::collections::HashSet;
use std::path::Path;

use sambac_domain::{Day, SegmentId};
use sambac_store::rows::CdrRow;

use super::files::changed;
use super::groups::{Span, Spans};
use super::{Archive, ArchiveError};
use crate::cdr::PAGE;

/// What is not as it should be in a span of ids.
#[derive(Default)]
struct Differences {
    /// Records of the file that the table has not.
    lost: Vec<CdrRow>,
    /// Records of the file that the table has otherwise, and nothing vouches for what it has.
    changed: Vec<CdrRow>,
    /// Records that only the table has, and nothing vouches for.
    added: Vec<SegmentId>,
}

impl Archive {
    /// Every record of the day that the table still has must be in the file, as it is.
    pub(super) async fn compare(&self, day: Day, path: &Path) -> Result<(), ArchiveError> {
        let mut spans = Spans::of(day, path).await?;
        while let Some((span, rows)) = spans.next().await? {
            self.equal(path, span, &rows).await?;
        }
        Ok(())
    }

    /// The table's records within this span must be among these.
    async fn equal(&self, path: &Path, (above, last): Span, rows: &[CdrRow]) -> Result<(), ArchiveError> {
        for row in self.store.cdrs_between(above, last, rows.len() + 1).await? {
            if of(rows, row.id) != Some(&row) {
                return Err(changed(path, &format!("does not have record {} as it is in the table", row.id.raw())));
            }
        }
        Ok(())
    }

    /// Every record of the file must be in the table, as it is in the file or as the chain vouches for; and the table must have no
    /// other of the day that nothing vouches for. Else a new file would take the place of a true one.
    pub(super) async fn is_put_back(&self, day: Day, path: &Path) -> Result<(), ArchiveError> {
        let mut spans = Spans::of(day, path).await?;
        while let Some((span, rows)) = spans.next().await? {
            none(day, path, &self.differences(span, &rows).await?)?;
        }
        Ok(())
    }

    /// Puts back which of these records, of a file, the table has not, or otherwise. Answers how many of each.
    pub(super) async fn put_back(&self, rows: &[CdrRow]) -> Result<(usize, usize), ArchiveError> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok((0, 0)) };
        let Differences { lost, changed, .. } = self.differences((first.id.raw() - 1, last.id.raw()), rows).await?;
        for row in &changed {
            tracing::warn!(record = %row.id, "a CDR was changed by who has not the key; it is as in its file again");
        }
        let counts = (self.store.restore_cdrs(lost).await?, changed.len());
        if !changed.is_empty() {
            self.store.replace_cdrs(changed).await?;
        }
        Ok(counts)
    }

    async fn differences(&self, (mut above, last): Span, rows: &[CdrRow]) -> Result<Differences, ArchiveError> {
        let (mut found, mut there) = (Differences::default(), HashSet::new());
        loop {
            let page = self.store.cdrs_between(above, last, PAGE as usize).await?;
            let Some(end) = page.last() else { break };
            above = end.id.raw();
            there.extend(page.iter().map(|row| row.id));
            let others: Vec<_> = page.into_iter().filter(|row| of(rows, row.id) != Some(row)).collect();
            let vouched = self.store.vouched_cdrs(&self.key, &others).await?;
            for row in others {
                match of(rows, row.id) {
                    Some(kept) if is_later(kept, &row, &vouched) => {}
                    Some(kept) => found.changed.push(kept.clone()),
                    None if vouched.contains(&row.id) => {}
                    None => found.added.push(row.id),
                }
            }
        }
        found.lost = rows.iter().filter(|row| !there.contains(&row.id)).cloned().collect();
        Ok(found)
    }
}

/// Refuses the first of these differences, and tells the remedy.
fn none(day: Day, path: &Path, found: &Differences) -> Result<(), ArchiveError> {
    let Differences { lost, changed: otherwise, added } = found;
    let remedy = format!("`sambac cdr restore {day}` puts the file's record back");
    let what = match (lost.first(), otherwise.first(), added.first()) {
        (Some(row), ..) => format!("has record {}, which is gone from the table: {remedy}", row.id.raw()),
        (_, Some(row), _) => {
            format!("has record {}, which was changed in the table by who has not the key: {remedy}", row.id.raw())
        }
        (.., Some(id)) => {
            format!("does not have record {} of the table, which the ledger's chain does not know", id.raw())
        }
        _ => return Ok(()),
    };
    Err(changed(path, &what))
}

/// Whether the platform wrote this record anew after it went into the file. Nothing vouches for one from before the chain; of such a
/// one the number may have been erased.
fn is_later(kept: &CdrRow, row: &CdrRow, vouched: &HashSet<SegmentId>) -> bool {
    let erased = || CdrRow { destination: kept.destination.erased(), ..kept.clone() };
    let is_erased = || kept.block_id == 0 && *row == erased();
    (row.block_id > kept.block_id && vouched.contains(&row.id)) || is_erased()
}

/// The record with this id.
fn of(rows: &[CdrRow], id: SegmentId) -> Option<&CdrRow> {
    rows.binary_search_by_key(&id, |row| row.id).ok().and_then(|at| rows.get(at))
}
