//! Who waits for the news of which account: told once it is stored, without a look at the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sambac_domain::AccountId;
use tokio::sync::watch;

/// Those who wait.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<HashMap<AccountId, watch::Sender<()>>>);

impl Watchers {
    /// Waits for this account's news from now on.
    pub(crate) fn watch(&self, account: AccountId) -> watch::Receiver<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has gone is forgotten here, so that the list is never longer than there are streams, and a few.
        all.retain(|_, sender| sender.receiver_count() > 0);
        all.entry(account).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// These accounts have news that is stored.
    pub(crate) fn tell(&self, accounts: impl Iterator<Item = AccountId>) {
        let mut accounts = accounts.peekable();
        if accounts.peek().is_none() {
            return;
        }
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return;
        }
        for account in accounts {
            if let Some(sender) = all.get(&account) {
                sender.send_replace(());
            }
        }
    }
}
