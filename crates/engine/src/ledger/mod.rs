//! Money in the engine: the wallets in memory, the chain that seals what is written of them, commands from other services, and
//! the job that adds everything up.
//!
//! What is decided is decided in [`sambac_domain::ledger`]; what is written, by the group commit.

mod auditor;
mod books;
mod command;
mod due;
mod fence;
mod statement;
mod tampered;

pub use command::ChargeOutcome;
pub use sambac_domain::ledger::Balance;
pub use statement::{Statement, StatementError, TrialBalance, statement, trial_balance};

pub(crate) use auditor::{SUBJECT, run as run_auditor};
pub(crate) use books::{Hold, Ledger};
pub(crate) use command::ChargeRequest;
pub(crate) use due::run as run_due;
pub use fence::Lost;
pub(crate) use fence::{Fenced, holder, watch as watch_shard, watch_files};
pub(crate) use tampered::Told;
