//! The `connector` command: what is configured of it, how it is, and what a person does to it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::thing::{self, Kind, Named, ThingCommand, cell, table, tried};
use crate::certify::Certify;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::table::Table;

/// Connectors: list, show, create, update, delete; state, start, stop, drain, unbind, release, test-bind, certify, receipt rules.
#[derive(Args, Debug)]
pub(crate) struct ConnectorCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    #[command(flatten)]
    Thing(ThingCommand),
    /// Show how it is, and each of its binds.
    State(Named),
    /// Bind again, whatever stopped it.
    Start(Named),
    /// Unbind, and stay down until it is started, also when the platform starts again.
    Stop(Named),
    /// Take nothing more off the queue, unbind when everything on its way is answered, and stay down.
    Drain(Drain),
    /// Unbind every bind in good order and bind again.
    Unbind(Named),
    /// Give away the segments that wait for it, each to the next connector of its route.
    Release(Release),
    /// Connect and bind once, beside the binds that are up, and tell each step. Exits with 4 when a bind is refused.
    TestBind(Named),
    /// Show what its receipts tell, and the rules for ids under which those would match that match nothing.
    ReceiptRules(Named),
    /// Take a proposed rule into its settings: a version of the configuration. The receipts are tried by it at once.
    ApplyReceiptRule(ApplyRule),
    Certify(Certify),
}

#[derive(Args, Debug)]
struct Drain {
    #[command(flatten)]
    named: Named,
    /// Seconds after which it unbinds all the same.
    #[arg(long, default_value_t = 60)]
    limit_s: u64,
}

#[derive(Args, Debug)]
struct ApplyRule {
    #[command(flatten)]
    named: Named,
    /// The rule, by the name that `receipt-rules` shows.
    rule: String,
    /// Only tell what would change.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args, Debug)]
struct Release {
    #[command(flatten)]
    named: Named,
    /// End those that no other connector takes: they fail, and cost nothing.
    #[arg(long)]
    end: bool,
}

impl ConnectorCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::Thing(thing) => thing.run(Kind::Connector, output).await,
            What::State(named) => {
                let (client, path) = named.find(Kind::Connector).await?;
                let state = client.get(&format!("{path}/state")).await?;
                output.print(&state, || shown(&state))
            }
            What::Start(named) => act(&named, "start", output).await,
            What::Stop(named) => act(&named, "stop", output).await,
            What::Unbind(named) => act(&named, "unbind", output).await,
            What::Drain(Drain { named, limit_s }) => act(&named, &format!("drain?limit_s={limit_s}"), output).await,
            What::Release(Release { named, end }) => release(&named, end, output).await,
            What::TestBind(named) => test_bind(&named, output).await,
            What::ReceiptRules(named) => {
                let (client, path) = named.find(Kind::Connector).await?;
                let rules = client.get(&format!("{path}/receipt-rules")).await?;
                output.print(&rules, || proposed(&rules))
            }
            What::ApplyReceiptRule(ApplyRule { named, rule, dry_run }) => {
                let (client, path) = named.find(Kind::Connector).await?;
                let path = format!("{path}/receipt-rules/{rule}/apply?dry_run={dry_run}");
                let answer = client.post(&path, &Value::Null).await?;
                output.print(&answer, || if dry_run { tried(&answer) } else { thing::shown(&answer) })
            }
            What::Certify(certify) => certify.run(output).await,
        }
    }
}

async fn act(named: &Named, action: &str, output: Output) -> Result<(), Failure> {
    let (client, path) = named.find(Kind::Connector).await?;
    let state = client.post(&format!("{path}/{action}"), &Value::Null).await?;
    output.print(&state, || shown(&state))
}

/// Asks until nothing is left that can go.
async fn release(named: &Named, end: bool, output: Output) -> Result<(), Failure> {
    let (client, path) = named.find(Kind::Connector).await?;
    let (mut moved, mut ended) = (0, 0);
    loop {
        let answer = client.post(&format!("{path}/release?end={end}"), &Value::Null).await?;
        let count = |name: &str| answer[name].as_u64().unwrap_or_default();
        let gone = count("moved") + count("ended");
        (moved, ended) = (moved + count("moved"), ended + count("ended"));
        if answer["more"] == true && gone > 0 {
            continue;
        }
        let total = json!({ "moved": moved, "ended": ended, "kept": count("kept"), "more": answer["more"] });
        return output
            .print(&total, || format!("{moved} wait for other connectors now, {ended} ended, {} stay", count("kept")));
    }
}

async fn test_bind(named: &Named, output: Output) -> Result<(), Failure> {
    let (client, path) = named.find(Kind::Connector).await?;
    let test = client.post(&format!("{path}/test-bind"), &Value::Null).await?;
    output.print(&test, || steps(&test))?;
    if test["bound"] == true {
        return Ok(());
    }
    Err(Failure::because(Exit::Refused, "the operator did not take every bind"))
}

fn shown(state: &Value) -> String {
    let reason = state["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    let head = format!(
        "{} is {}{reason}; {} bound, {} queued\n{}\n\n",
        cell(&state["name"]),
        cell(&state["state"]),
        state["bound"],
        state["queued"],
        asked(state),
    );
    let columns = ["number", "kind", "state", "since", "host", "window", "in_flight", "last_error_at", "last_error"];
    head + &table(&columns, &state["binds"])
}

fn proposed(rules: &Value) -> String {
    let mut head = String::new();
    if let Some(minutes) = rules["utc_offset_minutes"].as_i64() {
        head = format!("dates at UTC{minutes:+} minutes\n");
    }
    if rules["unmapped_states"].as_array().is_some_and(|words| !words.is_empty()) {
        head = format!("{head}states in no table: {}\n", cell(&rules["unmapped_states"]));
    }
    let columns = ["name", "explained", "answer_id", "receipt_message_id", "receipt_id"];
    head + &table(&columns, &rules["proposals"])
}

/// What it is meant to do, which need not be what it does.
fn asked(state: &Value) -> String {
    let asked = format!("asked to be {}", cell(&state["asked"]));
    match state["asked_by"].as_str() {
        Some(by) => format!("{asked} by {by} at {}", cell(&state["asked_at"])),
        None => asked,
    }
}

fn steps(test: &Value) -> String {
    let mut table = Table::new(&["host", "kind", "step", "ms", "result"]);
    for bind in test["data"].as_array().into_iter().flatten() {
        for step in bind["steps"].as_array().into_iter().flatten() {
            let result = format!("{} {}", if step["ok"] == true { "ok" } else { "FAILED" }, cell(&step["text"]));
            table.row([cell(&bind["host"]), cell(&bind["kind"]), cell(&step["name"]), cell(&step["took_ms"]), result]);
        }
    }
    table.to_string()
}
