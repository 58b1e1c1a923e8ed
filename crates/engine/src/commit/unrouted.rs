//! Messages from handsets that no route took when they came: routed after all, or dismissed, when a person says so.

use std::sync::Arc;

use sambac_domain::id::MoId;
use sambac_store::MoRerouted;
use sambac_store::rows::MoRow;
use tokio::sync::oneshot;

use super::Committer;
use super::handover::route_of;

impl Committer {
    /// Looks at these messages, and tells of how many a route takes now, or how many are dismissed. What is not unrouted any
    /// more is left alone.
    pub(super) fn unrouted(&mut self, ids: &[MoId], dismiss: bool, done: oneshot::Sender<usize>) {
        let mut count = 0;
        for id in ids {
            let Some(row) = self.handsets.unrouted.remove(id) else { continue };
            if dismiss {
                self.batch.mo_dismissed.push(row.id);
                count += 1;
            } else if self.route_again(&row) {
                count += 1;
            }
        }
        self.after.count(done, count);
    }

    /// False when no route takes it now either, or it does not open.
    fn route_again(&mut self, row: &MoRow) -> bool {
        let Some(body) = self.inner.open_mo(row.id.raw(), row.body.as_ref()) else {
            tracing::error!(message = %row.id, "a stored message does not open with the present master key");
            return false;
        };
        let snapshot = Arc::clone(&self.snapshot);
        let Some(route) = route_of(&snapshot, row, &body) else { return false };
        self.batch.mo_rerouted.push(MoRerouted { id: row.id, account_id: route.account_id, route_id: route.id });
        self.heed(route.account_id, row, &body);
        self.inner.metrics.handset("routed_later");
        self.begin_deliveries(row.id, route, false);
        true
    }
}
