//! The `queue` command: what lies in the broker, and making its queues anew.
//!
//! ```text
//! sambac queue show
//! sambac queue rebuild
//! ```

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sambac_bus::work::QueueCounts;
use sambac_engine::work::{WorkSettings, ask_rebuild};
use serde_json::json;

use super::{connect, connectors, names, settings};
use crate::config::command::load;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::platform;
use crate::table::Table;

/// The queues by which work goes to other nodes.
#[derive(Args, Debug)]
pub(crate) struct QueueCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// What waits in each queue, and who takes from it.
    Show {
        #[command(flatten)]
        flags: Flags,
    },
    /// Have the node with the ledger empty the queues of segments and publish everything anew that has no answer. Nothing is sent twice by it.
    Rebuild {
        #[command(flatten)]
        flags: Flags,
    },
}

impl QueueCommand {
    /// Does it.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let (What::Show { flags } | What::Rebuild { flags }) = &self.what;
        let config = load(flags)?.config;
        let none =
            || Failure::because(Exit::Configuration, "no work goes to other nodes: queue.url is not set".to_owned());
        let work = settings(&config)?.ok_or_else(none)?;
        match self.what {
            What::Show { .. } => show(&config, work, output).await,
            What::Rebuild { .. } => rebuild(&config, output).await,
        }
    }
}

async fn show(config: &Config, work: WorkSettings, output: Output) -> Result<(), Failure> {
    let connectors = connectors(config).await?;
    let broker = connect(&work, "sambac queue show").await.context("the broker cannot be reached")?;
    let mut table = Table::new(&["of", "queue", "messages", "consumers"]);
    for (of, queue) in names(&work.queues, &connectors) {
        let counts = broker.counts(&queue).await.context("the broker does not say what it has")?;
        let QueueCounts { messages, consumers } = counts.unwrap_or_default();
        if output == Output::Json {
            let there = counts.is_some();
            let line =
                json!({ "of": of, "queue": queue, "there": there, "messages": messages, "consumers": consumers });
            output.print(&line, String::new)?;
        }
        table.row([of, queue, messages.to_string(), consumers.to_string()]);
    }
    broker.close().await;
    if output == Output::Json { Ok(()) } else { output.print(&serde_json::Value::Null, || table.to_string()) }
}

async fn rebuild(config: &Config, output: Output) -> Result<(), Failure> {
    let store = platform::open_existing(config).await?;
    ask_rebuild(&store, "the command line").await.context("it was not asked for")?;
    store.close().await;
    output.print(&json!({ "asked": true }), || {
        "asked: the node with the ledger makes the queues anew within a few seconds, and its log says so".to_owned()
    })
}
