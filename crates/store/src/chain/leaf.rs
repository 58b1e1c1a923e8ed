//! A row as a block lists it: its kind and id, a keyed digest of its columns, and an octet for each column that tells later
//! which of them differs.
//!
//! In octets: kind, number of columns, id (8, little-endian), digest (8), one for each column. Rows that get more columns later
//! are still checked by those that they had: so columns of these tables are only ever added at the end.

use super::key::{ChainKey, ROW_OCTETS};
use crate::batch::{ChargeCorrection, Settlement};
use crate::rows::{CdrRow, ChargeRow, HoldRow, LedgerCommandRow, PaymentRow, PostingRow, Record};
use crate::value::Value;

/// What a leaf is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum LeafKind {
    /// A posting.
    Posting = 1,
    /// A charge as it was made.
    ChargeMade = 2,
    /// How a charge ended.
    ChargeSettled = 3,
    /// Another end, believed later.
    ChargeCorrected = 4,
    /// A hold as it was after a change.
    Hold = 5,
    /// The answer to a ledger command.
    Command = 6,
    /// A CDR.
    Cdr = 7,
    /// How many rows were there before the chain began: the id is the code of the kind that they are of, and above it their count.
    Before = 8,
    /// A payment.
    Payment = 9,
}

/// A leaf in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf<'a> {
    pub(super) kind: LeafKind,
    pub(super) id: i64,
    pub(super) digest: [u8; ROW_OCTETS],
    pub(super) tints: &'a [u8],
}

impl LeafKind {
    /// All kinds that are of a row.
    pub(super) const OF_ROWS: [Self; 8] = [
        Self::Posting,
        Self::ChargeMade,
        Self::ChargeSettled,
        Self::ChargeCorrected,
        Self::Hold,
        Self::Command,
        Self::Cdr,
        Self::Payment,
    ];

    /// One for each table of theirs.
    pub(super) const OF_TABLES: [Self; 6] =
        [Self::Posting, Self::ChargeMade, Self::Hold, Self::Command, Self::Cdr, Self::Payment];

    pub(super) const fn code(self) -> u8 {
        self as u8
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Before].into_iter().chain(Self::OF_ROWS).find(|kind| kind.code() == code)
    }

    /// The table of its rows.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Posting => PostingRow::TABLE,
            Self::ChargeMade | Self::ChargeSettled | Self::ChargeCorrected => ChargeRow::TABLE,
            Self::Hold => HoldRow::TABLE,
            Self::Command => LedgerCommandRow::TABLE,
            Self::Cdr => CdrRow::TABLE,
            Self::Payment => PaymentRow::TABLE,
            Self::Before => "ledger_blocks",
        }
    }

    /// The column of its table that names the block.
    pub(super) const fn block_column(self) -> &'static str {
        match self {
            Self::ChargeSettled | Self::ChargeCorrected => "settle_block_id",
            _ => "block_id",
        }
    }

    /// The columns that its digest is of, the id first.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Posting => PostingRow::COLUMNS,
            Self::ChargeMade => ChargeRow::COLUMNS.split_at(CHARGE_MADE_COLUMNS).0,
            Self::ChargeSettled => Settlement::COLUMNS.split_at(CHARGE_END_COLUMNS).0,
            Self::ChargeCorrected => ChargeCorrection::COLUMNS.split_at(CHARGE_END_COLUMNS).0,
            Self::Hold => HoldRow::COLUMNS,
            Self::Command => LedgerCommandRow::COLUMNS,
            Self::Cdr => CdrRow::COLUMNS,
            Self::Payment => PaymentRow::COLUMNS,
            Self::Before => &[],
        }
    }
}

/// How many columns of a charge never change; they come first.
pub(super) const CHARGE_MADE_COLUMNS: usize = 9;
/// Of the row of a charge's end, the columns that its digest is of.
pub(super) const CHARGE_END_COLUMNS: usize = 4;

/// Writes leaves one behind the other.
pub(super) struct Leaves<'k> {
    key: &'k ChainKey,
    octets: Vec<u8>,
    /// The columns of the row at hand, and where each ends.
    row: Vec<u8>,
    ends: Vec<usize>,
}

impl<'k> Leaves<'k> {
    pub(super) fn new(key: &'k ChainKey) -> Self {
        Self { key, octets: Vec::new(), row: Vec::with_capacity(256), ends: Vec::new() }
    }

    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// Adds one for the first `columns` of each row.
    pub(super) fn add<R: Record>(&mut self, kind: LeafKind, rows: &[R], columns: usize) {
        let mut values = Vec::with_capacity(R::COLUMNS.len());
        for row in rows {
            values.clear();
            row.values(&mut values);
            self.row.clear();
            self.ends.clear();
            for value in values.iter().take(columns) {
                put(&mut self.row, value);
                self.ends.push(self.row.len());
            }
            self.finish(kind, id_of(&values));
        }
    }

    /// Adds how many rows of a table were there before the chain began.
    pub(super) fn add_before(&mut self, of: LeafKind, count: i64) {
        self.row.clear();
        self.ends.clear();
        self.finish(LeafKind::Before, (count << 8) | i64::from(of.code()));
    }

