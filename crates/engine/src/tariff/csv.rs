//! Price sheets as comma-separated values: what people keep in spreadsheets, read with all its faults told, and written so that it
//! reads the same again. `docs/reference/tariffs.md` has the columns.

mod columns;
mod line;
mod line_end;
mod write;

use std::collections::HashMap;
use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, Trim};
use sambac_domain::id::OperatorGroupId;
use sambac_domain::money::Currency;
use sambac_domain::rating::{ChargePolicy, RateScope};
use sambac_domain::{SenderForm, TrafficClass};

use columns::Columns;
use line_end::WithoutReturns;
pub(crate) use write::{HEAD, written};

/// Faulty lines that are told; the others are counted.
const FAULTS_TOLD_MAX: usize = 1_000;
/// More lines than this are no price sheet.
pub(crate) const RATES_MAX: usize = 2_000_000;

/// A rate before it has an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewRate {
    pub(crate) scope: RateScope,
    pub(crate) sender: Option<SenderForm>,
    pub(crate) class: Option<TrafficClass>,
    pub(crate) price_micros: i64,
    pub(crate) policy: ChargePolicy,
}

/// What a rate is for: no two of a sheet are for the same.
pub(crate) type WhatFor = (RateScope, Option<SenderForm>, Option<TrafficClass>);

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Its number in the file, the head being 1.
    pub line: u64,
    /// The column to blame, by its name in the file, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// Everything that is wrong with a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first of them, in the order of lines.
    pub told: Vec<Fault>,
    /// How many there are.
    pub count: u64,
}

/// What a file is read with.
pub(crate) struct Reading<'a> {
    /// The price book's; a file that names another one is refused.
    pub(crate) currency: Currency,
    /// Operator groups by their names, aliases and ids.
    pub(crate) group: &'a dyn Fn(&str) -> Option<OperatorGroupId>,
}

/// Reads a whole file; all of it is read, so that every fault is found at once.
pub(crate) fn read(file: impl Read, reading: &Reading<'_>) -> Result<Vec<NewRate>, Faults> {
    let mut faults = Faults::default();
    let (delimiter, file) = match delimiter(file) {
        Ok(found) => found,
        Err(reason) => return Err(faults.with(Fault::of_line(1, reason))),
    };
    let mut lines = ReaderBuilder::new().delimiter(delimiter).trim(Trim::All).flexible(true).from_reader(file);
    let columns =
        match lines.byte_headers().map_err(|error| error.to_string()).and_then(|head| Columns::of(head, delimiter)) {
            Ok(columns) => columns,
            Err(reason) => return Err(faults.with(Fault::of_line(1, reason))),
        };
    let (mut rates, mut seen) = (Vec::new(), HashMap::new());
    let mut record = ByteRecord::new();
    loop {
        match lines.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) if record.iter().all(<[u8]>::is_empty) => continue,
            Ok(true) => {}
            Err(error) => return Err(faults.with(Fault::of_line(lines.position().line(), error.to_string()))),
        }
        let number = record.position().map_or(0, csv::Position::line);
        match columns.rate(&record, number, reading).and_then(|rate| once(rate, number, &mut seen)) {
            Ok(rate) => rates.push(rate),
            Err(fault) => faults = faults.with(fault),
        }
        if rates.len() > RATES_MAX {
            return Err(faults.with(Fault::of_line(number, format!("a sheet has {RATES_MAX} rates at most"))));
        }
    }
    if rates.is_empty() && faults.count == 0 {
        faults = faults.with(Fault::of_line(1, "there is no rate in it".to_owned()));
    }
    if faults.count == 0 { Ok(rates) } else { Err(faults) }
}

fn once(rate: NewRate, line: u64, seen: &mut HashMap<WhatFor, u64>) -> Result<NewRate, Fault> {
    match seen.insert(rate.what_for(), line) {
        None => Ok(rate),
        Some(earlier) => Err(Fault::of_line(line, format!("is for the same messages as line {earlier}"))),
    }
}

/// Which sign is between the columns, told by the first line: the one that is there most often. The file comes back with its
/// first octets before it, and without a byte order mark and carriage returns.
pub(crate) fn delimiter<R: Read>(mut file: R) -> Result<(u8, impl Read), String> {
    let mut start = Vec::new();
    file.by_ref().take(16_384).read_to_end(&mut start).map_err(|error| error.to_string())?;
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).to_vec();
    let head = text.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let count = |sign: u8| head.iter().filter(|octet| **octet == sign).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(b',');
    Ok((delimiter, WithoutReturns(std::io::Cursor::new(text).chain(file))))
}

impl NewRate {
    pub(crate) fn what_for(&self) -> WhatFor {
        (self.scope, self.sender, self.class)
    }
}

impl Fault {
    pub(crate) fn of_line(line: u64, reason: String) -> Self {
        Self { line, column: None, reason }
    }
}

impl Faults {
    pub(crate) fn with(mut self, fault: Fault) -> Self {
        if self.told.len() < FAULTS_TOLD_MAX {
            self.told.push(fault);
        }
        self.count += 1;
        self
    }
}

#[cfg(test)]
mod tests;
