//! Long lists from the shell: a page of one, all of it, and what is taken off it.

use clap::Args;
use serde_json::{Value, json};

use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Entries read or dismissed at once.
const PAGE: usize = 200;

/// Which page of a list.
#[derive(Args, Debug)]
pub(super) struct Page {
    /// How many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// The `next_cursor` of the page before.
    #[arg(long)]
    cursor: Option<String>,
}

impl Page {
    /// The path of a list with it.
    pub(super) fn of(&self, path: &str) -> String {
        let joint = joint(path);
        let cursor = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        format!("{path}{joint}limit={}{cursor}", self.limit)
    }
}

/// The ids of all that a filter names. Nothing named is not everything: that is refused.
pub(super) async fn pages(client: &Client, path: &str, is_named: bool) -> Result<Vec<String>, Failure> {
    if !is_named {
        return Err(Failure::because(
            Exit::Configuration,
            "nothing is named: give ids, or say which by --connector and so on",
        ));
    }
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let list = client.get(&format!("{path}{}limit={PAGE}{cursor}", joint(path))).await?;
        let page = list["data"].as_array().into_iter().flatten();
        ids.extend(page.filter_map(|entry| entry["id"].as_str().map(str::to_owned)));
        match list["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(ids),
        }
    }
}

/// Takes entries off the list at `path`.
pub(super) async fn dismiss(client: &Client, path: &str, ids: &[String], output: Output) -> Result<(), Failure> {
    let mut dismissed = 0;
    for some in ids.chunks(PAGE) {
        let done = client.post(&format!("{path}/dismiss"), &json!({ "ids": some })).await?;
        dismissed += done["dismissed"].as_u64().unwrap_or_default();
    }
    let done: Value = json!({ "dismissed": dismissed });
    output.print(&done, || format!("{dismissed} are dismissed"))
}

fn joint(path: &str) -> char {
    if path.contains('?') { '&' } else { '?' }
}
