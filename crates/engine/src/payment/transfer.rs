//! Bank transfers that administrators book: small ones by one of them, others by two.
//!
//! What one administrator books for others' wallets within 24 hours is added up, so that a large sum in small parts needs two as
//! well. Who decides changes the row from `open` first, so that nobody decides twice; what is approved is booked, also by the
//! next process.

use std::time::Duration;

use sambac_domain::Currency;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, PaymentId};
use sambac_domain::payment::TransferState;
use sambac_store::StoreError;
use sambac_store::rows::BankTransferRow;
use tokio::sync::oneshot;

use super::open::unavailable;
use crate::admin::Administrator;
use crate::audit::Event;
use crate::commit::{Credit, Credited, Settles, Write};
use crate::ledger::Told;
use crate::refusal::Refusal;
use crate::{Engine, Inner};

/// Within which what one administrator books is added up.
const ADDED_UP: Duration = Duration::from_secs(86_400);

/// How the audit log calls that a transfer was refused.
const REFUSED: &str = "transfer.refuse";

/// A bank transfer to be booked.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    /// For whose wallet.
    pub account: AccountId,
    /// How much, in micros.
    pub amount_micros: i64,
    /// Refused when the account has another one.
    pub currency: Option<Currency>,
    /// The bank's reference.
    pub reference: String,
    /// Why it is booked.
    pub reason: String,
}

impl Engine {
    /// Books a bank transfer, or lets it wait for another administrator when it is too much for one.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing was kept then.
    pub async fn ask_transfer(&self, by: &Administrator, new: NewTransfer) -> Result<BankTransferRow, Refusal> {
        let balance = self.balance(new.account).ok_or_else(no_account)?;
        if new.currency.is_some_and(|given| given != balance.currency) {
            let detail = format!("the account pays in {}", balance.currency);
            return Err(Refusal::new(ErrorCode::CurrencyMismatch, detail).at("/currency"));
        }
        let booked = self.0.store.payment(new.account, &new.reference).await.map_err(unavailable)?;
        if booked.is_some() {
            return Err(reference_taken());
        }
        let (now, settings) = (self.0.clock.now(), &self.0.settings.payments);
        let _deciding = self.0.payments.transfers.lock().await;
        let since = now.saturating_sub(ADDED_UP);
        let before = self.0.store.booked_alone_micros(by.id, since).await.map_err(unavailable)?;
        let alone = before.saturating_add(new.amount_micros) <= settings.transfer_alone_micros;
        let row = self.0.settings.seal.chain_key().prove(BankTransferRow {
            id: PaymentId::from_raw(self.0.ids.next(now)),
            account_id: new.account,
            amount_micros: new.amount_micros,
            currency: balance.currency,
            reference: new.reference,
            reason: new.reason,
            state: if alone { TransferState::Approved } else { TransferState::Open },
            asked_by_key: by.id,
            asked_by: by.name.clone(),
            asked_at: now,
            decided_by_key: None,
            decided_by: None,
            decided_at: None,
            decided_why: None,
            expires_at: now.saturating_add(settings.transfer_expires_after),
            proof: None,
        });
        if !self.0.store.insert_bank_transfer(&row).await.map_err(unavailable)? {
            return Err(reference_taken());
        }
        if alone { self.booked(row).await } else { Ok(row) }
    }

    /// Approves a bank transfer that another administrator has asked for, and books it.
    ///
    /// # Errors
    /// [`ErrorCode::FourEyes`] for who has asked for it; otherwise when it is not open, or cannot be booked.
    pub async fn approve_transfer(
        &self,
        by: &Administrator,
        id: PaymentId,
        why: String,
    ) -> Result<BankTransferRow, Refusal> {
        let row = self.transfer(id).await?;
        if row.asked_by_key == by.id {
            return Err(ErrorCode::FourEyes.into());
        }
        if self.0.store.is_audited(REFUSED, &id.to_string()).await.map_err(unavailable)? {
            // The row was put back to what it was before.
            self.0.alerts.tampered(&Told { table: "bank_transfers", number: id.raw(), id });
            return Err(Refusal::new(
                ErrorCode::WrongState,
                "the transfer was refused, as the audit log says; ask for it anew",
            ));
        }
        let row = self.decide(by, row, TransferState::Approved, why).await?;
        self.booked(row).await
    }

    /// Refuses a bank transfer, also one's own; also an approved one that was changed, and is never booked.
    ///
    /// # Errors
    /// When it is not open.
    pub async fn refuse_transfer(
        &self,
        by: &Administrator,
        id: PaymentId,
        why: String,
    ) -> Result<BankTransferRow, Refusal> {
        let row = self.decide(by, self.transfer(id).await?, TransferState::Refused, why).await?;
        let event = Event::new(format!("{} {}", by.kind, by.name), REFUSED, id.to_string());
        self.audit(event.of(Some(row.account_id)).from(by.address)).await;
        Ok(row)
    }

