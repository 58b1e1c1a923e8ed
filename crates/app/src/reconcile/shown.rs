//! A report and breaks, as text for people and as JSON.

use sambac_domain::money::Micros;
use sambac_engine::reconcile::{Counted, Line, Report};
use sambac_store::rows::BreakRow;
use serde_json::{Value, json};

use crate::table::Table;

/// The report in one document.
pub(super) fn report_json(report: &Report, breaks: &[BreakRow]) -> Value {
    json!({
        "from": report.days.from, "to": report.days.to,
        "lines": report.lines.iter().map(|line| line_json(report, line)).collect::<Vec<_>>(),
        "breaks": breaks.iter().map(break_json).collect::<Vec<_>>(),
        "more_breaks": report.more_breaks,
    })
}

fn line_json(report: &Report, line: &Line) -> Value {
    let amount = |micros| Micros(micros).to_string();
    let Counted { messages, segments, charges, postings, cdrs, .. } = line.counted;
    let counted = &line.counted;
    json!({
        "day": line.key.day, "account": line.key.account, "account_name": report.account_name(line.key.account),
        "operator": line.key.operator, "operator_name": report.operator_name(line.key.operator),
        "currency": line.currency, "cost_currency": line.cost_currency,
        "messages": messages, "segments": segments, "charges": charges, "held_in_ledger": postings, "cdrs": cdrs,
        "priced": amount(counted.priced_micros), "priced_by_cdrs": amount(counted.cdr_micros),
        "charged": { "held": amount(counted.held_micros), "captured": amount(counted.captured_micros),
            "voided": amount(counted.voided_micros), "corrected": amount(counted.corrected_micros) },
        "posted": { "held": amount(counted.ledger_held_micros), "captured": amount(counted.ledger_captured_micros),
            "voided": amount(counted.ledger_voided_micros), "corrected": amount(counted.ledger_corrected_micros) },
        "cost": amount(counted.cost_micros),
    })
}

/// A break.
pub(super) fn break_json(row: &BreakRow) -> Value {
    json!({
        "id": row.id, "source": row.source.as_str(), "kind": row.kind, "account": row.account_id, "operator": row.operator_id,
        "day": row.day, "currency": row.currency, "expected_count": row.expected_count, "found_count": row.found_count,
        "expected": Micros(row.expected_micros).to_string(), "found": Micros(row.found_micros).to_string(),
        "examples": row.examples, "state": row.state.as_str(), "reason": row.reason, "explained_by": row.explained_by,
        "explained_at": row.explained_at.map(|at| at.to_string()),
        "first_at": row.first_at.to_string(), "last_at": row.last_at.to_string(),
    })
}

/// The heads of the report's table, here and on the page.
pub(super) const LINE_HEADS: [&str; 13] = [
    "day",
    "account",
    "operator",
    "currency",
    "messages",
    "segments",
    "charges",
    "ledger",
    "cdrs",
    "captured",
    "voided",
    "corrected",
    "cost",
];

/// One line in these columns.
pub(super) fn line_cells(report: &Report, line: &Line) -> [String; 13] {
    let counted = &line.counted;
    let currency = line.currency.map_or_else(String::new, |currency| currency.to_string());
    let cost =
        line.cost_currency.map_or_else(String::new, |currency| format!("{} {currency}", Micros(counted.cost_micros)));
    [
        line.key.day.to_string(),
        report.account_name(line.key.account),
        report.operator_name(line.key.operator),
        currency,
        counted.messages.to_string(),
        counted.segments.to_string(),
        counted.charges.to_string(),
        counted.postings.to_string(),
        counted.cdrs.to_string(),
        Micros(counted.captured_micros).to_string(),
        Micros(counted.voided_micros).to_string(),
        Micros(counted.corrected_micros).to_string(),
        cost,
    ]
}

/// The heads of a table of breaks.
pub(super) const BREAK_HEADS: [&str; 8] = ["id", "state", "expected", "found", "should be", "is", "examples", "reason"];

/// A break in these columns.
pub(super) fn break_cells(row: &BreakRow) -> [String; 8] {
    let reason = row.reason.as_deref().unwrap_or_default();
    let by = row.explained_by.as_ref().map_or_else(String::new, |by| format!(" ({by})"));
    [
        row.id.clone(),
        row.state.as_str().to_owned(),
        row.expected_count.to_string(),
        row.found_count.to_string(),
        Micros(row.expected_micros).to_string(),
        Micros(row.found_micros).to_string(),
        row.examples.join(" "),
        format!("{reason}{by}"),
    ]
}

pub(super) fn report_text(report: &Report, breaks: &[BreakRow]) -> String {
    let mut table = Table::new(&LINE_HEADS);
    report.lines.iter().for_each(|line| table.row(line_cells(report, line)));
    let more = match report.more_breaks {
        0 => String::new(),
        more => format!("and {more} more that are not kept\n"),
    };
    match breaks {
        [] => format!("{table}\nnothing differs\n"),
        _ => format!("{table}\n{}{more}", breaks_text(breaks)),
    }
}

pub(super) fn breaks_text(breaks: &[BreakRow]) -> String {
    let mut table = Table::new(&BREAK_HEADS);
    breaks.iter().for_each(|row| table.row(break_cells(row)));
    table.to_string()
}
