//! The scenarios: what is offered, to what, and which figures count.

mod backlog;
mod drain;
mod flapping;
mod guessers;
mod herd;
mod ledger;
mod limits;
mod neighbours;
mod otp;
mod recovery;
mod rest;
mod restart;
mod smpp;
mod soak;

use std::path::PathBuf;

use clap::ValueEnum;

use super::report::Report;

/// Which load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// SMPP in, SMPP out, receipts back, as fast as the platform can deliver.
    SmppClosed,
    /// The same at a fixed rate, for latency.
    SmppOpen,
    /// Single sends over REST on connections that are kept.
    RestClosed,
    /// An operator that answers after 50 ms, one bind with a window of 100.
    #[value(name = "operator-50ms")]
    Operator50ms,
    /// An operator that throttles above a rate which it has not told.
    ThrottlingStorm,
    /// Operators that answer late or never, beside a healthy one.
    Neighbours,
    /// Accepting without an operator, then draining when it comes.
    Backlog,
    /// A thousand silent binds dropped at once.
    Herd,
    /// Ten thousand wrong binds a second.
    Guessers,
    /// From the start of the process to the first accepted message; idle memory; size of the binary.
    Restart,
    /// kill -9 while a backlog waits, twenty times: from the start to the first accepted message; memory then.
    Recovery,
    /// 200 connectors to operators that come and go.
    Flapping,
    /// Charges of other services: one hot account, many accounts, a fixed rate.
    Ledger,
    /// One-time codes over REST at a fixed rate: started, then checked.
    Otp,
    /// Decisions by limits that nodes share, straight at the Redis of `--redis-url`.
    Limits,
    /// A steady load for an hour: whether memory, open files or latency grow. Only when it is asked for.
    Soak,
}

/// What can be chosen about a load. What is not given is the scenario's own.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where data folders are made.
    pub(crate) folder: PathBuf,
    /// Whether they stay.
    pub(crate) keep: bool,
    pub(crate) store_url: Option<String>,
    /// A Redis: the platform counts its limits there, and `limits` asks it.
    pub(crate) redis_url: Option<String>,
    /// A RabbitMQ by which its work goes, and how many further nodes have binds.
    pub(crate) queue_url: Option<String>,
    pub(crate) connector_nodes: u8,
    pub(crate) duration_s: Option<u64>,
    pub(crate) rate_per_s: Option<u64>,
    pub(crate) binds: u16,
    pub(crate) window: u16,
    pub(crate) connections: u16,
    pub(crate) unfinished_max: u64,
    pub(crate) backlog: u64,
    pub(crate) crowd: u16,
}

impl Scenario {
    /// All of them, in the order in which they are run.
    pub(crate) const ALL: [Self; 16] = [
        Self::SmppClosed,
        Self::SmppOpen,
        Self::RestClosed,
        Self::Operator50ms,
        Self::ThrottlingStorm,
        Self::Neighbours,
        Self::Backlog,
        Self::Herd,
        Self::Guessers,
        Self::Restart,
        Self::Recovery,
        Self::Flapping,
        Self::Ledger,
        Self::Otp,
        Self::Limits,
        Self::Soak,
    ];

    /// As on the command line and in file names.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Runs it. Settings, load and costs are filled in; the caller adds where and when.
    pub(crate) async fn run(self, options: &Options) -> anyhow::Result<Report> {
        match self {
            Self::SmppClosed => smpp::closed(options).await,
            Self::SmppOpen => smpp::open(options).await,
            Self::Operator50ms => smpp::slow_operator(options).await,
            Self::ThrottlingStorm => smpp::storm(options).await,
            Self::RestClosed => rest::closed(options).await,
            Self::Neighbours => neighbours::run(options).await,
            Self::Backlog => backlog::run(options).await,
            Self::Herd => herd::run(options).await,
            Self::Guessers => guessers::run(options).await,
            Self::Restart => restart::run(options).await,
            Self::Recovery => recovery::run(options).await,
            Self::Flapping => flapping::run(options).await,
            Self::Ledger => ledger::run(options).await,
            Self::Otp => otp::run(options).await,
            Self::Limits => limits::run(options).await,
            Self::Soak => soak::run(options).await,
        }
    }
}