    /// A bank transfer.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn transfer(&self, id: PaymentId) -> Result<BankTransferRow, Refusal> {
        let row = self.0.store.bank_transfer(id).await.map_err(unavailable)?;
        row.ok_or_else(|| ErrorCode::NotFound.into())
    }

    async fn decide(
        &self,
        by: &Administrator,
        before: BankTransferRow,
        state: TransferState,
        why: String,
    ) -> Result<BankTransferRow, Refusal> {
        let now = self.0.clock.now();
        let is_proven = is_proven(&self.0, &before);
        if !is_proven && state != TransferState::Refused {
            let detail = "what is stored of the transfer is not what was written: refuse it, and ask for it anew";
            return Err(Refusal::new(ErrorCode::WrongState, detail));
        }
        let row = BankTransferRow {
            state,
            decided_by_key: Some(by.id),
            decided_by: Some(by.name.clone()),
            decided_at: Some(now),
            decided_why: Some(why),
            ..before.clone()
        };
        let open = before.state == TransferState::Open && now < before.expires_at;
        let open = open || (!is_proven && before.state == TransferState::Approved);
        let row = resealed(&self.0, &before, row);
        if open && self.0.store.move_bank_transfer(&row, before.state).await.map_err(unavailable)? {
            return Ok(row);
        }
        let state = self.transfer(before.id).await?.state;
        let state = if state == TransferState::Open { TransferState::Expired } else { state };
        Err(Refusal::new(ErrorCode::WrongState, format!("the transfer is {}", state.as_str())))
    }

    /// Books what is approved, and tells how it is then.
    async fn booked(&self, row: BankTransferRow) -> Result<BankTransferRow, Refusal> {
        let id = row.id;
        book(&self.0, row).await.map_err(unavailable)?;
        let row = self.transfer(id).await?;
        if row.state == TransferState::Refused {
            let why = row.decided_why.unwrap_or_default();
            return Err(Refusal::new(ErrorCode::WrongState, format!("the transfer is refused: {why}")));
        }
        Ok(row)
    }
}

/// What the janitor does with one that is due.
pub(super) async fn look(inner: &Inner, row: BankTransferRow) -> Result<(), StoreError> {
    if row.state == TransferState::Approved {
        return book(inner, row).await;
    }
    is_proven(inner, &row);
    let expired = resealed(inner, &row, BankTransferRow { state: TransferState::Expired, ..row.clone() });
    inner.store.move_bank_transfer(&expired, TransferState::Open).await.map(drop)
}

/// Whether it is what the platform wrote. A person is told when it is not.
fn is_proven(inner: &Inner, row: &BankTransferRow) -> bool {
    let name = Told { table: "bank_transfers", number: row.id.raw(), id: row.id };
    let is_proven = inner.settings.seal.chain_key().proves(row);
    if is_proven {
        inner.alerts.untampered(&name);
    } else {
        inner.alerts.unproven(&name, row.proof.is_some());
    }
    is_proven
}

/// The row as it is to be from now on. One that was changed gets no proof by being moved: it keeps what it has.
fn resealed(inner: &Inner, before: &BankTransferRow, row: BankTransferRow) -> BankTransferRow {
    let key = inner.settings.seal.chain_key();
    if key.proves(before) { key.prove(row) } else { row }
}

async fn book(inner: &Inner, row: BankTransferRow) -> Result<(), StoreError> {
    if !is_proven(inner, &row) {
        return Ok(());
    }
    let booked = BankTransferRow { state: TransferState::Booked, ..row.clone() };
    let (reply, answer) = oneshot::channel();
    let credit = Credit {
        payment: row.id,
        account: row.account_id,
        micros: row.amount_micros,
        currency: row.currency,
        method: "transfer".to_owned(),
        // As in a file of the configuration: the same transfer is not booked by both.
        reference: row.reference.clone(),
        settles: Settles::Transfer { proof: inner.settings.seal.chain_key().proof_of(&booked) },
        reply,
    };
    if !inner.write(Write::Credit(Box::new(credit))).await {
        return Ok(());
    }
    let why = match answer.await {
        Ok(Credited::Now | Credited::Before) | Err(_) => return Ok(()),
        Ok(Credited::ReferenceTaken) => "its reference was booked meanwhile",
        Ok(Credited::Impossible) => "the account pays in another currency, or the ledger has no room for so much",
    };
    let said = row.decided_why.as_ref().map(|said| format!(" (decided because: {said})")).unwrap_or_default();
    let decided_why = Some(format!("{why}{said}"));
    let refused = BankTransferRow { state: TransferState::Refused, decided_why, ..row.clone() };
    let refused = resealed(inner, &row, refused);
    inner.store.move_bank_transfer(&refused, TransferState::Approved).await.map(drop)
}

fn no_account() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is no such account").at("/account")
}

fn reference_taken() -> Refusal {
    Refusal::new(ErrorCode::Conflict, "the account has a payment or a transfer of this reference; where that was refused or has expired, add something to the reference, as in \"INV-1 (2)\"").at("/reference")
}
