//! What an operator sends us of its own accord: receipts; what is none is a handset's.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sambac_domain::receipt::{self, ReceiptInput, ReceiptRules};
use sambac_smpp::{Address, CommandStatus, DataSm, Frame, Header, Pdu, Session, Sm, Tag, Tlvs};
use tokio::sync::oneshot;

use super::Connector;
use crate::commit::{Acknowledgement, Found, ReceiptFrom, ReceiptIn, Write};

/// The part of a `deliver_sm` or `data_sm` that a receipt or a handset's message may be in.
pub(super) struct Delivered<'a> {
    pub(super) source: Address<'a>,
    pub(super) destination: Address<'a>,
    pub(super) esm_class: u8,
    pub(super) data_coding: u8,
    pub(super) short_message: &'a [u8],
    pub(super) tlvs: Tlvs<'a>,
}

impl<'a> From<Sm<'a>> for Delivered<'a> {
    fn from(sm: Sm<'a>) -> Self {
        let Sm { source, destination, esm_class, data_coding, short_message, tlvs, .. } = sm;
        Self { source, destination, esm_class, data_coding, short_message, tlvs }
    }
}

impl<'a> From<DataSm<'a>> for Delivered<'a> {
    fn from(sm: DataSm<'a>) -> Self {
        let DataSm { source, destination, esm_class, data_coding, tlvs, .. } = sm;
        Self { source, destination, esm_class, data_coding, short_message: b"", tlvs }
    }
}

impl Connector {
    /// Hands a receipt or a handset's message to the group commit, which acknowledges it once it is stored.
    pub(super) async fn delivered(self: &Arc<Self>, session: &Session, header: Header, frame: &Frame) {
        // Requests with broken optional parameters come this far only when the profile takes them.
        let delivered = match frame.pdu_with_broken_tlvs() {
            Ok(Pdu::DeliverSm(sm)) => Delivered::from(sm),
            Ok(Pdu::DataSm(sm)) => Delivered::from(sm),
            Ok(Pdu::AlertNotification(alert)) if self.profile().flow.heed_alerts => return self.reachable(&alert),
            _ => return session.respond_error(header, CommandStatus::RINVCMDID),
        };
        let cannot_store = CommandStatus(self.profile().mo.store_down_status);
        if self.inner.store_away.load(Ordering::Relaxed) {
            return session.respond_error(header, cannot_store);
        }
        match self.receipt(&delivered).await {
            Some(found) => {
                self.metrics.receipt();
                let acknowledge = Acknowledgement::Session { session: session.clone(), request: header, cannot_store };
                let from = ReceiptFrom::Session(acknowledge);
                self.write(Write::Receipt(Box::new(ReceiptIn { found, from }))).await;
            }
            None => self.handset(&delivered, session, header).await,
        }
    }

    async fn receipt(&self, delivered: &Delivered<'_>) -> Option<Found> {
        let tlvs = delivered.tlvs;
        let input = ReceiptInput {
            esm_class: delivered.esm_class,
            data_coding: delivered.data_coding,
            short_message: delivered.short_message,
            message_payload: tlvs.get(Tag::MESSAGE_PAYLOAD),
            receipted_message_id: tlvs.get(Tag::RECEIPTED_MESSAGE_ID),
            message_state: tlvs.get(Tag::MESSAGE_STATE),
            network_error_code: tlvs.get(Tag::NETWORK_ERROR_CODE),
        };
        let profile = self.profile();
        let rules = ReceiptRules { id: &profile.receipt_id, receipt: &profile.receipt };
        let receipt = receipt::parse_by(&input, rules)?;
        let is_sure = !receipt.by_text_only;
        let addresses = (delivered.source.addr, delivered.destination.addr);
        let snapshot = self.inner.snapshot.load();
        let found = Found::new(&snapshot, self.id(), receipt, addresses, self.inner.clock.now());
        (is_sure || self.is_known(&found).await).then_some(found)
    }

    /// Whether a message has an id that a text names: then the text is believed to be a receipt (Q-C2).
    async fn is_known(&self, found: &Found) -> bool {
        // The answer that brings the id may have come just before, and wait to be stored.
        let (done, stored) = oneshot::channel();
        if self.write(Write::Stored(done)).await {
            // An error means that the group commit has ended.
            let _ = stored.await;
        }
        if found.keys.iter().any(|key| !self.inner.live.by_receipt(*key).is_empty()) {
            return true;
        }
        match self.inner.store.segments_by_receipt_keys(&found.keys).await {
            Ok(segments) => !segments.is_empty(),
            Err(error) => {
                tracing::error!(%error, "it was not read whether a text names one of our messages");
                false
            }
        }
    }
}
