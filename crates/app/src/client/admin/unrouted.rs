//! The `unrouted` command: messages from handsets that no route took.
//!
//! ```text
//! sambac unrouted list --to 12345
//! sambac mo-route create --set name=code --set account=bank --set position=1 --set 'targets=[{"smpp":"bank"}]'
//! sambac unrouted route --to 12345
//! ```

use clap::{Args, Subcommand};
use serde_json::Value;

use super::list::{Page, dismiss, pages};
use super::thing::{Kind, id_of, table};
use crate::client::{Access, Client, with_parameters};
use crate::exit::Failure;
use crate::output::Output;

const PATH: &str = "/v1/admin/unrouted-messages";

/// Messages from handsets that no route took: list, route, dismiss.
#[derive(Args, Debug)]
pub(crate) struct UnroutedCommand {
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
    /// Give them to the routes of now: all that are named, or all there are.
    Route {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        access: Access,
    },
    /// Take those off the list that have been dealt with, by their ids, or all that the filter names. Their text is wiped.
    Dismiss {
        /// Ids, as `list` shows them.
        ids: Vec<String>,
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        access: Access,
    },
}

/// Which messages.
#[derive(Args, Debug)]
struct Filter {
    /// Only those that came by this connector.
    #[arg(long)]
    connector: Option<String>,
    /// Only from this handset.
    #[arg(long)]
    from: Option<String>,
    /// Only to this number or short code.
    #[arg(long)]
    to: Option<String>,
}

impl UnroutedCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::List { filter, page, access } => {
                let client = access.admin_client()?;
                let list = client.get(&page.of(&filter.of(&client, PATH).await?)).await?;
                let columns = ["id", "received_at", "connector", "from", "to", "segments", "complete"];
                output.print(&list, || table(&columns, &list["data"]))
            }
            What::Route { filter, access } => {
                let client = access.admin_client()?;
                let path = filter.of(&client, &format!("{PATH}/route")).await?;
                let done = client.post(&path, &Value::Null).await?;
                output.print(&done, || format!("{} are on their way, {} are left", done["routed"], done["left"]))
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
        [&self.connector, &self.from, &self.to].iter().any(|one| one.is_some())
    }

    /// The path with it.
    async fn of(&self, client: &Client, path: &str) -> Result<String, Failure> {
        let connector = match &self.connector {
            Some(name) => Some(id_of(client, Kind::Connector, name).await?),
            None => None,
        };
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        with_parameters(path, &[("connector", connector.as_deref()), ("from", from), ("to", to)])
    }
}
