//! Money that moves, as decisions without I/O: wallets in memory, what is held and what ends a hold, and the check that all of
//! it adds up.
//!
//! - [`Book`] holds the wallets of one shard and decides, in the order in which it is asked, what each can pay for. What it
//!   decides within one batch becomes one [`Posting`] per wallet and kind (decision 4: `docs/adr/0004-postings-per-batch.md`).
//! - [`Hold`] is an amount that was set aside: captured, in parts if need be, voided, or expired; and refunded.
//! - [`Desk`] takes [`Command`]s from outside, each of them once, alone or linked: all or none.
//! - [`due()`] says which end of a segment is paid for, by the policy of its rate.
//! - [`check()`] adds up a [`Trial`]: the same for tests, for an audit, and for the job that runs beside the platform.
//!
//! All arithmetic is checked; the clock and the ids are passed in. The same commands give the same state.

mod balance;
mod book;
mod check;
mod command;
mod desk;
mod due;
mod hold;
#[cfg(test)]
mod model;

pub use balance::{Balance, BalanceKind, PostingKind};
pub use book::{Book, LedgerAccounts, Mark, Opening, Posting, Refused};
pub use check::{Breach, Trial, TrialBalance, TrialCharges, TrialHold, TrialWallet, check};
pub use command::{Answer, Command, Done, HoldWord, Order, Refusal, Verb};
pub use desk::{Answered, Desk, KnownHold, Moved, Now};
pub use due::{AtEnd, due};
pub use hold::{Hold, HoldRefused, HoldState, Step};
