//! Records read back from a Parquet file with whole numbers, as they were in the table: a row group at a time.

use std::fs::File;
use std::path::Path;
use std::str::FromStr;
use std::vec;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use sambac_domain::{MessageState, Msisdn, SegmentId, Timestamp, TrafficClass};
use sambac_store::rows::{CdrRow, ChargeState};

use super::ExportError;
use super::column::{COLUMNS, charge_word};
use super::parquet_file::schema;

/// What became of a price, in all words.
const CHARGES: [ChargeState; 4] =
    [ChargeState::Held, ChargeState::Captured, ChargeState::Voided, ChargeState::Corrected];

/// A file that is there.
pub(super) struct ParquetRows {
    reader: SerializedFileReader<File>,
}

/// The values of a column, in the order of the rows; `None` is a value that is missing.
enum Cells {
    Text(vec::IntoIter<Option<Vec<u8>>>),
    Number(vec::IntoIter<Option<i64>>),
    Flag(vec::IntoIter<Option<bool>>),
}

/// The cells of one row group, taken row by row from left to right.
struct Group {
    columns: Vec<Cells>,
    next: usize,
}

impl ParquetRows {
    pub(super) fn open(path: &Path) -> Result<Self, ExportError> {
        let failed = |error: &dyn std::fmt::Display| ExportError::Form(format!("{}: {error}", path.display()));
        let reader = SerializedFileReader::new(File::open(path).map_err(|error| failed(&error))?)?;
        let columns = reader.metadata().file_metadata().schema_descr();
        // A file that was written before there were more columns has the first of them.
        let known = COLUMNS.iter().map(|column| column.name).take(columns.num_columns());
        if !columns.columns().iter().map(|column| column.name()).eq(known) {
            return Err(failed(&format!("its columns are not those of {}", schema())));
        }
        Ok(Self { reader })
    }

    /// How many row groups there are.
    pub(super) fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// The first record of a row group.
    pub(super) fn first_of(&self, number: usize) -> Result<SegmentId, ExportError> {
        let group = self.reader.get_row_group(number)?;
        let mut cells = Group::read(&*group, 2, 1)?;
        cells.segment()
    }

    /// The records of a row group.
    pub(super) fn group(&self, number: usize) -> Result<Vec<CdrRow>, ExportError> {
        let group = self.reader.get_row_group(number)?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let mut cells = Group::read(&*group, group.num_columns(), rows)?;
        (0..rows).map(|_| cells.record()).collect()
    }
}

impl Group {
    /// The first `rows` rows of the first `columns` columns.
    fn read(group: &dyn RowGroupReader, columns: usize, rows: usize) -> Result<Self, ExportError> {
        let columns = (0..columns).map(|column| Cells::read(group.get_column_reader(column)?, rows));
        Ok(Self { columns: columns.collect::<Result<_, ExportError>>()?, next: 0 })
    }

    /// In the order of the columns.
    fn record(&mut self) -> Result<CdrRow, ExportError> {
        Ok(CdrRow {
            id: self.segment()?,
            account_id: self.parsed()?,
            operator_id: self.parsed()?,
            connector_id: self.parsed()?,
            mcc_mnc: self.optional()?,
            sender: self.parsed()?,
            destination: self.needed_text().and_then(|text| number(&text))?,
            class: self.word(&TrafficClass::ALL, TrafficClass::as_str)?,
            state: self.word(&MessageState::ALL, MessageState::as_str)?,
            error: self.optional()?,
            operator_error: self.text()?,
            smsc_message_id: self.text()?,
            attempts: self.small()?,
            possible_duplicate: self.flag()?,
            price_micros: self.needed()?,
            currency: self.parsed()?,
            charge_state: self.word(&CHARGES, charge_word)?,
            accepted_at: self.needed().map(Timestamp)?,
            submitted_at: self.moment()?,
            final_at: self.needed().map(Timestamp)?,
            done_at: self.moment()?,
            block_id: self.needed()?,
            group_id: self.optional()?,
            cost_rate_id: self.optional()?,
            cost_micros: self.whole()?,
            cost_currency: self.optional()?,
        })
    }

