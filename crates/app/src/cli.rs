//! The command line: which command, and what applies to all of them.

use clap::{Parser, Subcommand};

use crate::exit::{self, Failure};
use crate::output::Output;
use crate::simulate::command::Simulate;
use crate::telemetry;

/// An OTP and transactional SMS platform: SMPP gateway, REST API, routing and ledger in one process.
#[derive(Parser, Debug)]
#[command(name = "sambac", version, after_help = exit::HELP)]
pub(crate) struct Cli {
    /// How data is printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Simulate(Simulate),
}

impl Cli {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Simulate(simulate) => {
                telemetry::start("warn", false);
                simulate.run(self.output).await
            }
        }
    }
}
