//! The admin API from the shell: things of the configuration, connectors that run, versions, alerts.
//!
//! ```text
//! sambac connector list
//! sambac connector update alpha-1 --set port=2776 --set settings.session.enquire_link_s=60
//! sambac connector drain alpha-1
//! sambac versions rollback 17
//! ```
//!
//! The admin key is taken from the environment (`SAMBAC_ADMIN_KEY`) or the file of [`super::Access`], never from an argument.

mod alerts;
pub(crate) mod audit;
mod catalogue;
mod connector;
mod fields;
mod key;
mod list;
mod mo_route;
mod orphan;
mod payment;
mod prices;
mod thing;
mod unrouted;
mod user;
mod versions;

use clap::{Args, Subcommand};

pub(crate) use alerts::Alerts;
pub(crate) use catalogue::CatalogueCommand;
pub(crate) use connector::ConnectorCommand;
pub(crate) use key::KeyCommand;
pub(crate) use mo_route::MoRouteCommand;
pub(crate) use orphan::OrphanCommand;
pub(crate) use payment::PaymentCommand;
pub(crate) use prices::{CostCommand, TariffCommand};
pub(crate) use unrouted::UnroutedCommand;
pub(crate) use user::UserCommand;
pub(crate) use versions::VersionsCommand;

use crate::exit::Failure;
use crate::output::Output;
use thing::{Kind, ThingCommand};

pub(crate) use thing::cell;

/// Declares a command for a kind of thing that has nothing but its document.
macro_rules! things {
    ($($(#[$doc:meta])* $name:ident $kind:ident;)+) => {$(
        #[derive(Args, Debug)]
        $(#[$doc])*
        pub(crate) struct $name {
            #[command(subcommand)]
            what: ThingCommand,
        }

        impl $name {
            /// Asks the platform and prints.
            pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
                self.what.run(Kind::$kind, output).await
            }
        }
    )+};
}

things! {
    /// Operators: list, show, create, update, delete.
    OperatorCommand Operator;
    /// What people know better of networks: list, show, create, update, delete.
    NetworkCommand Network;
    /// What people know better of whose numbers begin how: list, show, create, update, delete.
    NumberPrefixCommand NumberPrefix;
    /// Networks that belong together, which price sheets name: list, show, create, update, delete.
    OperatorGroupCommand OperatorGroup;
    /// Routes: list, show, create, update, delete.
    RouteCommand Route;
    /// Customer accounts: list, show, create, update. They are never deleted, as their ledger is not: suspend them.
    #[command(mut_subcommand("delete", |delete| delete.hide(true)))]
    AccountCommand Account;
}

/// The path of a connector, by its name or id.
pub(crate) async fn connector_path(client: &crate::client::Client, name: &str) -> Result<String, Failure> {
    let id = thing::id_of(client, Kind::Connector, name).await?;
    Ok(format!("{}/{id}", Kind::Connector.path()))
}

/// SMPP accounts: list, show, create, update, delete, new password, receipts told again.
#[derive(Args, Debug)]
pub(crate) struct SmppAccountCommand {
    #[command(subcommand)]
    what: SmppAccountWhat,
}

#[derive(Subcommand, Debug)]
enum SmppAccountWhat {
    #[command(flatten)]
    Thing(ThingCommand),
    /// Make a new password; it is shown once.
    NewPassword(thing::Named),
    /// Tell the client its receipts again, of messages that ended in a range of time.
    ReplayReceipts(Replay),
}

#[derive(Args, Debug)]
struct Replay {
    #[command(flatten)]
    named: thing::Named,
    /// Of messages that ended then or later: 2026-11-23T10:00:00Z.
    #[arg(long, value_name = "MOMENT")]
    from: String,
    /// Of messages that ended before; now, when it is not given.
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
}

impl SmppAccountCommand {
    /// Asks the platform and prints.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        match self.what {
            SmppAccountWhat::Thing(thing) => thing.run(Kind::SmppAccount, output).await,
            SmppAccountWhat::NewPassword(named) => {
                let (client, path) = named.find(Kind::SmppAccount).await?;
                let answer = client.post(&format!("{path}/password"), &serde_json::Value::Null).await?;
                output.print(&answer, || thing::shown(&answer))
            }
            SmppAccountWhat::ReplayReceipts(Replay { named, from, until }) => {
                let (client, path) = named.find(Kind::SmppAccount).await?;
                let range = serde_json::json!({ "from": from, "until": until });
                let answer = client.post(&format!("{path}/replay-receipts"), &range).await?;
                output.print(&answer, || format!("{} receipts wait for the client", answer["replayed"]))
            }
        }
    }
}
