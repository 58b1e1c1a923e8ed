//! An account's opt-out list as the account reads and changes it.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, OptOutId};
use sambac_domain::number::{Msisdn, Sender};
use sambac_store::chain::OPT_OUT_OCTETS;
use sambac_store::rows::{OptOutRow, OptOutSource, OptOutState};
use sambac_store::{OptOutFilter, StoreError};
use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;

use crate::commit::{OptOutWrite, Write};
use crate::refusal::Refusal;
use crate::{Engine, Inner};

/// Numbers that one account may put on its list; persons who write a word are put there beyond that.
pub(super) const NUMBERS_MAX: usize = 1_000_000;

/// A number that is to get no messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedOptOut {
    /// Which.
    pub number: Msisdn,
    /// Of which sender; of all if not given.
    pub sender: Option<Sender>,
    /// Why, in the account's words.
    pub note: String,
}

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutView {
    /// As it is stored.
    pub row: OptOutRow,
    /// The number; `None` once it was erased: the entry counts all the same.
    pub number: Option<Msisdn>,
}

impl Engine {
    /// One of this account's entries.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn opt_out(&self, account: AccountId, id: OptOutId) -> Result<OptOutView, Refusal> {
        let row = self.0.store.opt_out(account, id).await.map_err(|error| unread(&error))?;
        Ok(self.0.opened(row.ok_or(ErrorCode::NotFound)?))
    }

    /// A page of this account's entries, newest first; of one number, if it is given.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn opt_outs(
        &self,
        account: AccountId,
        number: Option<Msisdn>,
        filter: OptOutFilter,
    ) -> Result<Vec<OptOutView>, Refusal> {
        let number_digest = number.map(|number| self.snapshot().opt_outs.digest(number).to_vec());
        let filter = OptOutFilter { number_digest, ..filter };
        let rows = self.0.store.opt_outs_of(account, &filter).await.map_err(|error| unread(&error))?;
        Ok(rows.into_iter().map(|row| self.0.opened(row)).collect())
    }

    /// Puts a number on the list: when it returns, no message is taken to it any more. One that is there already gets the new note.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] when the list is full, [`ErrorCode::ServiceUnavailable`].
    pub async fn add_opt_out(
        &self,
        (account, by): (AccountId, &str),
        wanted: &WantedOptOut,
    ) -> Result<OptOutView, Refusal> {
        self.0.has_room(account, 1)?;
        let row = self.0.said(account, wanted, (OptOutSource::Api, by));
        let (digest, sender) = (row.number_digest.clone(), row.sender.clone());
        self.0.say(vec![(row, Some(wanted.number))], true).await?;
        let row = self.0.store.opt_out_of(account, &digest, &sender).await.map_err(|error| unread(&error))?;
        Ok(self.0.opened(row.ok_or(ErrorCode::ServiceUnavailable)?))
    }

    /// Takes an entry off the list. What was said of the number is kept, with who said it last.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn remove_opt_out(&self, (account, by): (AccountId, &str), id: OptOutId) -> Result<OptOutView, Refusal> {
        let OptOutView { row, number } = self.opt_out(account, id).await?;
        if row.state == OptOutState::In {
            return Ok(OptOutView { row, number });
        }
        let ended = OptOutRow {
            state: OptOutState::In,
            source: OptOutSource::Api,
            set_by: by.to_owned(),
            set_at: self.0.clock.now(),
            ..row
        };
        self.0.say(vec![(ended, number)], true).await?;
        self.opt_out(account, id).await
    }
}

impl Inner {
    /// What an account says of a number.
    pub(super) fn said(
        &self,
        account_id: AccountId,
        wanted: &WantedOptOut,
        (source, by): (OptOutSource, &str),
    ) -> OptOutRow {
        let digest = self.snapshot.load().opt_outs.digest(wanted.number);
        let now = self.clock.now();
        OptOutRow {
            id: OptOutId::from_raw(self.ids.next(now)),
            account_id,
            number_digest: digest.to_vec(),
            sender: wanted.sender.map(|sender| sender.to_string()).unwrap_or_default(),
            number_sealed: self.seal_opted_out(&digest, wanted.number),
            state: OptOutState::Out,
            source,
            set_by: by.to_owned(),
            note: wanted.note.clone(),
            set_at: now,
        }
    }

    /// Has it stored; from then on it holds.
    pub(super) async fn say(&self, said: Vec<(OptOutRow, Option<Msisdn>)>, is_told: bool) -> Result<(), Refusal> {
        let (done, stored) = oneshot::channel();
        let write = OptOutWrite { said, is_told, done };
        if !self.write(Write::OptOut(Box::new(write))).await || stored.await.is_err() {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        Ok(())
    }

    /// Whether an account's list has room for so many more.
    pub(super) fn has_room(&self, account: AccountId, more: usize) -> Result<(), Refusal> {
        if self.snapshot.load().opt_outs.count(account).saturating_add(more) > NUMBERS_MAX {
            let detail = format!("an opt-out list has up to {NUMBERS_MAX} numbers");
            return Err(Refusal::new(ErrorCode::Conflict, detail));
        }
        Ok(())
    }

    /// The number for who may read the list, bound to its digest. `None` when the system has no randomness: then only the digest is kept.
    pub(crate) fn seal_opted_out(&self, digest: &[u8; OPT_OUT_OCTETS], number: Msisdn) -> Option<String> {
        self.settings.seal.seal_text(row_of(digest), &number.to_string()).ok()
    }

    fn opened(&self, row: OptOutRow) -> OptOutView {
        let digest = row.number_digest.first_chunk().copied().unwrap_or_default();
        let digits = row.number_sealed.as_ref().and_then(|it| self.settings.seal.open_text(row_of(&digest), it).ok());
        let number = digits.and_then(|digits| Msisdn::from_digits(digits.expose_secret().as_bytes()).ok());
        OptOutView { row, number }
    }
}

/// What a number is sealed for: its row has another id, which is not known before it is stored.
fn row_of(digest: &[u8; OPT_OUT_OCTETS]) -> i64 {
    digest.first_chunk().map_or(0, |octets| i64::from_be_bytes(*octets))
}

pub(super) fn unread(error: &StoreError) -> Refusal {
    tracing::error!(%error, "an opt-out list was not read");
    ErrorCode::ServiceUnavailable.into()
}
