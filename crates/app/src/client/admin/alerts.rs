//! The `alerts` command: what a person must know of.

use clap::Args;

use super::thing::table;
use crate::client::Access;
use crate::exit::Failure;
use crate::output::Output;

/// Show what a person must know of; the open ones first.
#[derive(Args, Debug)]
pub(crate) struct Alerts {
    #[command(flatten)]
    access: Access,
}

impl Alerts {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let alerts = self.access.admin_client()?.get("/v1/admin/alerts").await?;
        let columns = ["kind", "subject", "count", "first_at", "last_at", "cleared_at", "text"];
        output.print(&alerts, || table(&columns, &alerts["data"]))
    }
}
