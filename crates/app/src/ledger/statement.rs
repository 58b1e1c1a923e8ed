//! `sambac ledger statement` and `trial-balance`: what was in the ledger at any past moment.

use clap::Args;
use sambac_domain::{AccountId, Micros, Timestamp};
use sambac_engine::ledger::{Statement, TrialBalance, statement, trial_balance};
use serde_json::{Value, json};

use super::open;
use crate::config::Flags;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// What moved in an account within a span of time, by kind of posting, with what was there before and after.
#[derive(Args, Debug)]
pub(super) struct ShowStatement {
    /// Whose (acc_…).
    #[arg(long)]
    account: AccountId,
    /// From this moment on, as 2026-11-01 or 2026-11-01T08:00:00Z.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    from: Timestamp,
    /// Before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    to: Timestamp,
    #[command(flatten)]
    flags: Flags,
}

/// What all ledger accounts had before a moment; credits and debits of each currency are the same.
#[derive(Args, Debug)]
pub(super) struct ShowTrialBalance {
    /// The moment, as 2026-11-01 or 2026-11-01T08:00:00Z.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    at: Timestamp,
    #[command(flatten)]
    flags: Flags,
}

impl ShowStatement {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        if self.from >= self.to {
            return Err(Failure::because(Exit::Configuration, "--to must be later than --from".to_owned()));
        }
        let (_, store, _) = open(&self.flags).await?;
        let done = statement(&store, self.account, self.from, self.to).await;
        let known = store.balances_of(self.account).await;
        store.close().await;
        if known?.is_empty() {
            return Err(Failure::because(Exit::Failed, format!("there is no account {}", self.account)));
        }
        let statements = done.map_err(|error| Failure::because(Exit::Failed, error.to_string()))?;
        let shown = json!({
            "account": self.account.to_string(), "from": self.from.rfc3339(), "to": self.to.rfc3339(),
            "balances": statements.iter().map(shown).collect::<Vec<_>>(),
        });
        output.print(&shown, || match statements.as_slice() {
            [] => "nothing has ever moved".to_owned(),
            statements => statements.iter().map(lines).collect::<Vec<_>>().join("\n"),
        })
    }
}

impl ShowTrialBalance {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (_, store, _) = open(&self.flags).await?;
        let done = trial_balance(&store, self.at).await;
        store.close().await;
        let currencies = done.map_err(|error| Failure::because(Exit::Failed, error.to_string()))?;
        let shown = json!({
            "at": self.at.rfc3339(), "currencies": currencies.iter().map(shown_trial).collect::<Vec<_>>(),
        });
        output.print(&shown, || match currencies.as_slice() {
            [] => "nothing had moved by then".to_owned(),
            currencies => currencies.iter().map(trial_lines).collect::<Vec<_>>().join("\n"),
        })?;
        if currencies.iter().all(TrialBalance::is_balanced) {
            return Ok(());
        }
        Err(Failure::because(Exit::Failed, "credits and debits are not the same".to_owned()))
    }
}

fn amount(micros: i64) -> String {
    Micros(micros).to_string()
}

fn shown(one: &Statement) -> Value {
    let line = |line: &sambac_store::StatementLine| {
        json!({
            "kind": line.kind.as_str(), "credit": amount(line.credit_micros), "debit": amount(line.debit_micros),
            "postings": line.postings,
        })
    };
    json!({
        "balance": one.balance.as_str(), "currency": one.currency.as_str(), "opening": amount(one.opening_micros),
        "closing": amount(one.closing_micros), "lines": one.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn lines(one: &Statement) -> String {
    let Statement { balance, currency, opening_micros, closing_micros, lines } = one;
    let mut text = format!("{} {currency}\n  opening {:>24}", balance.as_str(), amount(*opening_micros));
    for line in lines {
        let (credit, debit) = (amount(line.credit_micros), amount(line.debit_micros));
        let (kind, postings) = (line.kind.as_str(), line.postings);
        text.push_str(&format!("\n  {kind:8} +{credit:>15} -{debit:>15}  {postings} postings"));
    }
    text.push_str(&format!("\n  closing {:>24}", amount(*closing_micros)));
    text
}

fn shown_trial(one: &TrialBalance) -> Value {
    let line = |line: &sambac_store::TrialLine| {
        json!({
            "balance": line.balance.as_str(), "accounts": line.accounts, "credit": amount(line.credit_micros),
            "debit": amount(line.debit_micros),
        })
    };
    json!({
        "currency": one.currency.as_str(), "credit": amount(one.credit_micros), "debit": amount(one.debit_micros),
        "balanced": one.is_balanced(), "lines": one.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn trial_lines(one: &TrialBalance) -> String {
    let mut text = format!("{}", one.currency);
    for line in &one.lines {
        let (credit, debit) = (amount(line.credit_micros), amount(line.debit_micros));
        let (balance, accounts) = (line.balance.as_str(), line.accounts);
        text.push_str(&format!("\n  {balance:14} credit {credit:>18}  debit {debit:>18}  {accounts} accounts"));
    }
    let (credit, debit) = (amount(one.credit_micros), amount(one.debit_micros));
    text.push_str(&format!("\n  {:14} credit {credit:>18}  debit {debit:>18}", "together"));
    text
}

/// A moment, or the begin of a day (UTC).
fn moment(text: &str) -> Result<Timestamp, String> {
    let midnight = || text.parse::<jiff::civil::Date>().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC));
    let moment = text.parse::<jiff::Timestamp>().or_else(|_| midnight().map(|day| day.timestamp()));
    let moment =
        moment.map_err(|_| "must be a moment like 2026-11-01T08:00:00Z or a day like 2026-11-01".to_owned())?;
    Ok(Timestamp(moment.as_microsecond()))
}
