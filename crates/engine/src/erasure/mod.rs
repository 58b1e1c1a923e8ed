//! Erasing a number: in messages, CDRs, messages from handsets, and files of CDRs. What was billed stays as it was.
//!
//! An erasure is written down before anything is done, with the number sealed, and done to its end by whoever comes next if it is
//! interrupted: every step finds what is left by looking for the number. A message that is on its way needs its number; such an
//! erasure waits for its end.

mod job;

use sambac_domain::{ErasureId, Msisdn};
use sambac_store::rows::ErasureRow;
use sambac_store::{Erased, Store, StoreError};
use secrecy::ExposeSecret as _;

use crate::cdr::archive::{Archive, ArchiveError, ArchiveFolder};
use crate::clock::Clock;
use crate::kill_point;
use crate::seal::{Seal, SealError};

pub(crate) use job::run;

/// Erases numbers.
pub struct Eraser {
    store: Store,
    seal: Seal,
    clock: Clock,
    archive: Archive,
}

/// Why a number is not erased yet. What was done stays done, and the erasure goes on when it is carried out again.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files of CDRs.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The number cannot be read.
    #[error("the erasure's number: {0}")]
    Sealed(#[from] SealError),
    /// What was sealed is no number.
    #[error("the erasure's number is none")]
    NoNumber,
    /// The number is one that is erased already.
    #[error("this is what an erased number looks like, and nobody's number")]
    ErasedAlready,
    /// There is no such erasure.
    #[error("there is no such erasure")]
    NotFound,
    /// Records were changed by who has not the key: the platform seals none of them anew. All else was done.
    #[error(
        "record {first} of cdr_sms has the number still, as have {others} others: it was changed by who has not the key, and is left as it is; \
         `sambac ledger verify` says what differs, and the erasure goes on when the record is as it was"
    )]
    Changed {
        /// The first of them, by its number in the table.
        first: i64,
        /// How many more.
        others: u64,
    },
}

impl Eraser {
    /// With the files in this folder.
    #[must_use]
    pub fn new(store: Store, seal: Seal, clock: Clock, folder: ArchiveFolder) -> Self {
        let archive = Archive::new(store.clone(), seal.chain_key(), clock.clone(), folder);
        Self { store, seal, clock, archive }
    }

    /// Writes down that a number is to be erased.
    ///
    /// # Errors
    /// [`EraseError`]; nothing is written then.
    pub async fn ask(&self, id: ErasureId, number: Msisdn, by: &str, reason: &str) -> Result<ErasureRow, EraseError> {
        if number.erased() == number {
            return Err(EraseError::ErasedAlready);
        }
        let row = ErasureRow {
            id,
            number_sealed: Some(self.seal.seal_text(id.raw(), &number.to_string())?),
            number_digest: self.seal.chain_key().digest_of(number),
            asked_by: by.to_owned(),
            reason: reason.to_owned(),
            messages: 0,
            records: 0,
            handsets: 0,
            days: 0,
            waiting: 0,
            asked_at: self.clock.now(),
            ended_at: None,
        };
        self.store.keep_erasure(&row).await?;
        Ok(row)
    }

    /// Brings all erasures that are open as far as they can be brought.
    ///
    /// # Errors
    /// [`EraseError`], of the first that cannot be. Changed records keep no other erasure waiting.
    pub async fn carry_out_open(&self) -> Result<Vec<ErasureRow>, EraseError> {
        let (mut done, mut changed) = (Vec::new(), None);
        for row in self.store.open_erasures().await? {
            match self.carry_out(row.id).await {
                Ok(row) => done.push(row),
                Err(error @ EraseError::Changed { .. }) => drop(changed.get_or_insert(error)),
                Err(error) => return Err(error),
            }
        }
        changed.map_or(Ok(done), Err)
    }

    /// Erases the number of this erasure wherever it can be. It has come to its end when nothing waits.
    ///
    /// # Errors
    /// [`EraseError`].
    pub async fn carry_out(&self, id: ErasureId) -> Result<ErasureRow, EraseError> {
        // Until the end of this nobody moves days: a record could be missed on its way between table and file.
        let turn = self.archive.turn()?;
        let mut row = self.store.erasure(id).await?.ok_or(EraseError::NotFound)?;
        let Some(sealed) = row.number_sealed.clone() else { return Ok(row) };
        let digits = self.seal.open_text(id.raw(), &sealed)?;
        let number = Msisdn::from_digits(digits.expose_secret().as_bytes()).map_err(|_| EraseError::NoNumber)?;
        let moved = self.archive.put_back_with(&turn, number).await?;
        kill_point::reached("erase_put_back");
        let left = self.in_tables(number, &mut row).await?;
        kill_point::reached("erase_tables");
        row.days += i64::try_from(moved.len()).unwrap_or_default();
        self.archive.write_anew(&turn, moved).await?;
        if row.waiting == 0 && left.is_none() {
            row.number_sealed = None;
            row.ended_at = Some(self.clock.now());
        }
        self.store.keep_erasure(&row).await?;
        left.map_or(Ok(row), Err)
    }

    /// Answers what is left, if anything is that waits for nothing but a person.
    async fn in_tables(&self, number: Msisdn, row: &mut ErasureRow) -> Result<Option<EraseError>, EraseError> {
        // Messages first: what is open now has no record yet, and is waited for.
        let messages = self.through(Table::Messages, number).await?;
        let records = self.through(Table::Cdrs, number).await?;
        let handsets = self.through(Table::Handsets, number).await?;
        let otps = self.through(Table::Otps, number).await?;
        let opt_outs = self.store.erase_opt_outs(&self.seal.chain_key().opt_out_digest(number).to_vec()).await?;
        // Events tell of ends, so they come after messages.
        self.store.erase_account_events(number).await?;
        let passing = self.store.erase_passing(number).await?;
        let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        row.messages += count(messages.rows + otps.rows);
        row.records += count(records.rows);
        row.handsets += count(handsets.rows + passing + opt_outs);
        row.waiting = count(messages.open + handsets.open + otps.open);
        let others = records.changed.saturating_sub(1);
        Ok(records.first_changed.map(|id| EraseError::Changed { first: id.raw(), others }))
    }

    /// All steps through a table, added up.
    async fn through(&self, table: Table, number: Msisdn) -> Result<Erased, StoreError> {
        let (mut all, mut above) = (Erased::default(), i64::MIN);
        loop {
            let Erased { rows, open, next, changed, first_changed } = match table {
                Table::Messages => self.store.erase_messages(number, above).await?,
                Table::Cdrs => self.store.erase_cdrs(number, above, &self.seal.chain_key(), self.clock.now()).await?,
                Table::Handsets => self.store.erase_handsets(number, above).await?,
                Table::Otps => self.store.erase_otps(number, above).await?,
            };
            all.rows += rows;
            all.open += open;
            all.changed += changed;
            all.first_changed = all.first_changed.or(first_changed);
            match next {
                Some(next) => above = next,
                None => return Ok(all),
            }
        }
    }
}

/// Tables that are walked for a number.
#[derive(Clone, Copy)]
enum Table {
    Messages,
    Cdrs,
    Handsets,
    Otps,
}
