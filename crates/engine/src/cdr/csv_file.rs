//! CSV (RFC 4180), safe to be opened by a spreadsheet: a text that would be a formula there begins with an apostrophe.

use std::borrow::Cow;

use sambac_domain::{Micros, Timestamp};
use sambac_store::rows::CdrRow;

use super::column::{COLUMNS, Column, Value, number};
use super::{ExportError, Numbers};

/// A file under way.
pub(super) struct CsvFile {
    numbers: Numbers,
    has_header: bool,
}

impl CsvFile {
    pub(super) const fn new(numbers: Numbers) -> Self {
        Self { numbers, has_header: false }
    }

    /// The lines of these records; the header before the first.
    pub(super) fn write(&mut self, rows: &[CdrRow]) -> Result<Vec<u8>, ExportError> {
        let failed = |error: csv::Error| ExportError::Form(error.to_string());
        let mut lines =
            csv::WriterBuilder::new().has_headers(false).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        if !std::mem::replace(&mut self.has_header, true) {
            lines.write_record(COLUMNS.map(|column| column.name)).map_err(failed)?;
        }
        for row in rows {
            for column in &COLUMNS {
                lines.write_field(cell(column, row, self.numbers).as_bytes()).map_err(failed)?;
            }
            lines.write_record(None::<&[u8]>).map_err(failed)?;
        }
        lines.into_inner().map_err(|error| ExportError::Form(error.to_string()))
    }
}

fn cell<'a>(column: &Column, row: &'a CdrRow, numbers: Numbers) -> Cow<'a, str> {
    match column.value {
        Value::Text(text) => safe(text(row)),
        Value::Number => Cow::Owned(number(row, numbers)),
        Value::OptionalText(text) => text(row).map_or(Cow::Borrowed(""), safe),
        Value::Whole(whole) => Cow::Owned(whole(row).to_string()),
        Value::Amount(micros) => Cow::Owned(Micros(micros(row)).to_string()),
        Value::OptionalAmount(micros) => {
            Cow::Owned(micros(row).map_or_else(String::new, |micros| Micros(micros).to_string()))
        }
        Value::Flag(flag) => Cow::Borrowed(if flag(row) { "true" } else { "false" }),
        Value::Moment(moment) => Cow::Owned(moment(row).rfc3339()),
        Value::OptionalMoment(moment) => Cow::Owned(moment(row).map_or_else(String::new, Timestamp::rfc3339)),
    }
}

/// Senders and operators' words come from outside.
fn safe(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_be_a_formula_is_none() {
        for text in ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(safe(Cow::Borrowed(text)), format!("'{text}"));
        }
        for text in ["", "MyBank", "0x45", "a=b"] {
            assert_eq!(safe(Cow::Borrowed(text)), text);
        }
    }
}