    fn finish(&mut self, kind: LeafKind, id: i64) {
        let columns = u8::try_from(self.ends.len()).unwrap_or(u8::MAX);
        self.octets.extend([kind.code(), columns]);
        self.octets.extend(id.to_le_bytes());
        self.octets.extend(row_digest(self.key, kind, &self.row));
        let mut start = 0;
        for (place, end) in self.ends.iter().enumerate() {
            self.octets.push(self.key.tint(place, self.row.get(start..*end).unwrap_or_default()));
            start = *end;
        }
    }
}

fn id_of(values: &[Value<'_>]) -> i64 {
    match values.first() {
        Some(Value::BigInt(Some(id))) => *id,
        _ => 0,
    }
}

/// The digest of a row's columns, written with [`put`].
pub(super) fn row_digest(key: &ChainKey, kind: LeafKind, row: &[u8]) -> [u8; ROW_OCTETS] {
    let digest = key.digest(&[&[kind.code()], row]);
    digest.first_chunk().copied().unwrap_or_default()
}

/// Writes a value so that no two values, and no two rows, are written alike.
pub(super) fn put(row: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::BigInt(number) => put_number(row, *number),
        Value::SmallInt(number) => put_number(row, number.map(i64::from)),
        Value::Boolean(flag) => put_number(row, flag.map(i64::from)),
        Value::Text(text) => put_octets(row, 2, text.as_deref().map(str::as_bytes)),
        Value::Bytes(octets) => put_octets(row, 3, *octets),
    }
}

pub(super) fn put_number(row: &mut Vec<u8>, number: Option<i64>) {
    match number {
        None => row.push(0),
        Some(number) => {
            row.push(1);
            row.extend(number.to_le_bytes());
        }
    }
}

pub(super) fn put_octets(row: &mut Vec<u8>, kind: u8, octets: Option<&[u8]>) {
    match octets {
        None => row.push(0),
        Some(octets) => {
            row.push(kind);
            row.extend((octets.len() as u64).to_le_bytes());
            row.extend(octets);
        }
    }
}

/// The leaves of a block; ends early, with `None`, when they cannot be read.
pub(super) fn read(octets: &[u8]) -> impl Iterator<Item = Option<Leaf<'_>>> {
    let mut rest = Some(octets).filter(|octets| !octets.is_empty());
    std::iter::from_fn(move || {
        let octets = rest.take()?;
        let Some((leaf, later)) = read_one(octets) else { return Some(None) };
        rest = Some(later).filter(|later| !later.is_empty());
        Some(Some(leaf))
    })
}

fn read_one(octets: &[u8]) -> Option<(Leaf<'_>, &[u8])> {
    let ([kind, columns], rest) = octets.split_first_chunk::<2>()?;
    let (id, rest) = rest.split_first_chunk::<8>()?;
    let (digest, rest) = rest.split_first_chunk::<ROW_OCTETS>()?;
    let (tints, rest) = rest.split_at_checked(usize::from(*columns))?;
    let leaf = Leaf { kind: LeafKind::of(*kind)?, id: i64::from_le_bytes(*id), digest: *digest, tints };
    Some((leaf, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_changes_of_a_charge_comes_first() {
        let made = LeafKind::ChargeMade.columns();
        assert_eq!((made[0], made[CHARGE_MADE_COLUMNS - 1]), ("id", "block_id"));
        let rest = ["state", "captured_micros", "settle_posting_id", "correct_posting_id", "settle_block_id"];
        assert_eq!(ChargeRow::COLUMNS[CHARGE_MADE_COLUMNS..], rest);
        let end = ["id", "state", "captured_micros"];
        for (kind, last) in
            [(LeafKind::ChargeSettled, "settle_posting_id"), (LeafKind::ChargeCorrected, "correct_posting_id")]
        {
            assert_eq!(kind.columns(), [&end[..], &[last]].concat(), "{kind:?}");
        }
    }

    #[test]
    fn leaves_are_read_as_they_were_written_and_cut_ones_are_noticed() {
        let key = ChainKey::new(b"key");
        let mut leaves = Leaves::new(&key);
        leaves.add_before(LeafKind::Cdr, 3);
        leaves.add_before(LeafKind::Posting, 0);
        let octets = leaves.into_octets();
        let read_back: Vec<_> = read(&octets).map(|leaf| leaf.map(|leaf| (leaf.kind, leaf.id))).collect();
        assert_eq!(read_back, [Some((LeafKind::Before, (3 << 8) | 7)), Some((LeafKind::Before, 1))]);
        assert_eq!(read(&octets[..octets.len() - 1]).last(), Some(None));
        assert_eq!(read(&[99, 0]).collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn no_two_rows_are_written_alike() {
        let written = |values: &[Value<'_>]| {
            let mut row = Vec::new();
            values.iter().for_each(|value| put(&mut row, value));
            row
        };
        let text = |text: &'static str| Value::Text(Some(text.into()));
        assert_ne!(written(&[text("ab"), text("c")]), written(&[text("a"), text("bc")]));
        assert_ne!(written(&[Value::BigInt(None)]), written(&[Value::BigInt(Some(0))]));
        assert_ne!(written(&[text("")]), written(&[Value::Bytes(Some(b""))]));
    }
}
