//! The columns of a file, known by the names that the field gives them.

use csv::ByteRecord;

use super::line::Line;
use super::{Fault, NewRate, Reading};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    MccMnc,
    Mcc,
    Mnc,
    Group,
    Prefix,
    Country,
    Sender,
    Class,
    Price,
    Currency,
    Charge,
    /// Said for people: names of countries and networks, remarks.
    Remark,
}

/// Names in small letters, without what is between their words.
const NAMES: &[(&str, Column)] = &[
    ("mccmnc", Column::MccMnc),
    ("plmn", Column::MccMnc),
    ("network", Column::MccMnc),
    ("networkcode", Column::MccMnc),
    ("mcc", Column::Mcc),
    ("mnc", Column::Mnc),
    ("operatorgroup", Column::Group),
    ("group", Column::Group),
    ("prefix", Column::Prefix),
    ("dialcode", Column::Prefix),
    ("dialingcode", Column::Prefix),
    ("destinationcode", Column::Prefix),
    ("country", Column::Country),
    ("iso", Column::Country),
    ("countryiso", Column::Country),
    ("sender", Column::Sender),
    ("senderform", Column::Sender),
    ("sendertype", Column::Sender),
    ("senderkind", Column::Sender),
    ("class", Column::Class),
    ("trafficclass", Column::Class),
    ("traffictype", Column::Class),
    ("price", Column::Price),
    ("rate", Column::Price),
    ("cost", Column::Price),
    ("pricepersegment", Column::Price),
    ("pricepersms", Column::Price),
    ("currency", Column::Currency),
    ("charge", Column::Charge),
    ("chargepolicy", Column::Charge),
    ("countryname", Column::Remark),
    ("operator", Column::Remark),
    ("operatorname", Column::Remark),
    ("networkname", Column::Remark),
    ("note", Column::Remark),
    ("notes", Column::Remark),
    ("comment", Column::Remark),
    ("remark", Column::Remark),
];

/// Where each column is, and what the file calls it.
pub(super) struct Columns {
    columns: Vec<(Column, String)>,
    /// A point would be the only sign for decimals where a comma is between the columns.
    comma_is_decimal: bool,
}

impl Columns {
    pub(super) fn of(head: &ByteRecord, delimiter: u8) -> Result<Self, String> {
        let mut columns: Vec<(Column, String)> = Vec::new();
        for name in head {
            let name = std::str::from_utf8(name).map_err(|_| "the head is not UTF-8".to_owned())?;
            let column = known(name)
                .ok_or_else(|| format!("the column \"{name}\" is not known; the first line names the columns"))?;
            if column != Column::Remark && columns.iter().any(|(other, _)| *other == column) {
                return Err(format!("the column \"{name}\" is there twice"));
            }
            columns.push((column, name.to_owned()));
        }
        let has = |wanted: Column| columns.iter().any(|(column, _)| *column == wanted);
        if !has(Column::Price) {
            return Err("there is no column price".to_owned());
        }
        let scopes = [Column::MccMnc, Column::Mcc, Column::Group, Column::Prefix, Column::Country];
        if !scopes.into_iter().any(has) {
            return Err(
                "no column says what a price is for: mcc_mnc, mcc, operator_group, prefix or country".to_owned()
            );
        }
        if has(Column::Mnc) && !has(Column::Mcc) {
            return Err("there is a column mnc and none mcc".to_owned());
        }
        Ok(Self { columns, comma_is_decimal: delimiter != b',' })
    }

    /// The rate of a line.
    pub(super) fn rate(&self, record: &ByteRecord, number: u64, reading: &Reading<'_>) -> Result<NewRate, Fault> {
        if record.len() != self.columns.len() {
            let reason = format!("has {} columns, where the head has {}", record.len(), self.columns.len());
            return Err(Fault { line: number, column: None, reason });
        }
        let mut line = Line::new(reading, self.comma_is_decimal);
        for ((column, name), value) in self.columns.iter().zip(record) {
            let put = std::str::from_utf8(value).map_err(|_| "is not UTF-8".to_owned());
            let put = put.and_then(|value| if value.is_empty() { Ok(()) } else { line.put(*column, value) });
            put.map_err(|reason| Fault { line: number, column: Some(name.clone()), reason })?;
        }
        line.rate().map_err(|reason| Fault { line: number, column: None, reason })
    }
}

fn known(name: &str) -> Option<Column> {
    let letters: String = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '/' | '.')).collect();
    let letters = letters.to_lowercase();
    NAMES.iter().find(|(known, _)| *known == letters).map(|(_, column)| *column)
}
