//! Money that has come in: a payment through a provider, or a bank transfer. Each is credited once, by its id and by its
//! reference, which holds the provider's own id: both are read before the group is decided, and unique in the database.

use std::collections::HashSet;

use sambac_domain::Currency;
use sambac_domain::id::{AccountId, PaymentId};
use sambac_domain::ledger::PostingKind;
use sambac_store::rows::PaymentRow;
use sambac_store::{PaymentSucceeded, StoreError, TransferBooked};
use tokio::sync::oneshot;

use super::{Committer, Write};

/// Money to be credited.
pub(crate) struct Credit {
    /// The payment or transfer.
    pub(crate) payment: PaymentId,
    pub(crate) account: AccountId,
    pub(crate) micros: i64,
    pub(crate) currency: Currency,
    /// How it came: the provider's name, or `transfer`.
    pub(crate) method: String,
    /// Unique in the account.
    pub(crate) reference: String,
    /// What has succeeded with it.
    pub(crate) settles: Settles,
    pub(crate) reply: oneshot::Sender<Credited>,
}

/// What has succeeded when money is credited.
pub(crate) enum Settles {
    /// A payment through a provider, with its id there.
    Payment { provider_payment_id: String },
    /// A bank transfer, with the proof of one that is booked.
    Transfer { proof: Vec<u8> },
}

/// What came of a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credited {
    /// The money is in the wallet, durably.
    Now,
    /// It was before.
    Before,
    /// Another payment of the account has this reference.
    ReferenceTaken,
    /// The account has no wallet of this currency, or a sum does not fit.
    Impossible,
}

/// What is credited already, of what the present group is about.
#[derive(Default)]
pub(super) struct Credits {
    payments: HashSet<PaymentId>,
    references: HashSet<(AccountId, String)>,
}

impl Credits {
    fn insert(&mut self, payment: PaymentId, account: AccountId, reference: &str) {
        self.payments.insert(payment);
        self.references.insert((account, reference.to_ascii_uppercase()));
    }
}

impl Committer {
    /// Reads which of the group's credits were made before.
    pub(super) async fn load_credits(&mut self, inbox: &[Write]) -> Result<(), StoreError> {
        self.credits = Credits::default();
        for write in inbox {
            let Write::Credit(credit) = write else { continue };
            let by_id = self.inner.own_store.payments_by_ids(&[credit.payment]).await?;
            let by_reference = self.inner.own_store.payment(credit.account, &credit.reference).await?;
            for row in by_id.into_iter().chain(by_reference) {
                self.credits.insert(row.id, row.account_id, &row.reference);
            }
        }
        Ok(())
    }

    pub(super) fn credit(&mut self, credit: Credit) {
        let Credit { payment, account, micros, currency, method, reference, settles, reply } = credit;
        if self.credits.payments.contains(&payment) {
            return self.after.credited(reply, Credited::Before);
        }
        if self.credits.references.contains(&(account, reference.to_ascii_uppercase())) {
            return self.after.credited(reply, Credited::ReferenceTaken);
        }
        let posted = {
            let mut ledger = self.inner.ledger();
            let fits = micros > 0 && ledger.balance(account).is_some_and(|balance| balance.currency == currency);
            let payer = ledger.book().payer(account);
            let posted = fits.then(|| ledger.post(payer, PostingKind::Credit, micros, &self.inner.ids, self.now).ok());
            posted.flatten()
        };
        let Some(posting_id) = posted else { return self.after.credited(reply, Credited::Impossible) };
        self.credits.insert(payment, account, &reference);
        self.batch.payments.push(PaymentRow {
            id: payment,
            account_id: account,
            amount_micros: micros,
            currency,
            method,
            reference,
            posting_id,
            created_at: self.now,
            block_id: 0,
        });
        match settles {
            Settles::Payment { provider_payment_id } => {
                let ended_at = self.now;
                self.batch.payments_succeeded.push(PaymentSucceeded { id: payment, provider_payment_id, ended_at });
            }
            Settles::Transfer { proof } => {
                self.batch.transfers_booked.push(TransferBooked { id: payment, proof });
            }
        }
        self.after.credited(reply, Credited::Now);
    }
}
