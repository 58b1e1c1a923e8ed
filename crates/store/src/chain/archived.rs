//! CDRs that are in files instead of their table: the chain vouches for them there as it did in the table, record by record.

use std::collections::{BTreeMap, HashMap, VecDeque};

use sambac_domain::SegmentId;

use super::added::Sealed;
use super::key::ChainKey;
use super::leaf::LeafKind;
use super::raw::{Raw, RawRow};
use super::verify::{Walk, What};
use crate::StoreError;
use crate::rows::{CdrArchiveRow, CdrArchiveState, CdrRow, Record as _};

/// Groups of records kept in memory at a time. Rows of one time end at about the same time.
const GROUPS_KEPT: usize = 8;

/// Reads the files that days of CDRs are kept in.
pub trait CdrFiles: Send {
    /// Makes sure that a day's file is the one that was written; answers the first record of each of its groups, which rise.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn open(&mut self, archive: &CdrArchiveRow) -> Result<Vec<SegmentId>, String>;

    /// The records of a group, by rising ids.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    fn group(&mut self, archive: &CdrArchiveRow, number: usize) -> Result<Vec<CdrRow>, String>;
}

/// For a ledger none of whose days are in files: there is none to read.
pub struct NoCdrFiles;

impl CdrFiles for NoCdrFiles {
    fn open(&mut self, archive: &CdrArchiveRow) -> Result<Vec<SegmentId>, String> {
        Err(format!("{} was not looked at", archive.file))
    }

    fn group(&mut self, archive: &CdrArchiveRow, _: usize) -> Result<Vec<CdrRow>, String> {
        Err(format!("{} was not looked at", archive.file))
    }
}

/// The days that are in files, and what was read of them last.
pub(super) struct Archives<'f> {
    files: &'f mut dyn CdrFiles,
    days: BTreeMap<i64, Day>,
    groups: HashMap<(i64, usize), HashMap<i64, RawRow>>,
    order: VecDeque<(i64, usize)>,
}

struct Day {
    row: CdrArchiveRow,
    /// The first record of each group; `None` while the file was not opened.
    firsts: Option<Vec<SegmentId>>,
}

/// Where a record is that its table does not have.
pub(super) enum Elsewhere {
    /// In the file of its day.
    InFile(RawRow),
    /// Nowhere.
    Nowhere,
    /// The file of its day cannot be read: the day was told.
    Unreadable,
}

impl<'f> Archives<'f> {
    pub(super) fn new(files: &'f mut dyn CdrFiles) -> Self {
        Self { files, days: BTreeMap::new(), groups: HashMap::new(), order: VecDeque::new() }
    }

    /// Takes the manifest as it is now.
    fn know(&mut self, rows: Vec<CdrArchiveRow>) {
        for row in rows {
            match self.days.get_mut(&row.id) {
                Some(day) if day.row.file == row.file && day.row.sha256 == row.sha256 => day.row = row,
                _ => {
                    self.groups.retain(|(day, _), _| *day != row.id);
                    self.order.retain(|(day, _)| *day != row.id);
                    self.days.insert(row.id, Day { row, firsts: None });
                }
            }
        }
    }

    fn open(&mut self, key: &ChainKey, day: i64) -> Result<(), String> {
        let Some(known) = self.days.get_mut(&day) else { return Err("the day is in no file".to_owned()) };
        if known.firsts.is_none() {
            if !key.proves(&known.row) {
                return Err("its row was not written by who has the key".to_owned());
            }
            known.firsts = Some(self.files.open(&known.row)?);
        }
        Ok(())
    }

    /// A record of a day whose file was opened.
    fn find(&mut self, day: i64, id: i64) -> Result<Option<RawRow>, String> {
        let firsts = self.days.get(&day).and_then(|day| day.firsts.as_ref());
        let number = firsts.map_or(0, |firsts| firsts.partition_point(|first| first.raw() <= id));
        let Some(number) = number.checked_sub(1) else { return Ok(None) };
        Ok(self.group(day, number)?.get(&id).cloned())
    }

    fn group(&mut self, day: i64, number: usize) -> Result<&HashMap<i64, RawRow>, String> {
        let at = (day, number);
        if !self.groups.contains_key(&at) {
            let rows = self.read(day, number)?;
            if self.order.len() >= GROUPS_KEPT
                && let Some(oldest) = self.order.pop_front()
            {
                self.groups.remove(&oldest);
            }
            self.order.push_back(at);
            self.groups.insert(at, rows.into_iter().map(|row| (row.id(), row)).collect());
        }
        Ok(self.groups.entry(at).or_default())
    }

