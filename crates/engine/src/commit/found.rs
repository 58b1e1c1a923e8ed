//! A receipt as it was found: what it says, where it came in, and by which keys its segment is looked for.

use sambac_domain::id::ConnectorId;
use sambac_domain::number::{Msisdn, normalise_smpp};
use sambac_domain::receipt::{self, IdSide, Receipt, ReceiptDate, is_a_number, names_number};
use sambac_domain::time::Timestamp;
use sambac_store::NewOrphan;
use sambac_store::rows::OrphanRow;
use smallvec::SmallVec;

use crate::snapshot::Snapshot;

/// An address of a receipt, as on the wire; kept in place.
pub(crate) type AddressText = SmallVec<[u8; 24]>;

/// What a receipt says, and where it came in.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) connector: ConnectorId,
    pub(crate) receipt: Receipt,
    /// Its source address: where the message went, unless the operator does not swap them.
    pub(crate) source: AddressText,
    pub(crate) destination: AddressText,
    pub(crate) received_at: Timestamp,
    /// One for each id that it names; empty when it names none.
    pub(crate) keys: SmallVec<[i64; 2]>,
}

impl Found {
    pub(crate) fn new(
        snapshot: &Snapshot,
        connector: ConnectorId,
        receipt: Receipt,
        (source, destination): (&[u8], &[u8]),
        received_at: Timestamp,
    ) -> Self {
        let (source, destination) = (AddressText::from_slice(source), AddressText::from_slice(destination));
        let keys = keys(snapshot, connector, &receipt);
        Self { connector, receipt, source, destination, received_at, keys }
    }

    /// A receipt that is tried again, by the rules that hold now.
    pub(crate) fn again(snapshot: &Snapshot, row: OrphanRow) -> Self {
        let addresses = (row.source.into_bytes(), row.destination.into_bytes());
        let receipt = Receipt {
            smsc_message_id: row.smsc_message_id,
            other_id: row.other_id,
            state: row.state,
            unmapped_state: row.word,
            error: row.error,
            submit_date: row.submit_date.and_then(date),
            done_date: row.done_date.and_then(date),
            sub: None,
            dlvrd: None,
            by_text_only: false,
        };
        Self::new(snapshot, row.connector_id, receipt, (&addresses.0, &addresses.1), row.received_at)
    }

    pub(crate) fn orphan(&self, id: i64) -> NewOrphan {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let receipt = &self.receipt;
        NewOrphan {
            id,
            connector_id: self.connector,
            receipt_key: self.keys.first().copied().unwrap_or_default(),
            smsc_message_id: receipt.smsc_message_id.clone(),
            other_id: receipt.other_id.clone(),
            source: text(&self.source),
            destination: text(&self.destination),
            state: receipt.state,
            word: receipt.unmapped_state.clone(),
            error: receipt.error.clone(),
            submit_date: receipt.submit_date.map(|date| Timestamp(date.micros_as_utc())),
            done_date: receipt.done_date.map(|date| Timestamp(date.micros_as_utc())),
            received_at: self.received_at,
        }
    }

    /// Whether it can be about a message to this number: one of its addresses says so, or none says any number.
    pub(crate) fn fits(&self, number: Msisdn) -> bool {
        let addresses = [&self.source, &self.destination];
        addresses.iter().any(|address| names_number(address, number))
            || !addresses.iter().any(|address| is_a_number(address))
    }

    /// The same for a number of which nobody knows the last digits any more.
    pub(crate) fn fits_redacted(&self, number: Msisdn) -> bool {
        self.numbers().any(|told| told.erased() == number)
    }

    /// The numbers that it may be about, likeliest first.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = Msisdn> {
        [&self.source, &self.destination].into_iter().filter_map(|address| normalise_smpp(0, address).ok())
    }

    /// Whether the sender shown can be this one, as far as the address beside `number` tells.
    pub(crate) fn fits_sender(&self, number: Msisdn, sender: &str) -> bool {
        let other = if names_number(&self.source, number) { &self.destination } else { &self.source };
        let (other, sender) = (other.trim_ascii(), sender.trim_start_matches('+').as_bytes());
        other.is_empty() || other.eq_ignore_ascii_case(sender)
    }
}

fn keys(snapshot: &Snapshot, connector: ConnectorId, receipt: &Receipt) -> SmallVec<[i64; 2]> {
    let mut keys = SmallVec::new();
    for id in std::iter::once(&receipt.smsc_message_id).chain(&receipt.other_id) {
        if let Some(key) = snapshot.receipt_key(connector, id, IdSide::Receipt)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

fn date(at: Timestamp) -> Option<ReceiptDate> {
    receipt::ReceiptDate::parse(at.rfc3339().as_bytes())
}
