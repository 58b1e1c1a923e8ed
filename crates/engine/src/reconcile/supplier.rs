//! An operator's statement against our CDRs: what only one side has, and where counts or amounts differ.

mod lines;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use sambac_domain::{Currency, Day, IdSource, OperatorId, Timestamp};
use sambac_store::rows::{BreakRow, BreakSource, StatementLine, StatementRow};
use sambac_store::{Against, Compared, Found, Sides, Store, StoreError};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Days;
use super::walk::BEFORE_MAX;
use crate::tariff::Faults;

/// Lines that are on their way from the file to the database.
const LINES_WAITING: usize = 1_024;
/// Differences that are read at a time.
const PAGE: u32 = 10_000;
/// Breaks that one statement makes at most.
const BREAKS_MAX: usize = 10_000;
/// Examples of a break.
const EXAMPLES_MAX: usize = 5;
/// Ids are looked for this long before and after the statement's days: both sides may count an end on another day.
const MARGIN: Duration = Duration::from_secs(3 * 86_400);

/// A statement to take.
#[derive(Debug)]
pub struct Statement<'a> {
    /// Whose.
    pub operator: OperatorId,
    /// The file.
    pub file: &'a Path,
    /// Currency of its amounts.
    pub currency: Currency,
    /// Its days; where they are not given, those of its lines.
    pub days: Option<Days>,
    /// Amounts that differ by no more are the same.
    pub tolerance_micros: i64,
    /// Who brings it.
    pub by: &'a str,
    /// Where its id comes from.
    pub ids: &'a IdSource,
}

/// What became of it.
#[derive(Debug)]
pub struct Matched {
    /// The statement as it is kept.
    pub statement: StatementRow,
    /// Whether the same file was taken before: it is compared once more, and not kept twice.
    pub is_known: bool,
    /// What differs.
    pub breaks: Vec<BreakRow>,
    /// Breaks that are not in the list, because there are so many.
    pub more_breaks: usize,
}

/// Why a statement cannot be taken. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// Lines are wrong.
    #[error("{} lines cannot be taken", .0.count)]
    Lines(Faults),
    /// Nobody says of which days it is.
    #[error("the statement has no days: say --from and --to")]
    NoDays,
    /// It has lines of days that it is not of.
    #[error("the statement has lines of {from} to {to}, beyond the days that were given")]
    OtherDays {
        /// Its first line's.
        from: Day,
        /// Its last line's.
        to: Day,
    },
    /// The same file is another operator's, or was taken in another currency.
    #[error("the same file was taken on {at} as a statement of another operator or currency")]
    Elsewhere {
        /// When.
        at: Timestamp,
    },
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a statement, all of it or nothing, compares it, and keeps what differs.
///
/// # Errors
/// See [`StatementError`].
pub async fn take(store: &Store, wanted: &Statement<'_>, at: Timestamp) -> Result<Matched, StatementError> {
    let hash = hash_of(wanted.file)?;
    let known = store.statement_by_hash(&hash).await?;
    let is_known = known.is_some();
    let statement = match known {
        Some(row) if row.operator_id != wanted.operator || row.currency != wanted.currency => {
            return Err(StatementError::Elsewhere { at: row.imported_at });
        }
        Some(row) => row,
        None => keep(store, wanted, hash, at).await?,
    };
    let (breaks, more_breaks) = compare(store, &statement, wanted.tolerance_micros).await?;
    let (from, to, operator) = (statement.from_day, statement.to_day, Some(statement.operator_id));
    store.keep_breaks(&Found { source: BreakSource::Supplier, from, to, operator, breaks: &breaks, at }).await?;
    Ok(Matched { statement, is_known, breaks, more_breaks })
}

fn hash_of(file: &Path) -> Result<String, std::io::Error> {
    let (mut file, mut hash, mut piece) = (File::open(file)?, Sha256::new(), vec![0; 65_536]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            count => hash.update(piece.get(..count).unwrap_or_default()),
        }
    }
    Ok(hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect())
}

/// Reads the file twice, so that no line is written before all of them are known to be good, and none is held in memory. The
/// statement's own row comes last: without it, lines are nobody's.
async fn keep(
    store: &Store,
    wanted: &Statement<'_>,
    hash: String,
    at: Timestamp,
) -> Result<StatementRow, StatementError> {
    let whole = lines::read(File::open(wanted.file)?, wanted.currency, &mut drop).map_err(StatementError::Lines)?;
    let days = days_of(wanted.days, whole.days)?;
    let row = StatementRow {
        id: wanted.ids.next(at),
        hash,
        operator_id: wanted.operator,
        file: wanted.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        from_day: days.from,
        to_day: days.to,
        currency: wanted.currency,
        line_count: whole.lines,
        message_count: whole.messages,
        amount_micros: whole.amount_micros,
        imported_at: at,
        imported_by: wanted.by.to_owned(),
    };
    let (reader, mut receiver) = read_again(wanted, &row);
    let kept = keep_lines(store, &mut receiver).await;
    // Whoever sends does not wait for ever.
    drop(receiver);
    let again = reader.await.map_err(std::io::Error::other)?;
    let is_same = again.is_ok_and(|again| again == whole);
    if kept.is_ok() && is_same {
        store.add_statement(&row).await?;
        return Ok(row);
    }
    store.drop_statement_lines(row.id).await?;
    kept?;
    Err(std::io::Error::other("the file has changed while it was read").into())
}