    fn read(&mut self, day: i64, number: usize) -> Result<Vec<RawRow>, String> {
        let Some(known) = self.days.get(&day) else { return Ok(Vec::new()) };
        Ok(self.files.group(&known.row, number)?.iter().map(raw).collect())
    }
}

/// A record's columns, and behind them the block that seals it, as the table's rows are read.
pub(super) fn raw(row: &CdrRow) -> RawRow {
    let mut values = Vec::with_capacity(CdrRow::COLUMNS.len());
    row.values(&mut values);
    let mut values: Vec<Raw> = values.iter().map(Raw::of).collect();
    values.push(Raw::Number(row.block_id));
    RawRow::new(values)
}

impl Walk<'_> {
    /// Looks for a record that was not in its table when that was read.
    pub(super) async fn elsewhere(&mut self, id: i64) -> Result<Elsewhere, StoreError> {
        let day = sambac_domain::Day::of_id(id).number();
        if self.archives.days.get(&day).is_none_or(|day| day.row.state == CdrArchiveState::Restored) {
            // It may have been moved since: the manifest is small, and rows that are missing are few.
            let known = self.store.cdr_archives().await?;
            self.archives.know(known);
        }
        let Some(known) = self.archives.days.get(&day) else { return Ok(Elsewhere::Nowhere) };
        if known.row.state == CdrArchiveState::Restored {
            return self.in_table_now(id).await;
        }
        let found = self.archives.open(self.key, day).and_then(|()| self.archives.find(day, id));
        Ok(match found {
            Ok(Some(row)) => Elsewhere::InFile(row),
            Ok(None) => Elsewhere::Nowhere,
            Err(why) => {
                self.found(CdrArchiveRow::TABLE, day, What::Broken(why));
                Elsewhere::Unreadable
            }
        })
    }

    /// It may have been put back after it was looked for.
    async fn in_table_now(&self, id: i64) -> Result<Elsewhere, StoreError> {
        let columns = [LeafKind::Cdr.columns(), &[LeafKind::Cdr.block_column()]].concat().join(", ");
        let rows = self.store.raw_rows(LeafKind::Cdr.table(), &columns, &[id]).await?;
        Ok(rows.into_iter().next().map_or(Elsewhere::Nowhere, Elsewhere::InFile))
    }

    /// Looks through all files: each must be what was written, and each of its records must be named by its block. Answers how
    /// many records from before the chain are in files only.
    pub(super) async fn added_to_files(&mut self, sealed: &mut Sealed) -> Result<i64, StoreError> {
        let known = self.store.cdr_archives().await?;
        self.archives.know(known);
        let days: Vec<i64> = self.archives.days.keys().copied().collect();
        let mut before = 0;
        for day in days {
            if let Err(why) = self.archives.open(self.key, day) {
                self.found(CdrArchiveRow::TABLE, day, What::Broken(why));
                continue;
            }
            before += self.file_of(day, sealed).await?;
        }
        Ok(before)
    }

    async fn file_of(&mut self, day: i64, sealed: &mut Sealed) -> Result<i64, StoreError> {
        let known = self.archives.days.get(&day);
        let groups = known.and_then(|day| day.firsts.as_ref()).map_or(0, Vec::len);
        let told = known.map_or(0, |day| day.row.records);
        let (mut records, mut before) = (0, 0);
        for number in 0..groups {
            match self.archives.read(day, number) {
                Ok(rows) => {
                    records += i64::try_from(rows.len()).unwrap_or(i64::MAX);
                    before += self.named_in_file(&rows, sealed).await?;
                }
                Err(why) => {
                    self.found(CdrArchiveRow::TABLE, day, What::Broken(why));
                    return Ok(before);
                }
            }
            self.progress();
        }
        if records != told {
            let why = format!("its file has {records} records instead of {told}");
            self.found(CdrArchiveRow::TABLE, day, What::Broken(why));
        }
        Ok(before)
    }

    async fn named_in_file(&mut self, rows: &[RawRow], sealed: &mut Sealed) -> Result<i64, StoreError> {
        let mut unsealed = Vec::new();
        for row in rows {
            let block = row.value(LeafKind::Cdr.columns().len()).clone();
            if block == Raw::Number(0) {
                unsealed.push(row.id());
            }
            self.is_named(LeafKind::Cdr, &RawRow::new(vec![Raw::Number(row.id()), block]), sealed).await?;
        }
        // Those that the table has as well were counted there.
        let there = self.store.raw_rows(LeafKind::Cdr.table(), "id", &unsealed).await?.len();
        Ok(i64::try_from(unsealed.len() - there).unwrap_or(i64::MAX))
    }
}
