//! The `cdr` command: records of what was sent, from a running platform into a file; and days of them between table and archive.
//!
//! ```text
//! sambac cdr export november.parquet --from 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z
//! sambac cdr export - --account acc_… --state expired | head
//! ```
//!
//! Reference: `docs/reference/cdr.md`.

mod archive;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Response;
use sambac_engine::private_file;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::pdu::services::Services;

/// See what was sent, how it ended, and what it cost.
#[derive(Args, Debug)]
pub(crate) struct CdrCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Write the records to a file: Parquet when its name ends so, CSV otherwise.
    Export(Box<Export>),
    Archive(archive::Move),
    Restore(archive::Restore),
    List(archive::List),
}

#[derive(Args, Debug)]
struct Export {
    /// Where to; `-` is the standard output.
    file: PathBuf,
    #[command(flatten)]
    services: Services,
    /// Only of this account (acc_…).
    #[arg(long)]
    account: Option<String>,
    /// Only of messages accepted then or later.
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Only of messages accepted before.
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
    /// Only of this operator (opr_…).
    #[arg(long)]
    operator: Option<String>,
    /// Only by this connector (con_…).
    #[arg(long)]
    connector: Option<String>,
    /// Only to this network, by MCC and MNC, or to a country, by MCC.
    #[arg(long)]
    network: Option<String>,
    /// Only those that ended so.
    #[arg(long)]
    state: Option<String>,
    /// Only from this sender.
    #[arg(long)]
    sender: Option<String>,
    /// Only those whose price has become this: captured, voided, held.
    #[arg(long)]
    charge: Option<String>,
    /// Only to numbers that begin with these digits.
    #[arg(long)]
    to_prefix: Option<String>,
}

impl CdrCommand {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::Export(export) => export.run(output).await,
            What::Archive(what) => what.run(output).await,
            What::Restore(what) => what.run(output).await,
            What::List(list) => list.run(output).await,
        }
    }
}

impl Export {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let is_parquet = self.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
        let answer = self.services.get_with_key("/cdr", &self.parameters(is_parquet)).await?;
        if self.file.as_os_str() == "-" {
            return print(answer).await;
        }
        let octets = write(&self.file, answer).await?;
        let path = self.file.display().to_string();
        output.print(&json!({ "file": path, "octets": octets }), || format!("{octets} octets written to {path}"))
    }

    fn parameters(&self, is_parquet: bool) -> Vec<(&'static str, String)> {
        let all = [
            ("account", &self.account),
            ("from", &self.from),
            ("until", &self.until),
            ("operator", &self.operator),
            ("connector", &self.connector),
            ("network", &self.network),
            ("state", &self.state),
            ("sender", &self.sender),
            ("charge", &self.charge),
            ("to_prefix", &self.to_prefix),
        ];
        let kind = if is_parquet { "parquet" } else { "csv" };
        let given = all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        given.chain([("format", kind.to_owned())]).collect()
    }
}

/// To a file of its owner's only, which has its name when it is whole.
async fn write(path: &Path, mut answer: Response) -> Result<u64, Failure> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |error: std::io::Error| Failure::because(Exit::Failed, format!("{}: {error}", path.display()));
    private_file::replace(&part, b"").map_err(failed)?;
    let mut file = std::fs::OpenOptions::new().append(true).open(&part).map_err(failed)?;
    let mut octets = 0;
    while let Some(chunk) = answer.chunk().await.context(BROKEN_OFF)? {
        file.write_all(&chunk).map_err(failed)?;
        octets += chunk.len() as u64;
    }
    file.sync_all().and_then(|()| std::fs::rename(&part, path)).map_err(failed)?;
    Ok(octets)
}

async fn print(mut answer: Response) -> Result<(), Failure> {
    while let Some(chunk) = answer.chunk().await.context(BROKEN_OFF)? {
        let mut out = std::io::stdout().lock();
        match out.write_all(&chunk).and_then(|()| out.flush()) {
            // Who reads has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

const BROKEN_OFF: &str = "the platform broke the answer off; what came is not all";
