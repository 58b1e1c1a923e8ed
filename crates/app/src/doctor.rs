//! The `doctor` command: looks at everything that the platform stands on (this machine, the data folder, the master key, the
//! database, the brokers, Redis, certificates), names what endangers messages or money, and says what to change. It changes nothing.
//!
//! ```text
//! sambac doctor                       # as `sambac run` would be started
//! sambac --output json doctor         # one line for each finding
//! ```
//!
//! Exit code 7 when something is wrong; a warning alone is none. Reference: `docs/operations/doctor.md`.

mod broker;
mod database;
mod finding;
mod folder;
mod listeners;
mod machine;
mod redis;
mod work;

use clap::Args;
use serde_json::json;

use crate::config::Flags;
use crate::config::command::load;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;
use finding::{Finding, Findings, Verdict};

/// Look at everything that the platform stands on, and say what to change.
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    flags: Flags,
}

impl Doctor {
    /// Looks; changes nothing. It may run beside the platform.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        let mut findings = Findings::default();
        findings.good("configuration", "it can be used");
        machine::look(&mut findings);
        folder::look(&config, &mut findings);
        database::look(&config, &mut findings).await;
        broker::look(&config, &mut findings).await;
        work::look(&config, &mut findings).await;
        redis::look(&config, &mut findings).await;
        listeners::look(&config, &mut findings).await;
        let findings = findings.into_all();
        print(&findings, output)?;
        match findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count() {
            0 => Ok(()),
            count => Err(Failure::because(
                Exit::CheckFailed,
                format!("{count} of {} things must be changed", findings.len()),
            )),
        }
    }
}

fn print(findings: &[Finding], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        for finding in findings {
            let line = json!({
                "check": finding.check,
                "verdict": finding.verdict.word(),
                "found": finding.found,
                "to_do": finding.to_do,
            });
            output.print(&line, String::new)?;
        }
        return Ok(());
    }
    let mut table = Table::new(&["check", "verdict", "found"]);
    for finding in findings {
        table.row([finding.check.to_owned(), finding.verdict.word().to_owned(), finding.found.clone()]);
    }
    let mut text = table.to_string();
    for finding in findings.iter().filter(|finding| !finding.to_do.is_empty()) {
        text.push_str(&format!("\n{} ({}): {}\n", finding.check, finding.verdict.word(), finding.to_do));
    }
    output.print(&serde_json::Value::Null, || text)
}
