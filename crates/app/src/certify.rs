//! `sambac connector certify`: runs a checklist against an SMSC, and proposes the settings of its connector.
//!
//! It sends real messages, to the numbers it is given only, and no more than it may. What a handset shows cannot be seen from
//! here; where the peer sends messages back (our simulator's `[echo]`, a test number that answers), the alphabet is seen too.
//!
//! ```text
//! SAMBAC_CERTIFY_PASSWORD=… sambac connector certify smsc.example:2775 --system-id bank --to +999000000000 --report alpha.md
//! ```

mod check;
mod ids;
mod peer;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sambac_domain::number;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use check::Checklist;

/// Try an SMSC out and propose the settings of its connector. Sends real messages to the test numbers given.
#[derive(Args, Clone, Debug)]
pub(crate) struct Certify {
    /// The SMSC, as host:port.
    #[arg(value_name = "HOST:PORT")]
    address: String,
    /// Who binds.
    #[arg(long)]
    system_id: String,
    /// With which password; best given by the environment.
    #[arg(long, env = "SAMBAC_CERTIFY_PASSWORD", hide_env_values = true)]
    password: String,
    /// A test number; the only ones that are sent to. May be given more than once.
    #[arg(long = "to", required = true)]
    numbers: Vec<String>,
    /// What the messages come from.
    #[arg(long, default_value = "Sambac")]
    from: String,
    /// Messages sent at most.
    #[arg(long, default_value_t = 60)]
    messages_max: u32,
    /// Seconds that all of it may take.
    #[arg(long, default_value_t = 120)]
    seconds_max: u64,
    /// Seconds to wait for a receipt or an answer from a handset.
    #[arg(long, default_value_t = 10)]
    receipt_wait_s: u64,
    /// Write the report for people here (Markdown).
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The name of the connector in the proposed settings.
    #[arg(long, default_value = "certified")]
    name: String,
}

impl Certify {
    /// Tries the SMSC out and tells what was found.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let numbers = self.numbers.iter().map(|number| number::parse(number, None));
        let numbers =
            numbers.collect::<Result<Vec<_>, _>>().map_err(|error| Failure::new(Exit::Configuration, error))?;
        let limit = Duration::from_secs(self.seconds_max);
        let mut checklist = Checklist::new(self.clone(), numbers);
        let in_time = tokio::time::timeout(limit, checklist.run()).await;
        match in_time {
            Ok(done) => done?,
            Err(_) => checklist.findings.note("time", false, format!("not all was tried within {limit:?}")),
        }
        let findings = checklist.findings;
        let report = report::markdown(&self, &findings);
        if let Some(path) = &self.report {
            std::fs::write(path, &report).with_context(|| format!("cannot write {}", path.display()))?;
        }
        output.print(&report::json(&self, &findings), || report)
    }
}
