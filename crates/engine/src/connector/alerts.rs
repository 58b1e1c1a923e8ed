//! `alert_notification` of an operator: a subscriber can be reached again, so that what waits for it goes at once.

use std::sync::Arc;

use sambac_domain::number::normalise_smpp;
use sambac_smpp::AlertNotification;

use super::Connector;
use crate::relay;

impl Connector {
    /// Looks for what waits for the subscriber, one alert at a time: an operator that sends many must not keep the database
    /// busy. What is left out goes when its time comes, as without an alert.
    pub(super) fn reachable(self: &Arc<Self>, alert: &AlertNotification<'_>) {
        let Ok(number) = normalise_smpp(alert.source.ton, alert.source.addr) else { return };
        let Ok(permit) = Arc::clone(&self.alerts).try_acquire_owned() else { return };
        let connector = Arc::clone(self);
        self.inner.tasks.spawn(async move {
            if let Err(error) = relay::hurry(&connector.inner, number).await {
                tracing::error!(connector = connector.name, %error, "what waits for a subscriber was not read");
            }
            drop(permit);
        });
    }
}
