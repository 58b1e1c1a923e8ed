//! The `catalogue` command: what the platform takes networks and numbers for, and who says so.
//!
//! ```text
//! sambac catalogue list --country DE
//! sambac catalogue number +447700900123
//! ```

use clap::{Args, Subcommand};

use super::thing::{shown, table};
use crate::client::Access;
use crate::exit::Failure;
use crate::output::Output;

const COLUMNS: &[&str] = &["mcc_mnc", "country", "operator", "operator_group", "source", "as_of"];

/// Networks and numbers as the platform knows them: list, number.
#[derive(Args, Debug)]
pub(crate) struct CatalogueCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// List the networks of a country.
    List(Listed),
    /// Tell where a number belongs, as far as its first digits say.
    Number(Number),
}

#[derive(Args, Debug)]
struct Listed {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    access: Access,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Of {
    /// Of a country, by its ISO 3166 code.
    #[arg(long)]
    country: Option<String>,
    /// Of a mobile country code.
    #[arg(long)]
    mcc: Option<String>,
}

#[derive(Args, Debug)]
struct Number {
    /// An international number, with or without the plus.
    number: String,
    #[command(flatten)]
    access: Access,
}

impl CatalogueCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            What::List(Listed { of, access }) => {
                let filter = match (of.country, of.mcc) {
                    (Some(country), _) => format!("country={country}"),
                    (None, mcc) => format!("mcc={}", mcc.unwrap_or_default()),
                };
                let list = access.admin_client()?.get(&format!("/v1/admin/catalogue/networks?{filter}")).await?;
                output.print(&list, || table(COLUMNS, &list["data"]))
            }
            What::Number(Number { number, access }) => {
                let digits = number.trim_start_matches('+');
                let known = access.admin_client()?.get(&format!("/v1/admin/catalogue/numbers/{digits}")).await?;
                output.print(&known, || shown(&known))
            }
        }
    }
}
