//! The command line: which command, and what applies to all of them.

use clap::{Parser, Subcommand};

use crate::audit::AuditCommand;
use crate::bench::command::Bench;
use crate::cdr::CdrCommand;
use crate::client::admin::{
    AccountCommand, Alerts, CatalogueCommand, ConnectorCommand, CostCommand, KeyCommand, MoRouteCommand,
    NetworkCommand, NumberPrefixCommand, OperatorCommand, OperatorGroupCommand, OrphanCommand, PaymentCommand,
    RouteCommand, SmppAccountCommand, TariffCommand, UnroutedCommand, UserCommand, VersionsCommand,
};
use crate::client::send::Send;
use crate::client::status::Status;
use crate::config::command::ConfigCommand;
use crate::demo::Demo;
use crate::doctor::Doctor;
use crate::erase::Erase;
use crate::exit::{self, Failure};
use crate::ledger::LedgerCommand;
use crate::mirror::MirrorCommand;
use crate::output::{self, Output};
use crate::pdu::Pdu;
use crate::provision::admin_key::AdminKey;
use crate::provision::command::Apply;
use crate::provision::export::Export;
use crate::queue::command::QueueCommand;
use crate::reconcile::ReconcileCommand;
use crate::run::{Migrate, Run};
use crate::simulate::command::Simulate;
use crate::telemetry;

/// An OTP and transactional SMS platform: SMPP gateway, REST API, routing and ledger in one process.
#[derive(Parser, Debug)]
#[command(name = "sambac", version, after_help = exit::HELP)]
pub(crate) struct Cli {
    /// How data is printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(Run),
    Demo(Demo),
    Simulate(Simulate),
    Send(Send),
    Status(Status),
    Apply(Apply),
    Export(Export),
    AdminKey(AdminKey),
    Audit(Box<AuditCommand>),
    Key(KeyCommand),
    User(UserCommand),
    Ledger(LedgerCommand),
    Reconcile(Box<ReconcileCommand>),
    Pdu(Pdu),
    Cdr(CdrCommand),
    Erase(Erase),
    Mirror(MirrorCommand),
    Connector(ConnectorCommand),
    Operator(OperatorCommand),
    Route(RouteCommand),
    MoRoute(MoRouteCommand),
    Account(AccountCommand),
    SmppAccount(SmppAccountCommand),
    Tariff(TariffCommand),
    Cost(CostCommand),
    Catalogue(CatalogueCommand),
    Network(NetworkCommand),
    NumberPrefix(NumberPrefixCommand),
    OperatorGroup(OperatorGroupCommand),
    Versions(VersionsCommand),
    Alerts(Alerts),
    Orphan(OrphanCommand),
    Unrouted(UnroutedCommand),
    Payment(PaymentCommand),
    Migrate(Migrate),
    Doctor(Doctor),
    Queue(QueueCommand),
    Config(ConfigCommand),
    Bench(Bench),
    /// Print the OpenAPI document of the public API.
    Openapi {
        /// That of the services listener instead.
        #[arg(long)]
        services: bool,
    },
}

impl Cli {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if !matches!(self.command, Command::Run(_) | Command::Migrate(_) | Command::Demo(_) | Command::Mirror(_)) {
            telemetry::start("warn", false);
        }
        match self.command {
            Command::Run(run) => run.run(self.output).await,
            Command::Demo(demo) => demo.run(self.output).await,
            Command::Simulate(simulate) => simulate.run(self.output).await,
            Command::Send(send) => send.run(self.output).await,
            Command::Status(status) => status.run(self.output).await,
            Command::Apply(apply) => apply.run(self.output).await,
            Command::Export(export) => export.run(self.output).await,
            Command::Audit(audit) => audit.run(self.output).await,
            Command::Key(key) => key.run(self.output).await,
            Command::User(user) => user.run(self.output).await,
            Command::AdminKey(key) => key.run(self.output).await,
            Command::Ledger(command) => command.run(self.output).await,
            Command::Reconcile(command) => command.run(self.output).await,
            Command::Pdu(pdu) => pdu.run(self.output).await,
            Command::Cdr(cdr) => cdr.run(self.output).await,
            Command::Erase(cdr) => cdr.run(self.output).await,
            Command::Mirror(mirror) => mirror.run(self.output).await,
            Command::Connector(command) => command.run(self.output).await,
            Command::Operator(command) => command.run(self.output).await,
            Command::Route(command) => command.run(self.output).await,
            Command::MoRoute(command) => command.run(self.output).await,
            Command::Account(command) => command.run(self.output).await,
            Command::SmppAccount(command) => command.run(self.output).await,
            Command::Tariff(command) => command.run(self.output).await,
            Command::Cost(command) => command.run(self.output).await,
            Command::Catalogue(command) => command.run(self.output).await,
            Command::Network(command) => command.run(self.output).await,
            Command::NumberPrefix(command) => command.run(self.output).await,
            Command::OperatorGroup(command) => command.run(self.output).await,
            Command::Versions(command) => command.run(self.output).await,
            Command::Alerts(alerts) => alerts.run(self.output).await,
            Command::Orphan(command) => command.run(self.output).await,
            Command::Unrouted(command) => command.run(self.output).await,
            Command::Payment(command) => command.run(self.output).await,
            Command::Migrate(migrate) => migrate.run(self.output).await,
            Command::Queue(command) => command.run(self.output).await,
            Command::Doctor(doctor) => doctor.run(self.output).await,
            Command::Bench(bench) => bench.run(self.output).await,
            Command::Config(config) => config.run(self.output),
            Command::Openapi { services } => {
                let document = if services { sambac_api::services_openapi() } else { sambac_api::openapi() };
                output::text(&format!("{}\n", document.to_pretty_json()?))
            }
        }
    }
}