/// Reads the file once more, now that all of it is known to be good.
fn read_again(
    wanted: &Statement<'_>,
    row: &StatementRow,
) -> (JoinHandle<Result<lines::Whole, StatementError>>, mpsc::Receiver<StatementLine>) {
    let (sender, receiver) = mpsc::channel::<StatementLine>(LINES_WAITING);
    let (path, currency, statement_id, first) = (wanted.file.to_owned(), row.currency, row.id, row.from_day.number());
    let reader = tokio::task::spawn_blocking(move || {
        let mut send = |line: StatementLine| {
            let day = line.day.or(Some(first));
            // Whoever no longer listens has failed, and says so.
            let _ = sender.blocking_send(StatementLine { statement_id, day, ..line });
        };
        lines::read(File::open(path)?, currency, &mut send).map_err(StatementError::Lines)
    });
    (reader, receiver)
}

/// In small units of work: a platform that runs on the database is not held up.
async fn keep_lines(store: &Store, receiver: &mut mpsc::Receiver<StatementLine>) -> Result<(), StoreError> {
    let mut lines = Vec::with_capacity(LINES_WAITING);
    while receiver.recv_many(&mut lines, LINES_WAITING).await > 0 {
        store.add_statement_lines(&lines).await?;
        lines.clear();
    }
    Ok(())
}

fn days_of(given: Option<Days>, found: Option<(Day, Day)>) -> Result<Days, StatementError> {
    match (given, found) {
        (Some(days), Some((from, to))) if from < days.from || to > days.to => {
            Err(StatementError::OtherDays { from, to })
        }
        (Some(days), _) => Ok(days),
        (None, Some((from, to))) => Days::new(from, to).map_err(|_| StatementError::OtherDays { from, to }),
        (None, None) => Err(StatementError::NoDays),
    }
}

async fn compare(
    store: &Store,
    statement: &StatementRow,
    tolerance_micros: i64,
) -> Result<(Vec<BreakRow>, usize), StoreError> {
    let (from, to) = (statement.from_day.start(), statement.to_day.plus(1).start());
    let against = Against {
        statement: statement.id,
        operator: statement.operator_id,
        currency: statement.currency,
        from,
        to,
        margin_micros: i64::try_from(MARGIN.as_micros()).unwrap_or_default(),
        ids_after: IdSource::first_at(from.saturating_sub(BEFORE_MAX)),
        ids_until: IdSource::first_at(to.saturating_add(MARGIN)),
        tolerance_micros,
    };
    let mut compared = store.compare().await?;
    let mut sheet = Sheet { statement, breaks: BTreeMap::new(), more: 0 };
    if compared.has_message_ids(statement.id).await? {
        by_ids(&mut compared, &against, &mut sheet).await?;
    } else {
        for sides in compared.statement_by_days(&against).await? {
            let example = format!("{} of {}", sides.theirs, sides.ours);
            sheet.differs(&sides, &sides.of, sides.ours, tolerance_micros, example);
        }
    }
    Ok((sheet.breaks.into_values().collect(), sheet.more))
}

async fn by_ids(compared: &mut Compared, against: &Against, sheet: &mut Sheet<'_>) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let page = compared.statement_by_ids(against, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.of);
        for sides in &page {
            // What only we have is told as far as it is of these days, and costs something.
            let ours = if sides.theirs == 0 { sides.due } else { sides.ours };
            sheet.differs(sides, "", ours, against.tolerance_micros, sides.of.clone());
        }
    }
}

/// Breaks in the making: they grow with days and networks.
struct Sheet<'a> {
    statement: &'a StatementRow,
    breaks: BTreeMap<String, BreakRow>,
    more: usize,
}

impl Sheet<'_> {
    fn differs(&mut self, sides: &Sides, network: &str, ours: i64, tolerance_micros: i64, example: String) {
        let is_other_amount = sides.cost_micros.abs_diff(sides.amount_micros) > tolerance_micros.unsigned_abs();
        let kind = match (ours, sides.theirs) {
            (0, _) => "only_theirs",
            (_, 0) => "only_ours",
            (ours, theirs) if ours != theirs => "other_count",
            _ if is_other_amount => "other_price",
            _ => return,
        };
        let day = sides.day().clamp(self.statement.from_day, self.statement.to_day);
        let network = if network.is_empty() { "-" } else { network };
        let id = format!("{kind}:{network}:{}:{day}", self.statement.operator_id);
        if !self.breaks.contains_key(&id) && self.breaks.len() >= BREAKS_MAX {
            self.more = self.more.saturating_add(1);
            return;
        }
        let row = self.breaks.entry(id.clone()).or_insert_with(|| empty(id, kind, self.statement, day));
        row.expected_count = row.expected_count.saturating_add(ours);
        row.found_count = row.found_count.saturating_add(sides.theirs);
        row.expected_micros = row.expected_micros.saturating_add(sides.cost_micros);
        row.found_micros = row.found_micros.saturating_add(sides.amount_micros);
        if row.examples.len() < EXAMPLES_MAX {
            row.examples.push(example);
        }
    }
}

fn empty(id: String, kind: &str, statement: &StatementRow, day: Day) -> BreakRow {
    BreakRow {
        source: BreakSource::Supplier,
        operator_id: Some(statement.operator_id),
        currency: Some(statement.currency),
        ..BreakRow::new(id, kind, day)
    }
}
