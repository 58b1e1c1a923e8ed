//! A configuration that was read outside is taken over between two batches, and so are balances that others have changed.

use sambac_store::StoreError;
use tokio::sync::oneshot;

use super::{Committer, Loaded, spend};

impl Committer {
    /// The balances, and what was spent when memory may be wrong about it: that is much to read.
    async fn read_money(&mut self, spending_too: bool) -> Result<(), StoreError> {
        let balances = self.inner.own_store.balances().await?;
        if spending_too {
            let since = self.now.start_of_month().day();
            self.meter = spend::meter(&self.inner.own_store.spending_since(since).await?);
        }
        self.inner.ledger().load(&self.accounts, &balances);
        Ok(())
    }

    /// Takes over a configuration and reads the balances: now, between two batches, they are what memory says or newer.
    pub(super) async fn reload(&mut self, reloads: Vec<(Option<Loaded>, oneshot::Sender<()>)>, out_of_step: bool) {
        let (loaded, done): (Vec<_>, Vec<_>) = reloads.into_iter().unzip();
        for Loaded { snapshot, accounts } in loaded.into_iter().flatten() {
            if snapshot.version >= self.inner.snapshot.load().version {
                // From here on nothing is taken of sessions that may not be bound any more.
                self.inner.smpp_sessions.apply_snapshot(&snapshot);
                self.inner.snapshot.store(snapshot);
                self.accounts = accounts;
            }
        }
        if let Err(error) = self.read_money(out_of_step).await {
            tracing::error!(%error, "balances not reloaded");
            self.out_of_step = true;
        }
        for done in done {
            // Nobody waiting any more is fine.
            let _ = done.send(());
        }
    }
}
