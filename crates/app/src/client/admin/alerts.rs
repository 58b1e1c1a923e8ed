//! The `alerts` command: what a person must know of, and that they do.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::thing::table;
use crate::client::Access;
use crate::exit::Failure;
use crate::output::Output;

const COLUMNS: [&str; 8] = ["kind", "subject", "count", "first_at", "last_at", "acknowledged_by", "cleared_at", "text"];

/// Show what a person must know of, the open ones first; or acknowledge one.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Alerts {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    access: Access,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Say that you know of an open one. What has happened is closed by it; a condition stays open until it is gone.
    Acknowledge(Acknowledge),
}

#[derive(Args, Debug)]
struct Acknowledge {
    /// What it is about, such as connector_refusal.
    kind: String,
    /// What it is of, such as a connector's name.
    subject: String,
    #[command(flatten)]
    access: Access,
}

impl Alerts {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        if let Some(What::Acknowledge(Acknowledge { kind, subject, access })) = self.what {
            let which = json!({ "kind": kind, "subject": subject });
            let alert = access.admin_client()?.post("/v1/admin/alerts/acknowledge", &which).await?;
            return output.print(&alert, || table(&COLUMNS, &Value::Array(vec![alert.clone()])));
        }
        let alerts = self.access.admin_client()?.get("/v1/admin/alerts").await?;
        output.print(&alerts, || table(&COLUMNS, &alerts["data"]))
    }
}
