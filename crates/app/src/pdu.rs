//! The `pdu` command: the platform's log of PDUs, from outside.
//!
//! ```text
//! sambac pdu list --message msg_…          # all that was said about one message, on both sides
//! sambac pdu tail --connector alpha --hex  # as it goes by
//! sambac pdu export --pcap alpha.pcap --connector alpha
//! ```

pub(crate) mod services;
mod shown;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::Output;
use services::Services;

/// See the PDUs of every session: list, follow, export. Texts and whole numbers are masked.
#[derive(Args, Debug)]
pub(crate) struct Pdu {
    #[command(subcommand)]
    command: PduCommand,
}

#[derive(Subcommand, Debug)]
enum PduCommand {
    /// Print what the log has.
    List(List),
    /// Print what goes by, until Ctrl-C.
    Tail(Tail),
    /// Write what the log has as a capture for Wireshark.
    Export(Export),
    /// Have texts and whole numbers kept and shown for a time, where the configuration allows it.
    Reveal(Reveal),
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    services: Services,
    #[command(flatten)]
    filter: Filter,
    /// Records at most, the last ones.
    #[arg(long, default_value_t = 200)]
    limit: u32,
    /// With the octets beside the fields.
    #[arg(long)]
    hex: bool,
}

#[derive(Args, Debug)]
struct Tail {
    #[command(flatten)]
    services: Services,
    #[command(flatten)]
    filter: Filter,
    /// With the octets beside the fields.
    #[arg(long)]
    hex: bool,
}

#[derive(Args, Debug)]
struct Export {
    #[command(flatten)]
    services: Services,
    #[command(flatten)]
    filter: Filter,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pcap: PathBuf,
}

#[derive(Args, Debug)]
struct Reveal {
    #[command(flatten)]
    services: Services,
    /// For so long; 0 ends it.
    #[arg(long)]
    seconds: u64,
}

/// Which PDUs; what is not given does not matter.
#[derive(Args, Debug)]
struct Filter {
    /// Sessions of this connector.
    #[arg(long)]
    connector: Option<String>,
    /// Sessions of clients with this system_id.
    #[arg(long)]
    system_id: Option<String>,
    /// The session of this number.
    #[arg(long)]
    session: Option<u64>,
    /// All about this message of ours (msg_…): submitted, answered, receipts, on both sides.
    #[arg(long)]
    message: Option<String>,
    /// All about the message to which the operator gave this id.
    #[arg(long)]
    smsc_message_id: Option<String>,
    /// submit_sm, deliver_sm_resp …, or a number.
    #[arg(long)]
    command: Option<String>,
    /// ESME_RTHROTTLED, RTHROTTLED, 0x58 …
    #[arg(long)]
    status: Option<String>,
    /// PDUs with this sequence number.
    #[arg(long)]
    sequence: Option<u32>,
}

impl Filter {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let all = [
            ("connector", self.connector.clone()),
            ("system_id", self.system_id.clone()),
            ("session", number(self.session)),
            ("message", self.message.clone()),
            ("smsc_message_id", self.smsc_message_id.clone()),
            ("command", self.command.clone()),
            ("status", self.status.clone()),
            ("sequence", number(self.sequence.map(u64::from))),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl Pdu {
    /// Does what is asked.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.command {
            PduCommand::List(list) => list.run(output).await,
            PduCommand::Tail(tail) => tail.run(output).await,
            PduCommand::Export(export) => export.run(output).await,
            PduCommand::Reveal(reveal) => reveal.run(output).await,
        }
    }
}

impl List {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let mut parameters = self.filter.parameters();
        parameters.push(("limit", self.limit.to_string()));
        let page: Value = self.services.get("/pdus", &parameters).await?.json().await?;
        for line in page["data"].as_array().map_or(&[][..], Vec::as_slice) {
            output.print(line, || shown::line(line, self.hex))?;
        }
        Ok(())
    }
}

impl Tail {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let mut response = self.services.get("/pdus/tail", &self.filter.parameters()).await?;
        if output == Output::Json {
            // Programs need to know from when on they miss nothing.
            output.print(&json!({"following": true}), String::new)?;
        }
        let mut buffer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                if let Ok(line) = serde_json::from_slice::<Value>(&line) {
                    output.print(&line, || shown::line(&line, self.hex))?;
                }
            }
        }
        Ok(())
    }
}

impl Export {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let file = self.services.get("/pdus/capture", &self.filter.parameters()).await?.bytes().await?;
        std::fs::write(&self.pcap, &file).with_context(|| format!("cannot write {}", self.pcap.display()))?;
        let path = self.pcap.display().to_string();
        output.print(&json!({"file": path, "octets": file.len()}), || format!("{} octets in {path}", file.len()))
    }
}

impl Reveal {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let answer = self.services.post("/pdus/reveal", &json!({"seconds": self.seconds})).await?;
        let until = answer["revealed_until"].as_str().unwrap_or_default();
        output.print(&answer, || format!("texts and numbers are shown until {until}"))
    }
}
