//! The `ledger` command: proves that no row of money was changed behind the platform's back, and that all of it adds up.
//!
//! ```text
//! sambac ledger head > /elsewhere/heads      # keep where the chains end, outside of the database
//! sambac ledger verify --head "$(cat /elsewhere/heads)"
//! sambac ledger check
//! ```
//!
//! It needs the master key, reads only, and may run while the platform does. Reference: `docs/reference/ledger.md`.

mod statement;

use std::io::Write as _;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use sambac_domain::ledger::check;
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_store::chain::{Report, Verified};
use sambac_store::{Head, Store};
use serde_json::{Value, json};

use crate::config::command::load;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{master_key, platform, retention};

/// How often it is told how far the verification is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// Prove that the ledger is what was written, and that it adds up.
#[derive(Args, Debug)]
pub(crate) struct LedgerCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Compare every posting, charge, hold, ledger command and CDR with the chain of blocks, and name each that differs.
    Verify(Verify),
    /// Print where the chains end, to be kept outside of the database.
    Head(ShowHead),
    /// Add everything up: balances, postings, charges, holds and limits.
    Check(Check),
    Statement(statement::ShowStatement),
    TrialBalance(statement::ShowTrialBalance),
}

#[derive(Args, Debug)]
struct Verify {
    /// Heads that were kept, as `sambac ledger head` prints them: the chains must still have them. Without one, an end that
    /// was cut off is not noticed.
    #[arg(long = "head", value_name = "HEAD")]
    heads: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Args, Debug)]
struct ShowHead {
    #[command(flatten)]
    flags: Flags,
}

#[derive(Args, Debug)]
struct Check {
    #[command(flatten)]
    flags: Flags,
}

impl LedgerCommand {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::Verify(verify) => verify.run(output).await,
            What::Head(head) => head.run(output).await,
            What::Check(check) => check.run(output).await,
            What::Statement(statement) => statement.run(output).await,
            What::TrialBalance(trial) => trial.run(output).await,
        }
    }
}

impl Verify {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let kept = kept(&self.heads)?;
        let (config, store, seal) = open(&self.flags).await?;
        let mut files = retention::folder(&config).cdrs();
        let mut told = Telling { output, last: Instant::now(), failed: None };
        let verified =
            store.verify_ledger(&seal.chain_key(), &kept, &mut files, &mut |report| told.tell(&report)).await;
        store.close().await;
        let verified = verified?;
        if let Some(failure) = told.failed {
            return Err(failure);
        }
        output.print(&summary(&verified), || summary_text(&verified))?;
        match verified.findings {
            0 => Ok(()),
            findings => Err(Failure::because(Exit::Failed, format!("{findings} rows are not what was sealed"))),
        }
    }
}

impl ShowHead {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let (_, store, _) = open(&self.flags).await?;
        let heads = store.ledger_heads().await;
        store.close().await;
        let heads: Vec<_> = heads?.iter().map(ToString::to_string).collect();
        output.print(&json!({ "heads": heads }), || heads.join("\n"))
    }
}

impl Check {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let (config, store, _) = open(&self.flags).await?;
        let grace = Duration::from_secs(config.limits.receipt_grace_s);
        let trial = store.trial(Clock::system().now().saturating_sub(grace)).await;
        store.close().await;
        let breaches: Vec<_> = check(&trial?).iter().map(ToString::to_string).collect();
        output.print(&json!({ "balanced": breaches.is_empty(), "breaches": breaches }), || match breaches.len() {
            0 => "everything adds up".to_owned(),
            _ => breaches.join("\n"),
        })?;
        match breaches.len() {
            0 => Ok(()),
            count => Err(Failure::because(Exit::Failed, format!("{count} sums are wrong"))),
        }
    }
}

async fn open(flags: &Flags) -> Result<(Config, Store, Seal), Failure> {
    let config = load(flags)?.config;
    let store = platform::open_existing(&config).await?;
    let seal = master_key::open(&config, &store).await?;
    Ok((config, store, seal))
}

/// Several may be given at once, one on each line.
fn kept(given: &[String]) -> Result<Vec<Head>, Failure> {
    let heads = given.iter().flat_map(|text| text.split_whitespace()).map(|text| {
        text.parse::<Head>().map_err(|error| Failure::because(Exit::Configuration, format!("{text}: {error}")))
    });
    heads.collect()
}

/// Prints findings as they come, and now and then how far it is.
struct Telling {
    output: Output,
    last: Instant,
    failed: Option<Failure>,
}

impl Telling {
    fn tell(&mut self, report: &Report<'_>) {
        match report {
            Report::Found(finding) => {
                let json =
                    json!({ "table": finding.table, "id": finding.id.to_string(), "finding": finding.to_string() });
                if let Err(failure) = self.output.print(&json, || finding.to_string()) {
                    self.failed.get_or_insert(failure);
                }
            }
            Report::Progress { blocks, blocks_total, rows } if self.last.elapsed() >= PROGRESS_INTERVAL => {
                self.last = Instant::now();
                // Nobody is left to tell when standard error is closed.
                let _ = writeln!(std::io::stderr(), "{blocks} of {blocks_total} blocks, {rows} rows");
            }
            Report::Progress { .. } => {}
        }
    }
}

fn summary(verified: &Verified) -> Value {
    let heads: Vec<_> = verified.heads.iter().map(ToString::to_string).collect();
    json!({
        "verified": verified.findings == 0, "blocks": verified.blocks, "rows": verified.rows,
        "findings": verified.findings, "before_the_chain": verified.before, "heads": heads,
    })
}

fn summary_text(verified: &Verified) -> String {
    let Verified { blocks, rows, findings, before, .. } = verified;
    let mut text = format!("{blocks} blocks and {rows} rows compared, {findings} differ");
    if *before > 0 {
        text.push_str(&format!("; {before} rows are from before the chain, and nothing vouches for them"));
    }
    verified.heads.iter().for_each(|head| text.push_str(&format!("\nhead {head}")));
    text
}
