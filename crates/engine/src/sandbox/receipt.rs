//! A receipt (SMPP 3.4 appendix B) from the sandbox, once its message is gone.

use sambac_domain::profile::ClientReceipts;
use sambac_domain::receipt::{ReceiptOut, ReceiptState, write_text};
use sambac_domain::time::Timestamp;
use sambac_smpp::{Address, Pdu, SendError, Session, Sm, esm_class};

/// What a receipt needs of its message.
pub(super) struct Receipt {
    sender: Party,
    destination: Party,
    id: String,
    state: ReceiptState,
    error: u16,
    submitted_at: Timestamp,
}

/// An address that stays.
struct Party {
    ton: u8,
    npi: u8,
    addr: Vec<u8>,
}

impl Party {
    fn of(address: Address<'_>) -> Self {
        Self { ton: address.ton, npi: address.npi, addr: address.addr.to_vec() }
    }

    fn address(&self) -> Address<'_> {
        Address::new(self.ton, self.npi, &self.addr)
    }
}

impl Receipt {
    pub(super) fn new(sm: &Sm<'_>, id: String, (state, error): (ReceiptState, u16), submitted_at: Timestamp) -> Self {
        let (sender, destination) = (Party::of(sm.source), Party::of(sm.destination));
        Self { sender, destination, id, state, error, submitted_at }
    }

    /// Sends it when the window allows.
    pub(super) async fn send(&self, session: &Session, done_at: Timestamp) -> Result<(), SendError> {
        let error = format!("{:03}", self.error);
        let receipt = ReceiptOut {
            id: &self.id,
            state: self.state,
            sub: 1,
            dlvrd: u16::from(self.state == ReceiptState::Delivered),
            submitted_at: self.submitted_at,
            done_at,
            error: &error,
            text: "",
        };
        let mut text = Vec::with_capacity(128);
        write_text(&mut text, &receipt, &ClientReceipts::default());
        let sm = Sm {
            source: self.destination.address(),
            destination: self.sender.address(),
            esm_class: esm_class::TYPE_RECEIPT,
            short_message: &text,
            ..Sm::default()
        };
        session.send(&Pdu::DeliverSm(sm), 0).await.map(drop)
    }
}
