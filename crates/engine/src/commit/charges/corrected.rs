//! Segments that have ended, perhaps long ago, and of which the group may believe another end: their charges move money, and their
//! records are written and sealed anew, only as the chain vouches for them.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, SegmentId};
use sambac_domain::rating::ChargePolicy;
use sambac_domain::state::MessageState;
use sambac_store::StoreError;
use sambac_store::rows::{CdrRow, ChargeRow, ChargeState};

use crate::commit::{Committer, Found, Write};
use crate::ledger::Told;

impl Committer {
    /// Reads what receipts and verifications of the group may change of segments that have ended.
    pub(super) async fn load_corrected(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        let segments: Vec<_> = inbox.iter().flat_map(|write| self.changed_by(write)).collect();
        if segments.is_empty() {
            return Ok(());
        }
        self.doubt_charges(&segments).await?;
        self.believe_records(&segments).await
    }

    /// Whether nothing is done with the charge of this segment.
    pub(in crate::commit) fn is_charge_doubted(&self, segment: SegmentId) -> bool {
        self.charges.doubted_segments.contains(&segment)
    }

    /// The record of a segment that has ended, if it is in its table, and as it was written.
    pub(in crate::commit) fn believed_record(&self, segment: SegmentId) -> Option<&CdrRow> {
        self.charges.records.get(&segment)
    }

    async fn doubt_charges(&mut self, segments: &[SegmentId]) -> Result<(), StoreError> {
        let has_ended = |id: &SegmentId| {
            let charge = self.live(id.message()).and_then(|live| live.progress().of(*id).map(|own| own.charge));
            matches!(charge, Some(ChargeState::Captured | ChargeState::Voided))
        };
        let ended: Vec<_> = segments.iter().copied().filter(has_ended).collect();
        let (store, key) = (&self.inner.own_store, self.inner.settings.seal.chain_key());
        let rows = store.charges_by_ids(&ended).await?;
        let vouched = store.vouched_charges(&key, &rows).await?;
        for segment in ended {
            // Nothing vouches for charges from before the chain.
            let is_right =
                |row: &ChargeRow| (row.block_id == 0 || vouched.contains(&row.id)) && self.is_of_message(row);
            let name = Told { table: "charges", number: segment.raw(), id: segment };
            if rows.iter().any(|row| row.id == segment && is_right(row)) {
                self.inner.alerts.untampered(&name);
            } else {
                self.inner.alerts.tampered(&name);
                self.charges.doubted_segments.insert(segment);
            }
        }
        Ok(())
    }

    async fn believe_records(&mut self, segments: &[SegmentId]) -> Result<(), StoreError> {
        let (store, key) = (&self.inner.own_store, self.inner.settings.seal.chain_key());
        let rows = store.cdrs_by_ids(segments).await?;
        let vouched = store.vouched_cdrs(&key, &rows).await?;
        for row in rows {
            let name = Told { table: "cdr_sms", number: row.id.raw(), id: row.id };
            if row.block_id == 0 || vouched.contains(&row.id) {
                self.inner.alerts.untampered(&name);
                self.charges.records.insert(row.id, row);
            } else {
                self.inner.alerts.tampered(&name);
            }
        }
        Ok(())
    }

    /// Whether the message says the same price, payer and end.
    fn is_of_message(&self, row: &ChargeRow) -> bool {
        let Some(live) = self.live(row.id.message()) else { return false };
        let message = &live.message;
        let state = live.progress().of(row.id).map(|own| own.charge);
        (row.amount_micros, row.currency) == (message.price_micros, message.currency)
            && row.wallet_of.unwrap_or(row.account_id) == message.payer()
            && state == Some(row.state)
    }

    fn changed_by(&self, write: &Write) -> Vec<SegmentId> {
        match write {
            Write::Receipt(receipt) => self.changed_by_receipt(&receipt.found).into_iter().collect(),
            Write::Verified { message, .. } => self.verified_of(*message),
            Write::Otp(otp) => otp.messages().flat_map(|message| self.verified_of(message)).collect(),
            Write::Unverified { segments, .. } => {
                let has_ended = |id: &SegmentId| self.live(id.message()).is_some_and(|live| live.progress().finished);
                segments.iter().copied().filter(has_ended).collect()
            }
            _ => Vec::new(),
        }
    }

    fn changed_by_receipt(&self, found: &Found) -> Option<SegmentId> {
        let state = MessageState::from_receipt(found.receipt.state)?;
        let (segment, live) = self.by_receipt(found)?;
        let (before, error) = live.progress().of(segment).map(|own| (own.state, own.error))?;
        let is_news = before != state || error == Some(ErrorCode::ReceiptTimeout);
        (before.is_final() && is_news).then_some(segment)
    }

    /// Segments of a message that has ended and is paid for when its password is verified.
    fn verified_of(&self, message: MessageId) -> Vec<SegmentId> {
        let Some(live) = self.live(message) else { return Vec::new() };
        let is_meant = live.message.charge_policy == ChargePolicy::Verified && live.progress().finished;
        if is_meant { live.message.segment_ids().collect() } else { Vec::new() }
    }
}
