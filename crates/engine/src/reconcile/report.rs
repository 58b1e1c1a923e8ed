//! What a run has counted, and what it found to differ.

use std::collections::BTreeMap;

use sambac_domain::ledger::PostingKind;
use sambac_domain::{AccountId, Currency, Day, OperatorId};
use sambac_store::ComparedNames;
use sambac_store::rows::{BreakRow, ChargeState};
use serde::Serialize;

use super::Days;
use super::judge::{Books, BreakKind, Difference, Told};

/// Breaks of one run that are kept: beyond, a person has more to do than to read them one by one.
const BREAKS_MAX: usize = 10_000;
/// Examples of a break.
const EXAMPLES_MAX: usize = 5;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The day of the final state.
    pub day: Day,
    /// Who pays.
    pub account: Option<AccountId>,
    /// Whose network carried it; nothing when it went nowhere.
    pub operator: Option<OperatorId>,
}

/// Counts of segments, and amounts in micros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Messages, where their first segment went.
    pub messages: i64,
    /// Segments of messages.
    pub segments: i64,
    /// Charges.
    pub charges: i64,
    /// Charges whose hold is in the ledger.
    pub postings: i64,
    /// CDRs.
    pub cdrs: i64,
    /// What the messages say that they are worth.
    pub priced_micros: i64,
    /// What the CDRs say.
    pub cdr_micros: i64,
    /// What the charges hold or held.
    pub held_micros: i64,
    /// What they took when they were settled.
    pub captured_micros: i64,
    /// What they gave back then.
    pub voided_micros: i64,
    /// What was taken later, or given back: below zero.
    pub corrected_micros: i64,
    /// The same, as the ledger's postings have it.
    pub ledger_held_micros: i64,
    /// Likewise.
    pub ledger_captured_micros: i64,
    /// Likewise.
    pub ledger_voided_micros: i64,
    /// Likewise.
    pub ledger_corrected_micros: i64,
    /// What the operator is to be paid, as the CDRs have it.
    pub cost_micros: i64,
}

/// One account, operator and day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Of what.
    pub key: Key,
    /// Currency of the prices.
    pub currency: Option<Currency>,
    /// Currency of the cost.
    pub cost_currency: Option<Currency>,
    /// What there is.
    pub counted: Counted,
}

/// What a run gives.
#[derive(Debug)]
pub struct Report {
    /// Which days.
    pub days: Days,
    /// Line by line.
    pub lines: Vec<Line>,
    /// What differs, by id.
    pub breaks: Vec<BreakRow>,
    /// Breaks that are not in the list, because there are so many.
    pub more_breaks: usize,
    /// What accounts and operators are called.
    pub names: ComparedNames,
}

type LineKey = (Key, Option<Currency>, Option<Currency>);

/// A report in the making. It grows with accounts, operators and days, never with messages.
#[derive(Default)]
pub(super) struct Sheet {
    lines: BTreeMap<LineKey, Counted>,
    breaks: BTreeMap<String, BreakRow>,
    more_breaks: usize,
}

