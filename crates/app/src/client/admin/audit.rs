//! `sambac audit list`: who did what to the platform.

use clap::Args;

use super::list::Page;
use super::thing::table;
use crate::client::{Access, with_parameters};
use crate::exit::Failure;
use crate::output::Output;

/// Which entries.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those whose action begins so: key., config., login.refused …
    #[arg(long)]
    action: Option<String>,
    /// Only those of this actor: "admin key operations".
    #[arg(long)]
    actor: Option<String>,
    /// Only those that concern this account, by its id.
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    access: Access,
}

impl List {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let parameters = [
            ("action", self.action.as_deref()),
            ("actor", self.actor.as_deref()),
            ("account", self.account.as_deref()),
        ];
        let path = with_parameters("/v1/admin/audit", &parameters)?;
        let found = self.access.admin_client()?.get(&self.page.of(&path)).await?;
        output.print(&found, || table(&["number", "at", "actor", "action", "subject", "address"], &found["data"]))
    }
}
