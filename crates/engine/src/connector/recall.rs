//! Takes a segment back from the operator that has it, by `cancel_sm` (SMPP 3.4 §4.9, Q-I5), where its profile says that it is
//! offered. A client waits for the answer, so that it goes ahead of what else is to be sent.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::ConnectorId;
use sambac_domain::message::Message;
use sambac_domain::{Msisdn, Sender};
use sambac_smpp::{Address, CancelSm, Pdu};
use tokio::time::Instant;

use super::Connector;
use super::link::{Link, Slot};
use crate::Inner;
use crate::lease::HeldLease;

/// How often it is looked for a place in a window.
const LOOK: Duration = Duration::from_millis(10);

impl Inner {
    /// How long the answer to a `cancel_sm` by this connector is waited for; `None` when its operator takes nothing back.
    pub(crate) fn recalls_within(&self, connector: ConnectorId) -> Option<Duration> {
        let snapshot = self.snapshot.load();
        let profile = snapshot.profile(connector)?;
        profile.submit.cancel.then(|| Duration::from_millis(profile.session.response_timeout_ms))
    }

    /// Whether the operator has taken a segment back. A `false` says nothing of what becomes of it: no answer may have come.
    pub(crate) async fn recall(&self, connector: ConnectorId, message: &Message, smsc_message_id: &str) -> bool {
        let Message { sender, destination, .. } = message;
        match (self.connectors.get(connector), self.work.office()) {
            (Some(connector), _) => connector.recall(sender, *destination, smsc_message_id).await,
            (None, Some(office)) => office.recall(self, connector, message, smsc_message_id).await,
            (None, None) => false,
        }
    }
}

impl Connector {
    /// Whether the operator has taken a segment back. Ends when it has answered: who waits sets the limit.
    pub(crate) async fn recall(&self, sender: &Sender, destination: Msisdn, smsc_message_id: &str) -> bool {
        let profile = self.profile();
        let Ok(sender) = profile.address.sender(sender, &profile.text) else { return false };
        let destination = profile.address.destination(destination);
        let sm = CancelSm {
            message_id: smsc_message_id.as_bytes(),
            source: Address::new(sender.ton, sender.npi, &sender.addr),
            destination: Address::new(destination.ton, destination.npi, &destination.addr),
            ..CancelSm::default()
        };
        loop {
            let (link, slot) = self.place_ahead().await;
            if HeldLease::is_over(self.lease.as_ref()) {
                return false;
            }
            // A link that is going down takes nothing: the next one may.
            if let Ok(answer) = link.ask(slot, &Pdu::CancelSm(sm)).await {
                return answer.is_some_and(|(header, frame)| {
                    header.command_status.is_ok() && matches!(frame.pdu(), Ok(Pdu::CancelSmResp))
                });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A place in a window and a turn, ahead of segments; while codes wait, what is kept is for them.
    async fn place_ahead(&self) -> (Arc<Link>, Slot) {
        loop {
            let (_, codes) = self.ready.len();
            let may_use_all = codes == 0;
            let link = self.links().iter().max_by_key(|link| link.free(may_use_all, 0)).cloned();
            if let Some(link) = link
                && let Some(slot) = link.slot(may_use_all, 0)
            {
                let now = Instant::now();
                if self.throughput.take(may_use_all, now).is_ok() && link.may_send(now).is_ok() {
                    return (link, slot);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