    fn segment(&mut self) -> Result<SegmentId, ExportError> {
        Ok(SegmentId::new(self.parsed()?, self.small()?))
    }

    /// The next cell; `None` of a column that the file does not have.
    fn cell(&mut self) -> Option<&mut Cells> {
        let at = self.next;
        self.next = (at + 1) % COLUMNS.len();
        self.columns.get_mut(at)
    }

    fn text(&mut self) -> Result<Option<String>, ExportError> {
        match self.cell() {
            Some(Cells::Text(cells)) => {
                let octets = cells.next().ok_or_else(unreadable)?;
                octets.map(|octets| String::from_utf8(octets).map_err(|_| unreadable())).transpose()
            }
            Some(_) => Err(unreadable()),
            None => Ok(None),
        }
    }

    fn whole(&mut self) -> Result<Option<i64>, ExportError> {
        match self.cell() {
            Some(Cells::Number(cells)) => cells.next().ok_or_else(unreadable),
            Some(_) => Err(unreadable()),
            None => Ok(None),
        }
    }

    fn flag(&mut self) -> Result<bool, ExportError> {
        match self.cell() {
            Some(Cells::Flag(cells)) => cells.next().flatten().ok_or_else(unreadable),
            _ => Err(unreadable()),
        }
    }

    fn needed_text(&mut self) -> Result<String, ExportError> {
        self.text()?.ok_or_else(unreadable)
    }

    fn needed(&mut self) -> Result<i64, ExportError> {
        self.whole()?.ok_or_else(unreadable)
    }

    fn small(&mut self) -> Result<u8, ExportError> {
        u8::try_from(self.needed()?).map_err(|_| unreadable())
    }

    fn moment(&mut self) -> Result<Option<Timestamp>, ExportError> {
        Ok(self.whole()?.map(Timestamp))
    }

    fn parsed<T: FromStr>(&mut self) -> Result<T, ExportError> {
        self.optional()?.ok_or_else(unreadable)
    }

    fn optional<T: FromStr>(&mut self) -> Result<Option<T>, ExportError> {
        self.text()?.map(|text| text.parse().map_err(|_| unreadable())).transpose()
    }

    /// The value that this word stands for.
    fn word<T: Copy>(&mut self, all: &[T], word: impl Fn(T) -> &'static str) -> Result<T, ExportError> {
        let text = self.needed_text()?;
        all.iter().copied().find(|value| word(*value) == text).ok_or_else(unreadable)
    }
}

impl Cells {
    fn read(reader: ColumnReader, rows: usize) -> Result<Self, ExportError> {
        Ok(match reader {
            ColumnReader::ByteArrayColumnReader(reader) => {
                let texts = spread(reader, rows)?.into_iter();
                Self::Text(texts.map(|text| text.map(|text| text.data().to_vec())).collect::<Vec<_>>().into_iter())
            }
            ColumnReader::Int64ColumnReader(reader) => Self::Number(spread(reader, rows)?.into_iter()),
            ColumnReader::BoolColumnReader(reader) => Self::Flag(spread(reader, rows)?.into_iter()),
            _ => return Err(unreadable()),
        })
    }
}

/// The values of the first `rows` rows. Which rows have one is told by levels, where that is not all of them.
fn spread<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize) -> Result<Vec<Option<T::T>>, ExportError> {
    let (mut values, mut levels, mut read) = (Vec::with_capacity(rows), Vec::new(), 0);
    while read < rows {
        let (records, ..) = reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(unreadable());
        }
        read += records;
    }
    if levels.is_empty() {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    Ok(levels.into_iter().map(|level| if level > 0 { values.next() } else { None }).collect())
}

fn number(digits: &str) -> Result<Msisdn, ExportError> {
    Msisdn::from_digits(digits.as_bytes()).map_err(|_| unreadable())
}

fn unreadable() -> ExportError {
    ExportError::Form("a record in the file is none that was written".to_owned())
}
