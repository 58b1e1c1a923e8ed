//! `sambac reconcile supplier`: takes an operator's statement, compares it with our CDRs, and lists what differs.

use std::path::PathBuf;

use clap::Args;
use sambac_domain::money::Micros;
use sambac_domain::{Currency, Day, IdSource, OperatorId, parse_micros};
use sambac_engine::clock::Clock;
use sambac_engine::reconcile::Days;
use sambac_engine::reconcile::supplier::{self, Matched, Statement, StatementError};
use sambac_store::Store;
use sambac_store::rows::{BreakRow, BreakState};
use serde_json::{Value, json};

use super::{open, shown};
use crate::config::{COMMAND_LINE_NODE, Flags};
use crate::exit::{Exit, Failure};
use crate::output::Output;

#[derive(Args, Debug)]
pub(super) struct Supplier {
    /// Whose statement it is, by name or id.
    #[arg(long)]
    operator: String,
    /// The statement: CSV with a head.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Currency of its amounts; that of the operator's cost book when it is not given.
    #[arg(long)]
    currency: Option<Currency>,
    /// Its first day of UTC; that of its lines when it is not given.
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<Day>,
    /// Its last day, included.
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<Day>,
    /// Amounts of one line that differ by no more are the same.
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    tolerance: String,
    /// Who brings it.
    #[arg(long, default_value = "command line")]
    by: String,
    #[command(flatten)]
    flags: Flags,
}

impl Supplier {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let store = open(&self.flags).await?;
        let done = self.take(&store).await;
        store.close().await;
        let (matched, breaks) = done?;
        output.print(&json(&matched, &breaks), || text(&matched, &breaks))?;
        let open = breaks.iter().filter(|row| row.state == BreakState::Open).count();
        match open.saturating_add(matched.more_breaks) {
            0 => Ok(()),
            open => Err(Failure::because(Exit::CheckFailed, format!("{open} breaks are open"))),
        }
    }

    async fn take(&self, store: &Store) -> Result<(Matched, Vec<BreakRow>), Failure> {
        let wrong = |what: String| Failure::because(Exit::Configuration, what);
        let (operator, booked) = self.operator(store).await?;
        let currency = self.currency.or(booked);
        let currency = currency.ok_or_else(|| wrong("the operator has no cost book: say --currency".to_owned()))?;
        let days = match (self.from, self.to) {
            (Some(from), Some(to)) => Some(Days::new(from, to).map_err(|error| wrong(error.to_string()))?),
            _ => None,
        };
        let tolerance_micros = parse_micros(&self.tolerance).ok().filter(|micros| *micros >= 0);
        let tolerance_micros =
            tolerance_micros.ok_or_else(|| wrong(format!("--tolerance: \"{}\" is no amount", self.tolerance)))?;
        let ids = IdSource::new(COMMAND_LINE_NODE, 0);
        let (file, by, ids) = (self.file.as_path(), self.by.as_str(), &ids);
        let statement = Statement { operator, file, currency, days, tolerance_micros, by, ids };
        let matched =
            supplier::take(store, &statement, Clock::system().now()).await.map_err(|error| self.failure(error))?;
        let breaks = super::kept(store, &matched.breaks).await?;
        Ok((matched, breaks))
    }

    /// The operator, and the currency in which it is paid.
    async fn operator(&self, store: &Store) -> Result<(OperatorId, Option<Currency>), Failure> {
        let configuration = store.load_configuration().await?;
        let mut operators = configuration.operators.iter();
        let found = operators.find(|row| row.name == self.operator || row.id.to_string() == self.operator);
        let none = || Failure::because(Exit::Refused, format!("there is no operator {}", self.operator));
        let operator = found.ok_or_else(none)?.id;
        let book = configuration.cost_books.iter().find(|book| book.operator_id == operator);
        Ok((operator, book.map(|book| book.currency)))
    }

    fn failure(&self, error: StatementError) -> Failure {
        let file = self.file.display();
        match error {
            StatementError::Lines(faults) => {
                let lines = faults.told.iter().map(|fault| format!("\n  line {}: {}", fault.line, fault.reason));
                let more = faults.count.saturating_sub(u64::try_from(faults.told.len()).unwrap_or(faults.count));
                let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
                let lines: String = lines.collect();
                Failure::because(Exit::Configuration, format!("{file}: nothing was taken:{lines}{more}"))
            }
            StatementError::Store(error) => Failure::new(Exit::Failed, error),
            other => Failure::because(Exit::Configuration, format!("{file}: {other}")),
        }
    }
}

fn json(matched: &Matched, breaks: &[BreakRow]) -> Value {
    let row = &matched.statement;
    json!({
        "statement": row.hash, "operator": row.operator_id, "file": row.file, "from": row.from_day, "to": row.to_day,
        "currency": row.currency, "lines": row.line_count, "messages": row.message_count,
        "amount": Micros(row.amount_micros).to_string(), "imported_at": row.imported_at.to_string(),
        "imported_by": row.imported_by, "known": matched.is_known,
        "breaks": breaks.iter().map(shown::break_json).collect::<Vec<_>>(), "more_breaks": matched.more_breaks,
    })
}

fn text(matched: &Matched, breaks: &[BreakRow]) -> String {
    let row = &matched.statement;
    let known = if matched.is_known {
        format!("the same file was taken on {} by {}: compared again\n", row.imported_at, row.imported_by)
    } else {
        String::new()
    };
    let amount = Micros(row.amount_micros);
    let sum = format!(
        "{} lines of {} to {}: {} messages for {amount} {}\n",
        row.line_count, row.from_day, row.to_day, row.message_count, row.currency
    );
    match breaks {
        [] => format!("{known}{sum}nothing differs\n"),
        rows => format!("{known}{sum}\n{}", shown::breaks_text(rows)),
    }
}
