//! A statement's file, read with all its faults told: one line for each message, or for each day and network.

use std::collections::HashSet;
use std::io::Read;

use csv::{ByteRecord, Position, ReaderBuilder, Trim};
use sambac_domain::{Currency, Day, MccMnc, parse_micros};
use sambac_store::rows::StatementLine;

use crate::tariff::csv::{Fault, Faults, delimiter};

/// More lines than this are no statement.
const LINES_MAX: u64 = 50_000_000;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Column {
    MessageId,
    Day,
    MccMnc,
    Count,
    Amount,
    Currency,
}

/// Names in small letters, without what is between their words.
const NAMES: &[(&str, Column)] = &[
    ("messageid", Column::MessageId),
    ("smscmessageid", Column::MessageId),
    ("id", Column::MessageId),
    ("day", Column::Day),
    ("date", Column::Day),
    ("mccmnc", Column::MccMnc),
    ("network", Column::MccMnc),
    ("networkcode", Column::MccMnc),
    ("count", Column::Count),
    ("messages", Column::Count),
    ("segments", Column::Count),
    ("quantity", Column::Count),
    ("amount", Column::Amount),
    ("cost", Column::Amount),
    ("total", Column::Amount),
    ("currency", Column::Currency),
];

/// What a file comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// Whether its lines are of messages, by the operator's ids; else of days and networks.
    pub(super) by_ids: bool,
    pub(super) days: Option<(Day, Day)>,
    pub(super) lines: i64,
    pub(super) messages: i64,
    pub(super) amount_micros: i64,
}

/// Reads a whole file and gives each line to `take`. All of it is read, so that every fault is found at once; after the first one
/// nothing more is given.
pub(super) fn read(file: impl Read, currency: Currency, take: &mut impl FnMut(StatementLine)) -> Result<Whole, Faults> {
    let first_line = |reason: String| Faults::default().with(Fault::of_line(1, reason));
    let (delimiter, file) = delimiter(file).map_err(first_line)?;
    let mut lines = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).flexible(true).from_reader(file);
    let head = lines.byte_headers().map_err(|error| first_line(error.to_string()))?;
    let columns = columns(head).map_err(first_line)?;
    let by_ids = columns.contains(&Some(Column::MessageId));
    let reading = Reading { columns, by_ids, currency, comma_is_decimal: delimiter != b',' };
    let mut whole = Whole { by_ids, days: None, lines: 0, messages: 0, amount_micros: 0 };
    let (mut faults, mut record) = (Faults::default(), ByteRecord::new());
    loop {
        match lines.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) if record.iter().all(<[u8]>::is_empty) => continue,
            Ok(true) => {}
            Err(error) => return Err(faults.with(Fault::of_line(lines.position().line(), error.to_string()))),
        }
        let number = record.position().map_or(0, Position::line);
        match reading.line(&record, number).and_then(|line| whole.with(&line).map(|()| line)) {
            Ok(line) if faults.count == 0 => take(line),
            Ok(_) => {}
            Err(fault) => faults = faults.with(fault),
        }
        if number > LINES_MAX {
            return Err(faults.with(Fault::of_line(number, format!("a statement has {LINES_MAX} lines at most"))));
        }
    }
    if whole.lines == 0 && faults.count == 0 {
        faults = faults.with(Fault::of_line(1, "there is no line in it".to_owned()));
    }
    if faults.count == 0 { Ok(whole) } else { Err(faults) }
}

