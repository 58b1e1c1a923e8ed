//! One text for many recipients: stored whole, then worked off in the order of the recipients, some of them in each commit.
//!
//! What is answered is durable: a process that ends in between goes on where it was, since what became of a recipient is stored in
//! the commit that takes its message. An account's batches are worked off one after the other, at the account's pace.

mod begin;
mod call_off;
mod content;
mod quote;
mod runner;
mod view;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sambac_domain::id::{AccountId, BatchId};
use tokio::sync::Notify;

pub use content::{BatchContent, Recipient};
pub use quote::{BatchQuote, QuotedRecipient};
pub(crate) use runner::run;
pub use view::{BatchView, DecidedRecipient};

/// Recipients that one batch may have.
pub const RECIPIENTS_MAX: usize = 10_000;
/// Batches of one account that may be under way.
const OPEN_MAX: i64 = 20;

/// What batches share.
#[derive(Default)]
pub(crate) struct Batches {
    /// There is something to work off.
    due: Notify,
    /// One has ended, or has come further.
    moved: Notify,
    /// Accounts of which one is being worked off.
    running: Mutex<HashSet<AccountId>>,
    /// Those that are worked off and were called off: no more than there are under way.
    called_off: Mutex<HashSet<BatchId>>,
    /// One was called off.
    turned: Notify,
}

impl Batches {
    fn running(&self) -> std::sync::MutexGuard<'_, HashSet<AccountId>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called_off(&self) -> std::sync::MutexGuard<'_, HashSet<BatchId>> {
        self.called_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever works a batch off that it is not wanted any more.
    fn call_off(&self, id: BatchId) {
        self.called_off().insert(id);
        self.turned.notify_waiters();
    }
}
