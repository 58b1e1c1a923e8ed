//! The `orphan` command: receipts that match no segment.
//!
//! ```text
//! sambac orphan list --connector alpha-1
//! sambac orphan rematch --connector alpha-1
//! sambac orphan dismiss --connector alpha-1 --until 2026-11-23T10:00:00Z
//! ```

use clap::{Args, Subcommand};
use serde_json::Value;

use super::list::{Page, dismiss, pages};
use super::thing::{Kind, id_of, table};
use crate::client::{Access, Client, with_parameters};
use crate::exit::Failure;
use crate::output::Output;

const PATH: &str = "/v1/admin/orphan-receipts";

/// Receipts that match nothing: list, rematch, dismiss.
#[derive(Args, Debug)]
pub(crate) struct OrphanCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List them, newest first.
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        access: Access,
    },
    /// Try them again: all that are named, or all there are.
    Rematch {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        access: Access,
    },
    /// Take those off the list that have been dealt with: by their ids, or all that the filter names.
    Dismiss {
        /// Ids, as `list` shows them.
        ids: Vec<String>,
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        access: Access,
    },
}

/// Which receipts.
#[derive(Args, Debug)]
struct Filter {
    /// Only from this connector.
    #[arg(long)]
    connector: Option<String>,
    /// Only with this id of the operator's, as it was received.
    #[arg(long)]
    smsc_message_id: Option<String>,
    /// Only with this address, as it was received, on either side.
    #[arg(long)]
    address: Option<String>,
    /// Only those that came then or later: 2026-11-23T10:00:00Z.
    #[arg(long, value_name = "MOMENT")]
    since: Option<String>,
    /// Only those that came before.
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
}

impl OrphanCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::List { filter, page, access } => {
                let client = access.admin_client()?;
                let list = client.get(&page.of(&filter.of(&client, PATH).await?)).await?;
                let columns =
                    ["id", "received_at", "connector", "smsc_message_id", "source", "destination", "state", "error"];
                output.print(&list, || table(&columns, &list["data"]))
            }
            What::Rematch { filter, access } => {
                let client = access.admin_client()?;
                let path = filter.of(&client, &format!("{PATH}/rematch")).await?;
                let done = client.post(&path, &Value::Null).await?;
                output.print(&done, || {
                    format!("{} of {} have matched, {} are left", done["matched"], done["tried"], done["left"])
                })
            }
            What::Dismiss { ids, filter, access } => {
                let client = access.admin_client()?;
                let path = filter.of(&client, PATH).await?;
                let ids = if ids.is_empty() { pages(&client, &path, filter.is_given()).await? } else { ids };
                dismiss(&client, PATH, &ids, output).await
            }
        }
    }
}

impl Filter {
    fn is_given(&self) -> bool {
        let all = [&self.connector, &self.smsc_message_id, &self.address, &self.since, &self.until];
        all.iter().any(|one| one.is_some())
    }

    /// The path with it.
    async fn of(&self, client: &Client, path: &str) -> Result<String, Failure> {
        let connector = match &self.connector {
            Some(name) => Some(id_of(client, Kind::Connector, name).await?),
            None => None,
        };
        let parameters = [
            ("connector", connector.as_deref()),
            ("smsc_message_id", self.smsc_message_id.as_deref()),
            ("address", self.address.as_deref()),
            ("since", self.since.as_deref()),
            ("until", self.until.as_deref()),
        ];
        with_parameters(path, &parameters)
    }
}