impl Sheet {
    /// Counts a segment.
    pub(super) fn count(&mut self, key: Key, told: &Told<'_>, books: &Books) {
        let cost_currency = told.cdr.and_then(|row| row.cost_currency);
        let line = self.lines.entry((key, told.currency(), cost_currency)).or_default();
        line.messages += i64::from(told.message.is_some() && told.id.no() == 1);
        line.segments += i64::from(told.message.is_some() && told.segment.is_some());
        add(&mut line.priced_micros, told.message.map(|row| row.price_micros));
        line.cdrs += i64::from(told.cdr.is_some());
        add(&mut line.cdr_micros, told.cdr.map(|row| row.price_micros));
        add(&mut line.cost_micros, told.cdr.and_then(|row| row.cost_micros));
        let Some(charge) = told.charge else { return };
        let amount = Some(charge.amount_micros);
        line.charges += 1;
        add(&mut line.held_micros, amount);
        match charge.state {
            ChargeState::Captured => add(&mut line.captured_micros, Some(charge.captured_micros)),
            ChargeState::Voided => add(&mut line.voided_micros, amount),
            // What came after was the reverse of what was done first.
            ChargeState::Corrected if charge.captured_micros > 0 => {
                add(&mut line.voided_micros, amount);
                add(&mut line.corrected_micros, amount);
            }
            ChargeState::Corrected => {
                add(&mut line.captured_micros, amount);
                add(&mut line.corrected_micros, amount.map(|micros| -micros));
            }
            ChargeState::Held => {}
        }
        if charge.amount_micros == 0 || books.moved(Some(charge.hold_posting_id)) == Some(PostingKind::Hold) {
            line.postings += 1;
            add(&mut line.ledger_held_micros, amount);
        }
        match books.moved(charge.settle_posting_id) {
            Some(PostingKind::Capture) => add(&mut line.ledger_captured_micros, amount),
            Some(PostingKind::Void) => add(&mut line.ledger_voided_micros, amount),
            _ => {}
        }
        match books.moved(charge.correct_posting_id) {
            Some(PostingKind::Correct) => add(&mut line.ledger_corrected_micros, amount),
            Some(PostingKind::Refund) => add(&mut line.ledger_corrected_micros, amount.map(|micros| -micros)),
            _ => {}
        }
    }

    /// Adds something that differs to its break.
    pub(super) fn differs(&mut self, key: Key, currency: Option<Currency>, difference: Difference, example: String) {
        let id = break_id(difference.kind, key);
        if !self.breaks.contains_key(&id) && self.breaks.len() >= BREAKS_MAX {
            self.more_breaks = self.more_breaks.saturating_add(1);
            return;
        }
        let row = self.breaks.entry(id.clone()).or_insert_with(|| BreakRow {
            account_id: key.account,
            operator_id: key.operator,
            currency,
            ..BreakRow::new(id, difference.kind.as_str(), key.day)
        });
        add(&mut row.expected_count, Some(difference.expected.0));
        add(&mut row.expected_micros, Some(difference.expected.1));
        add(&mut row.found_count, Some(difference.found.0));
        add(&mut row.found_micros, Some(difference.found.1));
        if row.examples.len() < EXAMPLES_MAX {
            row.examples.push(example);
        }
    }

    pub(super) fn report(self, days: Days, names: ComparedNames) -> Report {
        let line = |((key, currency, cost_currency), counted)| Line { key, currency, cost_currency, counted };
        Report {
            days,
            lines: self.lines.into_iter().map(line).collect(),
            breaks: self.breaks.into_values().collect(),
            more_breaks: self.more_breaks,
            names,
        }
    }
}

impl Report {
    /// An account's name, or its id when it has none any more; `-` for none.
    #[must_use]
    pub fn account_name(&self, id: Option<AccountId>) -> String {
        let Some(id) = id else { return "-".to_owned() };
        let named = self.names.accounts.iter().find(|(known, _)| *known == id);
        named.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }

    /// An operator's name, likewise.
    #[must_use]
    pub fn operator_name(&self, id: Option<OperatorId>) -> String {
        let Some(id) = id else { return "-".to_owned() };
        let named = self.names.operators.iter().find(|(known, _)| *known == id);
        named.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }
}

/// The same difference has the same id in every run.
fn break_id(kind: BreakKind, key: Key) -> String {
    let account = key.account.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let operator = key.operator.map_or_else(|| "-".to_owned(), |id| id.to_string());
    format!("{}:{account}:{operator}:{}", kind.as_str(), key.day)
}

/// Sums that overflow are held at the end: what they come to is wrong by far, and seen.
fn add(sum: &mut i64, micros: Option<i64>) {
    *sum = sum.saturating_add(micros.unwrap_or_default());
}
