//! From a file to the database: planned, shown, written.
//!
//! ```text
//! let prepared = provisioning.prepare(&file, &secrets).await?;
//! prepared.differences();                       // dropped here, it was a dry run
//! prepared.commit("alice", "apply site.toml").await?;
//! ```

use std::borrow::Cow;
use std::collections::HashSet;

use sambac_domain::money::Micros;
use sambac_domain::payment::TransferState;
use sambac_domain::{BookId, IdSource, PaymentId, Timestamp};
use sambac_store::rows::AdminKeyRow;
use sambac_store::{Configuration, Store, StoreError, UnitOfWork};

use super::difference::{Difference, Names, differences};
use super::file::File;
use super::plan::{self, Changes, Context, Credit, Problems};
use super::secrets::{Issued, Secrets};
use super::write;
use crate::audit::Event;
use crate::refusal::Refusal;
use crate::seal::Seal;
use crate::tariff::current::{self, CurrentRates};

/// How often a plan is made anew because somebody else changed the configuration meanwhile.
const PLANS_MAX: u32 = 5;

/// What provisioning works with.
#[derive(Clone, Copy)]
pub struct Provisioning<'a> {
    /// The database.
    pub store: &'a Store,
    /// Encrypts what is stored.
    pub seal: &'a Seal,
    /// Numbers new things.
    pub ids: &'a IdSource,
    /// Dates them.
    pub now: Timestamp,
}

/// Why what is wanted was not written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It is wrong; nothing was written.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// The database refused it; nothing was written, but for payments whose number is told by the next run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It does not go with what is stored; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others changed the configuration at the same time, again and again.
    #[error("the configuration is being changed by others: try again")]
    Busy,
}

/// Changes that are written and not yet kept. Dropping them leaves everything as it was.
pub struct Prepared<'a> {
    provisioning: Provisioning<'a>,
    work: UnitOfWork,
    changes: Changes,
    differences: Vec<Difference>,
}

/// What is wanted, once it is known what is stored.
pub(super) struct Wanted<'f> {
    pub(super) file: Cow<'f, File>,
    /// What is stored, with the names that things are to have, where these change.
    pub(super) renamed: Option<Configuration>,
}

impl<'a> Provisioning<'a> {
    /// Plans `file` and writes the plan into a unit of work that is still open.
    ///
    /// # Errors
    /// [`ApplyError`]: everything that is wrong, at once.
    pub async fn prepare(self, file: &File, secrets: &Secrets<'_>) -> Result<Prepared<'a>, ApplyError> {
        self.prepare_with(secrets, |_| Ok(Wanted { file: Cow::Borrowed(file), renamed: None })).await
    }

    /// The same with a file that depends on what is stored; `wanted` is asked again when that has changed meanwhile.
    pub(super) async fn prepare_with<'f>(
        self,
        secrets: &Secrets<'_>,
        wanted: impl Fn(&Configuration) -> Result<Wanted<'f>, ApplyError>,
    ) -> Result<Prepared<'a>, ApplyError> {
        // Slow hashes are made while planning, so that happens before the database is held.
        for _ in 0..PLANS_MAX {
            let stored = self.store.load_configuration().await?;
            let Wanted { file, renamed } = wanted(&stored)?;
            let as_named = renamed.as_ref().unwrap_or(&stored);
            let rates = rates_of_now(self.store, as_named, &file, self.now).await?;
            let (ids, now, seal) = (self.ids, self.now, self.seal);
            let context = Context { stored: as_named, rates: &rates, ids, now, seal, secrets };
            let mut changes = without_booked(self.store, plan::plan(&file, &context)?).await?;
            changes.add_renamed(&stored, as_named);
            let mut work = self.store.begin_configuration().await?;
            if self.store.configuration_version().await? != stored.version {
                continue;
            }
            write::configuration(&mut work, &changes).await?;
            let differences = differences(work.changes(), &Names::of(&stored));
            return Ok(Prepared { provisioning: self, work, changes, differences });
        }
        Err(ApplyError::Busy)
    }
}

