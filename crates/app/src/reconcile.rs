//! The `reconcile` command: proves that messages, charges, the ledger's postings and CDRs tell of the same, and lists what does not.
//!
//! ```text
//! sambac reconcile --from 2026-11-01 --to 2026-11-30 --page november.html
//! sambac reconcile breaks --state open
//! sambac reconcile supplier --operator alpha --file november.csv
//! sambac reconcile explain no_cdr:acc_…:opr_…:2026-11-26 --reason "restored from the archive"
//! ```
//!
//! What is compared is read in one snapshot and never changed; what differs is kept in the database. It may run while the platform
//! does. Reference: `docs/reference/reconcile.md`.

mod page;
mod shown;
mod supplier;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sambac_domain::Day;
use sambac_engine::audit::Event;
use sambac_engine::clock::Clock;
use sambac_engine::reconcile::{self, Days};
use sambac_store::Store;
use sambac_store::rows::{BreakRow, BreakState};

use crate::config::Flags;
use crate::config::command::load;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::platform;
use crate::provision::author;

/// Breaks that are read at a time.
const PAGE: u32 = 500;

/// Compare messages, charges, postings and CDRs of some days, and list what differs.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ReconcileCommand {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    compare: Compare,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List the breaks that are kept.
    Breaks(ListBreaks),
    /// Say why a break is there.
    Explain(Explain),
    /// Take an operator's statement and compare it with our CDRs.
    Supplier(Box<supplier::Supplier>),
}

#[derive(Args, Debug)]
struct Compare {
    /// The first day of UTC, by the time of the final state; yesterday when it is not given.
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// The last day, included; the first one when it is not given.
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Write a page to read or print, too.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Args, Debug)]
struct ListBreaks {
    /// Only in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Open,
    Explained,
    Gone,
}

#[derive(Args, Debug)]
struct Explain {
    /// Which break.
    id: String,
    /// Why it is there.
    #[arg(long)]
    reason: String,
    /// Who says so.
    #[arg(long, default_value = "command line")]
    by: String,
    #[command(flatten)]
    flags: Flags,
}

impl ReconcileCommand {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            None => self.compare.run(output).await,
            Some(What::Breaks(breaks)) => breaks.run(output).await,
            Some(What::Explain(explain)) => explain.run(output).await,
            Some(What::Supplier(supplier)) => supplier.run(output).await,
        }
    }
}

impl Compare {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let now = Clock::system().now();
        let from = self.from.or(self.to).unwrap_or_else(|| Day::of(now).plus(-1));
        let days =
            Days::new(from, self.to.unwrap_or(from)).map_err(|error| Failure::new(Exit::Configuration, error))?;
        let store = open(&self.flags).await?;
        let done = async {
            let report = reconcile::run(&store, days, now).await?;
            Ok::<_, Failure>((kept(&store, &report.breaks).await?, report))
        };
        let done = done.await;
        store.close().await;
        let (breaks, report) = done?;
        if let Some(path) = &self.page {
            let failed = |error| Failure::because(Exit::Failed, format!("{}: {error}", path.display()));
            std::fs::write(path, page::page(&report, &breaks, now)).map_err(failed)?;
        }
        output.print(&shown::report_json(&report, &breaks), || shown::report_text(&report, &breaks))?;
        match breaks.iter().filter(|row| row.state == BreakState::Open).count().saturating_add(report.more_breaks) {
            0 => Ok(()),
            open => Err(Failure::because(Exit::CheckFailed, format!("{open} breaks are open"))),
        }
    }
}

/// Breaks that were found, with what people have said of them.
async fn kept(store: &Store, found: &[BreakRow]) -> Result<Vec<BreakRow>, Failure> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        rows.extend(store.break_by_id(&row.id).await?);
    }
    Ok(rows)
}

impl ListBreaks {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let state = self.state.map(|state| match state {
            State::Open => BreakState::Open,
            State::Explained => BreakState::Explained,
            State::Gone => BreakState::Gone,
        });
        let store = open(&self.flags).await?;
        let listed = list(&store, state, output).await;
        store.close().await;
        listed
    }
}

async fn list(store: &Store, state: Option<BreakState>, output: Output) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let rows = reconcile::breaks(store, state, &after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.id);
        match output {
            Output::Json => rows.iter().try_for_each(|row| output.print(&shown::break_json(row), String::new))?,
            Output::Table => output.print(&serde_json::Value::Null, || shown::breaks_text(&rows))?,
        }
    }
}

impl Explain {
    async fn run(self, output: Output) -> Result<(), Failure> {
        if self.reason.trim().chars().count() < 3 {
            return Err(Failure::because(Exit::Configuration, "--reason: say why in three characters or more"));
        }
        let (store, now) = (open(&self.flags).await?, Clock::system().now());
        let explained = store.explain_break(&self.id, (&self.reason, &self.by, now)).await;
        let event = Event::new(author(), "reconcile.explained", self.id.as_str())
            .with("by", self.by.as_str())
            .with("reason", self.reason.as_str());
        let kept = match explained {
            Ok(Some(_)) => store.append_audit(&[event.entry(now)]).await.map(drop),
            _ => Ok(()),
        };
        store.close().await;
        kept?;
        let none = || Failure::because(Exit::Refused, format!("there is no break {}, or it is gone", self.id));
        let row = explained?.ok_or_else(none)?;
        output.print(&shown::break_json(&row), || shown::breaks_text(std::slice::from_ref(&row)))
    }
}

async fn open(flags: &Flags) -> Result<Store, Failure> {
    platform::open_existing(&load(flags)?.config).await
}
