//! The report for people, and the settings as `sambac apply` takes them.

use std::fmt::Write as _;

use sambac_engine::admin::File;
use serde_json::Value;

use crate::client::admin::cell;
use crate::exit::Failure;
use crate::provision::export;

/// The operator and the connector with all that was found. A password is none of it.
pub(super) fn toml(found: &Value) -> Result<String, Failure> {
    let file: File = serde_json::from_value(found["proposal"].clone())?;
    Ok(export::blocks(&file)?)
}

/// Markdown.
pub(super) fn markdown(found: &Value, toml: &str) -> String {
    let [host, system_id, began] = ["host", "system_id", "began_at"].map(|key| cell(&found[key]));
    let mut text = format!("# {host} as {system_id}\n\n{began}\n\n| Check | | Found |\n|---|---|---|\n");
    for one in found["checks"].as_array().into_iter().flatten() {
        let [check, verdict, said] = ["check", "verdict", "found"].map(|key| cell(&one[key]).replace('|', "\\|"));
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {check} | {verdict} | {said} |");
    }
    let _ = write!(text, "\n## Proposed settings\n\n```toml\n{toml}```\n");
    text
}

/// What was found by the first check that ended so.
pub(super) fn first(found: &Value, verdict: &str) -> Option<String> {
    let mut all = found["checks"].as_array().into_iter().flatten();
    let first = all.find(|one| one["verdict"] == verdict)?;
    Some(format!("{}: {}", cell(&first["check"]), cell(&first["found"])))
}