/// What each column holds. What nobody knows the name of is left aside: statements have remarks of all kinds.
fn columns(head: &ByteRecord) -> Result<Vec<Option<Column>>, String> {
    let mut columns = Vec::with_capacity(head.len());
    for name in head {
        let name = std::str::from_utf8(name).map_err(|_| "the head is not UTF-8".to_owned())?;
        let small: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        columns.push(NAMES.iter().find(|(known, _)| *known == small).map(|(_, column)| *column));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = columns.iter().flatten().find(|column| !seen.insert(**column)) {
        return Err(format!("two columns are {twice:?}"));
    }
    let has = |column| columns.contains(&Some(column));
    if !has(Column::Amount) {
        return Err("there is no column amount".to_owned());
    }
    let by_days = has(Column::Day) && has(Column::MccMnc) && has(Column::Count);
    if has(Column::MessageId) || by_days {
        return Ok(columns);
    }
    Err("the columns are message_id and amount, or day, mcc_mnc, count and amount".to_owned())
}

struct Reading {
    columns: Vec<Option<Column>>,
    by_ids: bool,
    currency: Currency,
    comma_is_decimal: bool,
}

impl Reading {
    fn line(&self, record: &ByteRecord, number: u64) -> Result<StatementLine, Fault> {
        let wrong = |reason: String| Fault::of_line(number, reason);
        if record.len() != self.columns.len() {
            return Err(wrong(format!("has {} columns, the head {}", record.len(), self.columns.len())));
        }
        let mut line = StatementLine {
            statement_id: 0,
            line: i64::try_from(number).unwrap_or(i64::MAX),
            message_id: None,
            day: None,
            mcc_mnc: None,
            count: 1,
            amount_micros: 0,
        };
        for (column, value) in self.columns.iter().zip(record.iter()) {
            let Some(column) = column else { continue };
            let value = std::str::from_utf8(value).map_err(|_| wrong("is not UTF-8".to_owned()))?;
            self.put(&mut line, *column, value).map_err(wrong)?;
        }
        Ok(line)
    }

    fn put(&self, line: &mut StatementLine, column: Column, value: &str) -> Result<(), String> {
        match column {
            Column::MessageId if value.is_empty() => return Err("there is no message id".to_owned()),
            Column::MessageId => line.message_id = Some(value.to_owned()),
            Column::Day if value.is_empty() && self.by_ids => {}
            Column::Day => line.day = Some(day(value)?.number()),
            Column::MccMnc if value.is_empty() => {}
            Column::MccMnc => line.mcc_mnc = Some(network(value)?),
            Column::Count => {
                let count = value.parse().ok().filter(|count: &i64| *count >= 0);
                line.count = count.ok_or_else(|| format!("\"{value}\" is no count"))?;
            }
            Column::Amount => line.amount_micros = self.amount(value)?,
            Column::Currency if value.eq_ignore_ascii_case(self.currency.as_str()) => {}
            Column::Currency => return Err(format!("the amounts are in {}, not in \"{value}\"", self.currency)),
        }
        Ok(())
    }

    /// Credits are below zero.
    fn amount(&self, value: &str) -> Result<i64, String> {
        let with_point = value.replacen(',', ".", 1);
        let text = if self.comma_is_decimal && !value.contains('.') { &with_point } else { value };
        parse_micros(text).map_err(|error| format!("{error}, not \"{value}\""))
    }
}

/// `2026-11-26`, also with a time behind it.
fn day(value: &str) -> Result<Day, String> {
    let date = value.split(['T', ' ']).next().unwrap_or_default();
    date.parse().map_err(|error| format!("{error}, not \"{value}\""))
}

fn network(value: &str) -> Result<MccMnc, String> {
    value.parse().map_err(|_| format!("\"{value}\" is no MCC and MNC, such as 23410"))
}

impl Whole {
    fn with(&mut self, line: &StatementLine) -> Result<(), Fault> {
        let number = u64::try_from(line.line).unwrap_or_default();
        let over = || Fault::of_line(number, "the amounts are more than can be added up".to_owned());
        self.lines += 1;
        self.messages = self.messages.checked_add(line.count).ok_or_else(over)?;
        self.amount_micros = self.amount_micros.checked_add(line.amount_micros).ok_or_else(over)?;
        if let Some(day) = line.day.map(Day::from_number) {
            let (from, to) = self.days.unwrap_or((day, day));
            self.days = Some((from.min(day), to.max(day)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = Result<(Whole, Vec<StatementLine>), Vec<(u64, String)>>;

    fn told(text: &str) -> Told {
        let mut lines = Vec::new();
        let read = read(text.as_bytes(), "EUR".parse().unwrap(), &mut |line| lines.push(line));
        let whole = read.map_err(|faults| faults.told.into_iter().map(|fault| (fault.line, fault.reason)).collect());
        whole.map(|whole: Whole| (whole, lines))
    }

    #[test]
    fn both_forms_are_read() {
        let (whole, lines) =
            told("Date,Message-ID,Amount,Remark\n2026-11-26 10:00,7F01,0.03,x\n,7F02,-0.5,\n").unwrap();
        assert!(whole.by_ids);
        assert_eq!((whole.lines, whole.messages, whole.amount_micros), (2, 2, -470_000));
        assert_eq!((lines[1].message_id.as_deref(), lines[1].day), (Some("7F02"), None));
        let (whole, lines) =
            told("\u{feff}day;mcc_mnc;count;amount;currency\n2026-11-26;23410;3;0,09;eur\n\n2026-11-28;;1;1;EUR\n")
                .unwrap();
        let days = whole.days.map(|(from, to)| (from.to_string(), to.to_string())).unwrap();
        assert_eq!((days.0.as_str(), days.1.as_str(), whole.messages), ("2026-11-26", "2026-11-28", 4));
        assert_eq!((lines[0].amount_micros, lines[0].mcc_mnc.unwrap().to_string()), (90_000, "23410".to_owned()));
    }

    #[test]
    fn every_bad_row_is_told_with_its_line() {
        let faults = told("day,mcc_mnc,count,amount,currency\n2026-13-01,23410,1,1,EUR\n2026-11-01,x,1,1,EUR\n2026-11-01,23410,-1,1,EUR\n\
            2026-11-01,23410,1,1.0000001,EUR\n2026-11-01,23410,1,1,USD\n2026-11-01,23410,1\n2026-11-01,23410,1,1,EUR\n")
        .unwrap_err();
        assert_eq!(faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7], "{faults:?}");
        for (text, reason) in [
            ("message_id,price\na,1\n", "no column amount"),
            ("day,count,amount\n", "message_id and amount, or day"),
            ("id,message_id,amount\n", "two columns"),
            ("message_id,amount\n", "no line"),
            ("message_id,amount\n,1\n", "no message id"),
        ] {
            let faults = told(text).unwrap_err();
            assert!(faults[0].1.contains(reason), "{text}: {faults:?}");
        }
    }
}
