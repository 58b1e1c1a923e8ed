//! The `payment` command: bank transfers, booked with reason and reference, large ones with four eyes.
//!
//! ```text
//! sambac payment transfer bank --amount 250 --reference INV-1042 --reason "statement of 26 November"
//! sambac payment list --state open
//! sambac payment approve pay_01h2xcejqtf2n --reason "seen on the statement"
//! ```

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::list::Page;
use super::thing::{self, Kind, id_of, table};
use crate::client::{Access, with_parameters};
use crate::exit::Failure;
use crate::output::Output;

const PATH: &str = "/v1/admin/transfers";

/// Bank transfers: book, approve, refuse, list, show.
#[derive(Args, Debug)]
pub(crate) struct PaymentCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Book a bank transfer; above the limit for one administrator it waits for another one's approval.
    Transfer(Transfer),
    /// Approve one that another administrator has asked for; it is booked with that.
    Approve(Decision),
    /// Refuse one.
    Refuse(Decision),
    /// List them, newest first.
    List {
        /// Only in this state: open, approved, booked, refused, expired.
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        access: Access,
    },
    /// Show one, with who did what, when and why.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        access: Access,
    },
}

#[derive(Args, Debug)]
struct Transfer {
    /// The account, by name or id.
    account: String,
    /// How much, in the account's currency.
    #[arg(long)]
    amount: String,
    /// Refuse when the account pays in another one.
    #[arg(long)]
    currency: Option<String>,
    /// The bank's reference; one of an account is booked once.
    #[arg(long)]
    reference: String,
    /// Why it is booked.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
struct Decision {
    /// Its id.
    id: String,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    access: Access,
}

impl PaymentCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let transfer = match self.what {
            What::Transfer(transfer) => transfer.book().await?,
            What::Approve(decision) => decision.decide("approve").await?,
            What::Refuse(decision) => decision.decide("refuse").await?,
            What::Show { id, access } => access.admin_client()?.get(&format!("{PATH}/{id}")).await?,
            What::List { state, page, access } => return list(state.as_deref(), &page, &access, output).await,
        };
        output.print(&transfer, || thing::shown(&transfer))
    }
}

impl Transfer {
    async fn book(self) -> Result<Value, Failure> {
        let client = self.access.admin_client()?;
        let account = match self.account.starts_with("acc_") {
            true => self.account,
            false => id_of(&client, Kind::Account, &self.account).await?,
        };
        let mut wanted = json!({
            "account": account, "amount": self.amount, "reference": self.reference, "reason": self.reason,
        });
        if let Some(currency) = self.currency {
            wanted["currency"] = json!(currency);
        }
        client.post(PATH, &wanted).await
    }
}

impl Decision {
    async fn decide(self, verb: &str) -> Result<Value, Failure> {
        let path = format!("{PATH}/{}/{verb}", self.id);
        self.access.admin_client()?.post(&path, &json!({ "reason": self.reason })).await
    }
}

async fn list(state: Option<&str>, page: &Page, access: &Access, output: Output) -> Result<(), Failure> {
    let client = access.admin_client()?;
    let found = client.get(&page.of(&with_parameters(PATH, &[("state", state)])?)).await?;
    let columns = ["id", "state", "amount", "currency", "reference", "asked_by", "decided_by"];
    output.print(&found, || table(&columns, &found["data"]))
}
