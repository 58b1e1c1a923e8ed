//! Messages from handsets that no route took: listed, tried again by the routes of now, dismissed by a person.

use std::collections::HashSet;

use sambac_domain::id::{ConnectorId, MoId};
use sambac_store::rows::MoRow;
use sambac_store::{StoreError, UnroutedFilter};
use tokio::sync::oneshot;

use crate::Engine;
use crate::alert::AlertKind;
use crate::commit::Write;

/// Messages taken up at once.
const PAGE: u32 = 200;

/// What came of trying messages again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoutedAgain {
    /// How many a route takes now.
    pub routed: usize,
    /// How many none takes.
    pub left: usize,
}

impl Engine {
    /// A page of messages that no route took, newest first; only those whose octets are still there.
    ///
    /// # Errors
    /// What the database said.
    pub async fn unrouted(&self, filter: &UnroutedFilter) -> Result<Vec<MoRow>, StoreError> {
        self.0.store.mo_messages_unrouted(filter).await
    }

    /// Gives what `filter` finds, all pages of it, to the routes of now. What one takes is delivered like a new message.
    ///
    /// # Errors
    /// What the database said; some may be routed then.
    pub async fn route_again(&self, filter: &UnroutedFilter) -> Result<RoutedAgain, StoreError> {
        let mut page = UnroutedFilter { limit: PAGE, ..filter.clone() };
        let (mut done, mut connectors) = (RoutedAgain::default(), HashSet::new());
        loop {
            let rows = self.unrouted(&page).await?;
            let Some(last) = rows.last() else { break };
            page.before = Some(last.id);
            connectors.extend(rows.iter().map(|row| row.connector_id));
            let routed = self.write_unrouted(rows.iter().map(|row| row.id).collect(), false).await;
            done.routed += routed;
            done.left += rows.len().saturating_sub(routed);
        }
        self.unrouted_changed(connectors).await?;
        Ok(done)
    }

    /// Takes messages that a person has dealt with off the list and wipes them; returns how many were on it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn dismiss_unrouted(&self, ids: &[MoId]) -> Result<usize, StoreError> {
        let rows = self.0.store.mo_messages_unrouted_of(ids).await?;
        let dismissed = self.write_unrouted(ids.to_vec(), true).await;
        self.unrouted_changed(rows.iter().map(|row| row.connector_id).collect()).await?;
        Ok(dismissed)
    }

    async fn write_unrouted(&self, ids: Vec<MoId>, dismiss: bool) -> usize {
        let (done, stored) = oneshot::channel();
        if !self.0.write(Write::Unrouted { ids, dismiss, done }).await {
            return 0;
        }
        // An error means that the group commit has ended.
        stored.await.unwrap_or_default()
    }

    /// The count is shown anew, and the alerts of those connectors are over of which nothing is left.
    async fn unrouted_changed(&self, connectors: HashSet<ConnectorId>) -> Result<(), StoreError> {
        self.0.metrics.handsets_unrouted(self.0.store.mo_unrouted().await?);
        let snapshot = self.snapshot();
        for id in connectors {
            let left = UnroutedFilter { connector_id: Some(id), limit: 1, ..UnroutedFilter::default() };
            if self.unrouted(&left).await?.is_empty() {
                let name = snapshot.connectors.get(&id).map_or("", |connector| &connector.name);
                self.0.alerts.clear(AlertKind::MoUnrouted, name, "nothing is left unrouted");
            }
        }
        Ok(())
    }
}
