//! Parquet: one row group for each page, so that memory holds one page.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use sambac_store::rows::CdrRow;

use super::column::{COLUMNS, Column, Value, number};
use super::{ExportError, Numbers};

/// A file under way.
pub(super) struct ParquetFile {
    numbers: Numbers,
    octets: Octets,
    writer: SerializedFileWriter<Octets>,
}

/// What was written and not taken yet.
#[derive(Clone, Default)]
struct Octets(Arc<Mutex<Vec<u8>>>);

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        Self::Form(error.to_string())
    }
}

impl ParquetFile {
    pub(super) fn new(numbers: Numbers) -> Result<Self, ExportError> {
        let schema = parse_message_type(&schema())?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let octets = Octets::default();
        let writer = SerializedFileWriter::new(octets.clone(), Arc::new(schema), Arc::new(properties))?;
        Ok(Self { numbers, octets, writer })
    }

    /// A row group of these records.
    pub(super) fn write(&mut self, rows: &[CdrRow]) -> Result<(), ExportError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for column in &COLUMNS {
            let mut writer = group.next_column()?.ok_or_else(|| ExportError::Form("a column is missing".to_owned()))?;
            write_column(&mut writer, column, rows, self.numbers)?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// The end of the file.
    pub(super) fn finish(&mut self) -> Result<(), ExportError> {
        self.writer.finish()?;
        Ok(())
    }

    /// What was written since the last time.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.octets.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Octets {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The schema in Parquet's own language.
pub(super) fn schema() -> String {
    let mut text = "message cdr {\n".to_owned();
    for Column { name, value } in &COLUMNS {
        let line = match value {
            Value::Text(_) | Value::Number => format!("  REQUIRED BYTE_ARRAY {name} (UTF8);\n"),
            Value::OptionalText(_) => format!("  OPTIONAL BYTE_ARRAY {name} (UTF8);\n"),
            Value::Whole(_) => format!("  REQUIRED INT64 {name};\n"),
            Value::Amount(_) => format!("  REQUIRED INT64 {name} (DECIMAL(18,6));\n"),
            Value::OptionalAmount(_) => format!("  OPTIONAL INT64 {name} (DECIMAL(18,6));\n"),
            Value::Flag(_) => format!("  REQUIRED BOOLEAN {name};\n"),
            Value::Moment(_) => format!("  REQUIRED INT64 {name} (TIMESTAMP(MICROS,true));\n"),
            Value::OptionalMoment(_) => format!("  OPTIONAL INT64 {name} (TIMESTAMP(MICROS,true));\n"),
        };
        text.push_str(&line);
    }
    text.push('}');
    text
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    rows: &[CdrRow],
    numbers: Numbers,
) -> Result<(), ExportError> {
    let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
    match column.value {
        Value::Text(value) => required::<ByteArrayType>(writer, rows, |row| text(&value(row))),
        Value::Number => required::<ByteArrayType>(writer, rows, |row| text(&number(row, numbers))),
        Value::OptionalText(value) => optional::<ByteArrayType>(writer, rows, |row| value(row).map(|it| text(&it))),
        Value::Whole(value) | Value::Amount(value) => required::<Int64Type>(writer, rows, value),
        Value::OptionalAmount(value) => optional::<Int64Type>(writer, rows, value),
        Value::Flag(value) => required::<BoolType>(writer, rows, value),
        Value::Moment(value) => required::<Int64Type>(writer, rows, |row| value(row).0),
        Value::OptionalMoment(value) => optional::<Int64Type>(writer, rows, |row| value(row).map(|at| at.0)),
    }
}

fn required<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    rows: &[CdrRow],
    value: impl Fn(&CdrRow) -> T::T,
) -> Result<(), ExportError> {
    let values: Vec<T::T> = rows.iter().map(value).collect();
    writer.typed::<T>().write_batch(values.as_slice(), None, None)?;
    Ok(())
}

/// Which rows have a value is told by levels: 1 for those that have one.
fn optional<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    rows: &[CdrRow],
    value: impl Fn(&CdrRow) -> Option<T::T>,
) -> Result<(), ExportError> {
    let values: Vec<Option<T::T>> = rows.iter().map(value).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(values.as_slice(), Some(&levels), None)?;
    Ok(())
}
