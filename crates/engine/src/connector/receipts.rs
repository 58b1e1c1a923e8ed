//! What an operator sends us of its own accord: receipts; what is none is a handset's.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sambac_domain::number::{Msisdn, normalise_smpp};
use sambac_domain::receipt::{self, ReceiptInput, normalise_id};
use sambac_domain::receipt_key::receipt_key;
use sambac_smpp::{Address, CommandStatus, DataSm, Frame, Header, Pdu, Session, Sm, Tag, Tlvs};

use super::Connector;
use crate::commit::{Acknowledgement, Found, ReceiptIn, Write};

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
        if self.inner.store_away.load(Ordering::Relaxed) {
            return session.respond_error(header, CommandStatus(self.profile().mo.store_down_status));
        }
        match self.receipt(&delivered, session, header) {
            Some(receipt) => {
                self.metrics.receipt();
                self.inner.write(Write::Receipt(Box::new(receipt))).await;
            }
            None => self.handset(&delivered, session, header).await,
        }
    }

    fn receipt(&self, delivered: &Delivered<'_>, session: &Session, header: Header) -> Option<ReceiptIn> {
        let tlvs = delivered.tlvs;
        let receipt = receipt::parse(&ReceiptInput {
            esm_class: delivered.esm_class,
            data_coding: delivered.data_coding,
            short_message: delivered.short_message,
            message_payload: tlvs.get(Tag::MESSAGE_PAYLOAD),
            receipted_message_id: tlvs.get(Tag::RECEIPTED_MESSAGE_ID),
            message_state: tlvs.u8(Tag::MESSAGE_STATE),
            network_error_code: tlvs.get(Tag::NETWORK_ERROR_CODE),
        })?;
        // A receipt comes back with the addresses swapped: its source is where the message went.
        let destination = normalise_smpp(delivered.source.ton, delivered.source.addr).ok();
        let number = destination.map_or(0, Msisdn::as_u64);
        let key = receipt_key(self.receipt_group(), &normalise_id(&receipt.smsc_message_id), number);
        let received_at = self.inner.clock.now();
        let found = Found { connector: self.id(), receipt, destination, key, received_at };
        let cannot_store = CommandStatus(self.profile().mo.store_down_status);
        Some(ReceiptIn {
            found,
            acknowledge: Acknowledgement { session: session.clone(), request: header, cannot_store },
        })
    }
}
