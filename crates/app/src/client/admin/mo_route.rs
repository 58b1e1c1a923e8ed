//! The `mo-route` command: who gets messages from handsets, and whether they can take them now.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::thing::{Kind, Named, ThingCommand, cell, table};
use crate::exit::Failure;
use crate::output::Output;

/// Routes of messages from handsets: list, show, create, update, delete; state.
#[derive(Args, Debug)]
pub(crate) struct MoRouteCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    #[command(flatten)]
    Thing(ThingCommand),
    /// Show whether each of its targets can take a message, and how many wait for it.
    State(Named),
}

impl MoRouteCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::Thing(thing) => thing.run(Kind::MoRoute, output).await,
            What::State(named) => {
                let (client, path) = named.find(Kind::MoRoute).await?;
                let state = client.get(&format!("{path}/state")).await?;
                output.print(&state, || shown(&state))
            }
        }
    }
}

fn shown(state: &Value) -> String {
    let word = if state["enabled"] == true { "enabled" } else { "disabled" };
    let targets = table(&["kind", "name", "state", "waiting", "id"], &state["targets"]);
    format!("{} is {word}\n\n{targets}", cell(&state["name"]))
}
