//! The wallets in memory, and the postings that one group commit makes of many holds and settlements.
//!
//! Admission is decided here, in arrival order, without the database. Postings are per batch, account and kind: each charge
//! names the posting that holds it and the posting that settles it, so `posting.amount = sum of its charges` at all times.
//!
//! Money moves wallet → held (hold), held → revenue (capture) or held → wallet (void). An account's balance is credits
//! minus debits, so all balances of a currency sum to zero.

use std::collections::HashMap;

use sambac_domain::id::{AccountId, IdSource, PostingId};
use sambac_domain::money::Currency;
use sambac_domain::time::Timestamp;
use sambac_store::rows::{AccountRow, BalanceKind, BalanceRow, PostingKind};
use sambac_store::{BalanceDelta, Batch, NewPosting};

/// A client's wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Free to be spent, in micros, not counting credit.
    pub available_micros: i64,
    /// Held for messages on their way.
    pub held_micros: i64,
    /// How far below zero `available_micros` may go.
    pub credit_limit_micros: i64,
    /// The account's currency.
    pub currency: Currency,
}

impl Balance {
    /// Whether `micros` more can be held.
    pub fn allows(&self, micros: i64) -> bool {
        let after = self.available_micros.checked_sub(micros);
        after.is_some_and(|after| after >= self.credit_limit_micros.saturating_neg())
    }
}

/// How a held charge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    Capture,
    Void,
}

/// All wallets, and what the batch being built does to them.
#[derive(Default)]
pub(crate) struct Ledger {
    wallets: HashMap<AccountId, Wallet>,
    revenue: HashMap<Currency, i64>,
    touched: Vec<AccountId>,
}

struct Wallet {
    balance: Balance,
    wallet_id: i64,
    held_id: i64,
    pending: Pending,
}

/// What the batch being built has decided for one account.
#[derive(Default)]
struct Pending {
    listed: bool,
    hold: Option<Sum>,
    capture: Option<Sum>,
    void: Option<Sum>,
}

struct Sum {
    posting: PostingId,
    micros: i64,
}

/// The account has no wallet, or too little in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CannotHold;

impl Ledger {
    /// Takes the balances as they are stored. Only between batches.
    pub(crate) fn load(&mut self, accounts: &[AccountRow], balances: &[BalanceRow]) {
        let by_owner: HashMap<_, _> =
            balances.iter().map(|row| ((row.account_id, row.kind, row.currency), row)).collect();
        let row =
            |account: AccountId, kind: BalanceKind, currency: Currency| by_owner.get(&(Some(account), kind, currency));
        self.wallets = accounts
            .iter()
            .filter_map(|account| {
                let wallet = row(account.id, BalanceKind::Wallet, account.currency)?;
                let held = row(account.id, BalanceKind::Held, account.currency)?;
                let balance = Balance {
                    available_micros: wallet.balance_micros,
                    held_micros: held.balance_micros,
                    credit_limit_micros: account.credit_limit_micros,
                    currency: account.currency,
                };
                let entry = Wallet { balance, wallet_id: wallet.id, held_id: held.id, pending: Pending::default() };
                Some((account.id, entry))
            })
            .collect();
        self.revenue =
            balances.iter().filter(|row| row.kind == BalanceKind::Revenue).map(|row| (row.currency, row.id)).collect();
        self.touched.clear();
    }

    pub(crate) fn balance(&self, account: AccountId) -> Option<Balance> {
        self.wallets.get(&account).map(|wallet| wallet.balance)
    }

    /// Holds `micros` if the wallet allows it, and names the posting that will say so.
    pub(crate) fn hold(
        &mut self,
        account: AccountId,
        micros: i64,
        ids: &IdSource,
        now: Timestamp,
    ) -> Result<PostingId, CannotHold> {
        let wallet = self.wallets.get_mut(&account).ok_or(CannotHold)?;
        if !wallet.balance.allows(micros) {
            return Err(CannotHold);
        }
        let held = wallet.balance.held_micros.checked_add(micros).ok_or(CannotHold)?;
        wallet.balance.held_micros = held;
        wallet.balance.available_micros = wallet.balance.available_micros.checked_sub(micros).ok_or(CannotHold)?;
        touch(&mut self.touched, account, &mut wallet.pending);
        Ok(add(&mut wallet.pending.hold, micros, ids, now))
    }

    /// Ends a hold of `micros`, and names the posting that will say so.
    pub(crate) fn settle(
        &mut self,
        account: AccountId,
        micros: i64,
        how: Settle,
        ids: &IdSource,
        now: Timestamp,
    ) -> Option<PostingId> {
        let wallet = self.wallets.get_mut(&account)?;
        wallet.balance.held_micros = wallet.balance.held_micros.saturating_sub(micros);
        touch(&mut self.touched, account, &mut wallet.pending);
        let sum = match how {
            Settle::Capture => &mut wallet.pending.capture,
            Settle::Void => {
                wallet.balance.available_micros = wallet.balance.available_micros.saturating_add(micros);
                &mut wallet.pending.void
            }
        };
        Some(add(sum, micros, ids, now))
    }

    /// Takes back the holds of a batch that was not stored. Its settlements stay: they are stored again.
    pub(crate) fn forget_holds(&mut self) {
        for account in &self.touched {
            let Some(wallet) = self.wallets.get_mut(account) else { continue };
            if let Some(sum) = wallet.pending.hold.take() {
                wallet.balance.held_micros = wallet.balance.held_micros.saturating_sub(sum.micros);
                wallet.balance.available_micros = wallet.balance.available_micros.saturating_add(sum.micros);
            }
        }
    }

    /// Writes the postings and balance changes of the batch being built.
    pub(crate) fn post(&self, batch: &mut Batch, now: Timestamp) {
        for account in &self.touched {
            let Some(wallet) = self.wallets.get(account) else { continue };
            let Some(&revenue_id) = self.revenue.get(&wallet.balance.currency) else { continue };
            let (own, held) = (wallet.wallet_id, wallet.held_id);
            let movements = [
                (&wallet.pending.hold, PostingKind::Hold, own, held),
                (&wallet.pending.capture, PostingKind::Capture, held, revenue_id),
                (&wallet.pending.void, PostingKind::Void, held, own),
            ];
            for (sum, kind, debit_id, credit_id) in movements {
                // Messages that cost nothing move nothing.
                let Some(Sum { posting, micros }) = sum.as_ref().filter(|sum| sum.micros > 0) else { continue };
                batch.postings.push(NewPosting {
                    id: *posting,
                    debit_id,
                    credit_id,
                    amount_micros: *micros,
                    currency: wallet.balance.currency,
                    kind,
                    created_at: now,
                });
                batch.balances.push(BalanceDelta { id: debit_id, delta_micros: micros.saturating_neg() });
                batch.balances.push(BalanceDelta { id: credit_id, delta_micros: *micros });
            }
        }
    }

    /// The batch is stored: the next one begins.
    pub(crate) fn committed(&mut self) {
        for account in self.touched.drain(..) {
            if let Some(wallet) = self.wallets.get_mut(&account) {
                wallet.pending = Pending::default();
            }
        }
    }
}

fn touch(touched: &mut Vec<AccountId>, account: AccountId, pending: &mut Pending) {
    if !pending.listed {
        pending.listed = true;
        touched.push(account);
    }
}

fn add(sum: &mut Option<Sum>, micros: i64, ids: &IdSource, now: Timestamp) -> PostingId {
    let sum = sum.get_or_insert_with(|| Sum { posting: PostingId::from_raw(ids.next(now)), micros: 0 });
    sum.micros = sum.micros.saturating_add(micros);
    sum.posting
}
