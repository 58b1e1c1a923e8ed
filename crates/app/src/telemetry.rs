//! Logs go to standard error, so that standard output holds data only.

use std::io::{IsTerminal as _, Write as _};

use tracing_subscriber::EnvFilter;

use crate::exit::Failure;

/// Libraries that log what they are given, which is numbers of persons, or an error for each answer that is no: what fails is logged here.
const SILENT: &[&str] = &["rlibphonenumber", "lapin"];

/// Starts logging: `level` is a level (`info`) or a filter (`warn,sambac_engine=debug`). Later calls change nothing.
pub(crate) fn start(level: &str, json: bool) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter =
        SILENT.iter().filter_map(|target| format!("{target}=off").parse().ok()).fold(filter, EnvFilter::add_directive);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Fails only when logging was started before.
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

/// Tells the person at the terminal why the command failed.
pub(crate) fn complain(failure: &Failure) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "sambac: {failure}");
}
