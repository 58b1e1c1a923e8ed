//! The `sambac` binary: command line, configuration, lifecycle.
//!
//! ```text
//! sambac demo                      # everything in one process, with two simulated operators
//! sambac run --config sambac.toml  # the platform
//! ```

mod audit;
mod bench;
mod binds;
mod cdr;
mod certify;
mod cli;
mod client;
mod config;
mod data_folder;
mod demo;
mod doctor;
mod erase;
mod events;
mod exit;
mod front;
mod ledger;
mod master_key;
mod mirror;
mod output;
mod payments;
mod pdu;
mod platform;
mod provision;
mod queue;
mod reconcile;
mod retention;
mod run;
#[cfg(test)]
mod scratch;
mod shared_limits;
mod signals;
mod simulate;
mod standby;
mod table;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime.map_err(exit::Failure::from).and_then(|runtime| runtime.block_on(cli.run()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            telemetry::complain(&failure);
            failure.code()
        }
    }
}