impl Prepared<'_> {
    /// What changes, object by object and field by field.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// How many things change, by kind; payments count, too.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        self.changes.counts()
    }

    /// The payments that it would book, and the admin keys that it would make or change.
    pub(super) fn money_and_keys(&self) -> (&[Credit], &[AdminKeyRow]) {
        (&self.changes.payments, &self.changes.admin_keys)
    }

    /// Connectors that would show the password which they have to somebody else.
    pub(super) fn led_elsewhere(&self) -> &[String] {
        &self.changes.led_elsewhere
    }

    /// Secrets that were made.
    pub fn issued(&self) -> &[Issued] {
        &self.changes.issued
    }

    /// Keeps everything, with a version of it, and books the payments. Answers the version's number, if there is one, and the
    /// secrets.
    ///
    /// # Errors
    /// [`ApplyError::Store`].
    pub async fn commit(mut self, author: &str, reason: &str) -> Result<(Option<i64>, Vec<Issued>), ApplyError> {
        let number = self.work.keep_version(author, reason, self.provisioning.now).await?;
        if number.is_some() || !self.changes.balances.is_empty() {
            self.work.commit().await?;
        } else {
            // Nothing was changed: nobody has to look.
            drop(self.work);
        }
        for credit in &self.changes.payments {
            let booked = Event::new(author, "payment.booked", PaymentId::from_raw(credit.payment_id).to_string())
                .of(credit.account.id)
                .with("amount", Micros(credit.amount_micros).to_string())
                .with("currency", credit.account.currency.to_string())
                .with("reference", credit.reference.as_str())
                .with("reason", reason);
            self.provisioning.store.append_audit(&[booked.entry(self.provisioning.now)]).await?;
            write::book(self.provisioning.store, credit, &self.provisioning.seal.chain_key()).await?;
        }
        Ok((number, self.changes.issued))
    }
}

/// The rates of now of the tariffs that the file gives rates for.
async fn rates_of_now(
    store: &Store,
    stored: &Configuration,
    file: &File,
    now: Timestamp,
) -> Result<CurrentRates, StoreError> {
    let named = file.tariff.iter().filter(|tariff| tariff.rate.is_some()).map(|tariff| &tariff.name);
    let named: HashSet<&String> = named.collect();
    let wanted = stored.tariffs.iter().filter(|row| named.contains(&row.name)).map(|row| BookId::from(row.id));
    let wanted: HashSet<BookId> = wanted.collect();
    current::rates(store, stored, now, u32::MAX, |book| wanted.contains(&book)).await
}

/// Leaves out payments that are booked; one that is booked with another amount is a fault of the file.
async fn without_booked(store: &Store, mut changes: Changes) -> Result<Changes, ApplyError> {
    let mut due = Vec::new();
    for credit in changes.payments.drain(..) {
        match store.payment(credit.account.id, &credit.reference).await? {
            None => match store.bank_transfer_of(credit.account.id, &credit.reference).await? {
                Some(transfer) if transfer.state != TransferState::Expired => {
                    let problem = format!(
                        "account \"{}\": payment \"{}\" is bank transfer {}, which is {}: it is not booked in another way",
                        credit.account.name,
                        credit.reference,
                        transfer.id,
                        transfer.state.as_str()
                    );
                    return Err(Problems(vec![problem]).into());
                }
                _ => due.push(credit),
            },
            Some(booked) if booked.amount_micros == credit.amount_micros => {}
            Some(booked) => {
                let (account, reference) = (&credit.account.name, &credit.reference);
                let problem = format!(
                    "account \"{account}\": payment \"{reference}\" is booked with {}, not {}",
                    Micros(booked.amount_micros),
                    Micros(credit.amount_micros)
                );
                return Err(Problems(vec![problem]).into());
            }
        }
    }
    Ok(Changes { payments: due, ..changes })
}
