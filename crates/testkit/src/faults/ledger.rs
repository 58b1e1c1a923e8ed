//! Faults under load, and whether money was moved exactly once all the same.
//!
//! Clients charge and send messages, and come again with the same keys whenever they have no answer. Meanwhile the platform and
//! its database are killed, and the link between them breaks around a COMMIT. At the end an oracle lays what clients were answered
//! beside what is stored ([`judge`]). `make faults` does so for a million charges; a scenario test does it for a minute.

pub(in crate::faults) mod books;
mod client;
mod frames;
mod journal;
#[cfg(test)]
mod lies;
mod oracle;
mod plan;
mod proxy;
mod report;
mod run;
mod stage;
mod strike;
mod sums;

pub use books::{Balance, Books, ChargeRow, CommandRow, HoldRow, Posting, Reader};
pub use journal::{Answer, Done, Entry, Journal, Order, State};
pub use oracle::{Finding, judge};
pub use plan::{Planned, Strike, plan};
pub use proxy::{Proxy, Trick};
pub use report::Report;
pub use run::{Setting, run};
