//! The wallets of one shard in memory, and what the batch being built does to them.
//!
//! Admission is decided here, in order of arrival, without the database. Each decision is remembered as a step until the
//! batch is stored, so that a part of them can be taken back: a linked group of which one was refused, or what is new in a
//! batch that the database refused.

use std::collections::HashMap;

use super::balance::{Balance, BalanceKind, PostingKind};
use crate::id::{AccountId, PostingId};
use crate::money::Currency;

/// All wallets, and the batch being built.
#[derive(Debug, Default)]
pub struct Book {
    wallets: HashMap<AccountId, Wallet>,
    /// Whose wallet pays, for accounts that share another's.
    payers: HashMap<AccountId, AccountId>,
    ours: HashMap<(BalanceKind, Currency), i64>,
    touched: Vec<AccountId>,
    steps: Vec<Step>,
}

/// A wallet as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whose it is.
    pub account: AccountId,
    /// What is in it.
    pub balance: Balance,
    /// Its ledger accounts.
    pub accounts: LedgerAccounts,
}

/// The two ledger accounts of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerAccounts {
    /// What can be spent.
    pub wallet_id: i64,
    /// What is set aside.
    pub held_id: i64,
}

/// A movement between two ledger accounts: all of its kind and wallet in one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its id.
    pub id: PostingId,
    /// Why.
    pub kind: PostingKind,
    /// The ledger account that gives.
    pub debit_id: i64,
    /// The ledger account that gets.
    pub credit_id: i64,
    /// Above zero.
    pub micros: i64,
    /// Of both accounts.
    pub currency: Currency,
}

/// Why a wallet does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is none.
    NoWallet,
    /// It has too little in it.
    Insufficient,
    /// The amount is below zero, a sum does not fit, or more than is held would leave.
    Impossible,
}

/// A moment in the making of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

#[derive(Debug)]
struct Wallet {
    balance: Balance,
    accounts: LedgerAccounts,
    listed: bool,
    sums: [Option<Sum>; PostingKind::COUNT],
}

#[derive(Clone, Copy, Debug)]
struct Sum {
    posting: PostingId,
    micros: i64,
    steps: u32,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    wallet: AccountId,
    kind: PostingKind,
    micros: i64,
}

impl Book {
    /// With these wallets; `shared` are accounts that pay from another's wallet, and `ours` our own ledger accounts.
    pub fn new(
        wallets: impl IntoIterator<Item = Opening>,
        shared: impl IntoIterator<Item = (AccountId, AccountId)>,
        ours: impl IntoIterator<Item = ((BalanceKind, Currency), i64)>,
    ) -> Self {
        let wallet = |opening: Opening| {
            let Opening { account, balance, accounts } = opening;
            (account, Wallet { balance, accounts, listed: false, sums: [None; PostingKind::COUNT] })
        };
        Self {
            wallets: wallets.into_iter().map(wallet).collect(),
            payers: shared.into_iter().collect(),
            ours: ours.into_iter().collect(),
            touched: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Whose wallet an account pays from: its own, or the one it shares.
    pub fn payer(&self, account: AccountId) -> AccountId {
        if self.payers.is_empty() { account } else { self.payers.get(&account).copied().unwrap_or(account) }
    }

    /// The wallet that an account pays from.
    pub fn balance(&self, account: AccountId) -> Option<Balance> {
        self.wallets.get(&self.payer(account)).map(|wallet| wallet.balance)
    }

    /// Moves `micros` from or to the wallet of `payer`, and names the posting that will say so. A sum of nothing gets a name
    /// and no posting.
    ///
    /// # Errors
    /// [`Refused`]; nothing has changed then.
    pub fn post(
        &mut self,
        payer: AccountId,
        kind: PostingKind,
        micros: i64,
        next_id: impl FnOnce() -> PostingId,
    ) -> Result<PostingId, Refused> {
        let wallet = self.wallets.get_mut(&payer).ok_or(Refused::NoWallet)?;
        if micros < 0 {
            return Err(Refused::Impossible);
        }
        if kind.asks_the_limit() && !wallet.balance.allows(micros) {
            return Err(Refused::Insufficient);
        }
        let after = wallet.balance.after(kind, micros).ok_or(Refused::Impossible)?;
        let slot = &mut wallet.sums[kind.index()];
        let (before, steps) = slot.map_or((0, 0), |sum| (sum.micros, sum.steps));
        let sum = before.checked_add(micros).ok_or(Refused::Impossible)?;
        let posting = slot.map_or_else(next_id, |sum| sum.posting);
        *slot = Some(Sum { posting, micros: sum, steps: steps.saturating_add(1) });
        wallet.balance = after;
        if !wallet.listed {
            wallet.listed = true;
            self.touched.push(payer);
        }
        self.steps.push(Step { wallet: payer, kind, micros });
        Ok(posting)
    }

    /// This moment of the batch.
    pub fn mark(&self) -> Mark {
        Mark(self.steps.len())
    }

    /// Takes back what was decided since `mark`.
    pub fn roll_back(&mut self, mark: Mark) {
        for step in self.steps.split_off(mark.0.min(self.steps.len())) {
            self.undo(step);
        }
    }

    /// Takes back what was decided before `mark`, and keeps what came later.
    pub fn forget_first(&mut self, mark: Mark) {
        let later = self.steps.split_off(mark.0.min(self.steps.len()));
        for step in std::mem::replace(&mut self.steps, later) {
            self.undo(step);
        }
    }

    /// What the batch being built moves, in the order in which wallets were touched.
    pub fn postings(&self) -> impl Iterator<Item = Posting> + '_ {
        self.touched
            .iter()
            .filter_map(|account| self.wallets.get(account))
            .flat_map(|wallet| PostingKind::ALL.iter().filter_map(|kind| self.posting(wallet, *kind)))
    }

    /// The batch is stored: the next one begins.
    pub fn committed(&mut self) {
        self.steps.clear();
        for account in self.touched.drain(..) {
            if let Some(wallet) = self.wallets.get_mut(&account) {
                wallet.listed = false;
                wallet.sums = [None; PostingKind::COUNT];
            }
        }
    }

    fn undo(&mut self, step: Step) {
        let Some(wallet) = self.wallets.get_mut(&step.wallet) else { return };
        wallet.balance = wallet.balance.before(step.kind, step.micros);
        let slot = &mut wallet.sums[step.kind.index()];
        *slot = slot.and_then(|sum| {
            let steps = sum.steps.saturating_sub(1);
            (steps > 0).then_some(Sum { micros: sum.micros.saturating_sub(step.micros), steps, ..sum })
        });
    }

    fn posting(&self, wallet: &Wallet, kind: PostingKind) -> Option<Posting> {
        // What costs nothing moves nothing.
        let sum = wallet.sums[kind.index()].filter(|sum| sum.micros > 0)?;
        let currency = wallet.balance.currency;
        let id_of = |which: BalanceKind| match which {
            BalanceKind::Wallet => Some(wallet.accounts.wallet_id),
            BalanceKind::Held => Some(wallet.accounts.held_id),
            ours => self.ours.get(&(ours, currency)).copied(),
        };
        let (from, to) = kind.between();
        let (debit_id, credit_id) = (id_of(from)?, id_of(to)?);
        Some(Posting { id: sum.posting, kind, debit_id, credit_id, micros: sum.micros, currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANK: AccountId = AccountId::from_raw(256);
    const BRANCH: AccountId = AccountId::from_raw(512);

    fn eur() -> Currency {
        "EUR".parse().unwrap()
    }

    fn book(available_micros: i64, credit_limit_micros: i64) -> Book {
        let balance = Balance { available_micros, held_micros: 0, credit_limit_micros, currency: eur() };
        let opening = Opening { account: BANK, balance, accounts: LedgerAccounts { wallet_id: 1, held_id: 2 } };
        let ours = [((BalanceKind::Revenue, eur()), 3), ((BalanceKind::Funding, eur()), 4)];
        Book::new([opening], [(BRANCH, BANK)], ours)
    }

    fn post(book: &mut Book, kind: PostingKind, micros: i64) -> Result<PostingId, Refused> {
        let id = PostingId::from_raw(1_000 + i64::try_from(kind.index()).unwrap());
        book.post(BANK, kind, micros, || id)
    }

    #[test]
    fn what_is_of_one_kind_becomes_one_posting() {
        let mut book = book(10, 5);
        let first = post(&mut book, PostingKind::Hold, 7).unwrap();
        assert_eq!(post(&mut book, PostingKind::Hold, 8), Ok(first));
        assert_eq!(post(&mut book, PostingKind::Hold, 1), Err(Refused::Insufficient));
        post(&mut book, PostingKind::Capture, 4).unwrap();
        post(&mut book, PostingKind::Void, 0).unwrap();
        let postings: Vec<_> = book.postings().map(|p| (p.kind, p.debit_id, p.credit_id, p.micros)).collect();
        assert_eq!(postings, [(PostingKind::Hold, 1, 2, 15), (PostingKind::Capture, 2, 3, 4)]);
        let balance = book.balance(BANK).unwrap();
        assert_eq!((balance.available_micros, balance.held_micros), (-5, 11));
        book.committed();
        assert_eq!((book.postings().count(), book.balance(BANK)), (0, Some(balance)));
    }

    #[test]
    fn a_late_fact_goes_below_the_limit_and_nothing_else_does() {
        let mut book = book(0, 0);
        for kind in [PostingKind::Hold, PostingKind::Debit] {
            assert_eq!(post(&mut book, kind, 1), Err(Refused::Insufficient));
        }
        post(&mut book, PostingKind::Correct, 3).unwrap();
        assert_eq!(book.balance(BANK).unwrap().below_limit_micros(), 3);
    }

    #[test]
    fn more_than_is_held_does_not_leave_it() {
        let mut book = book(10, 0);
        post(&mut book, PostingKind::Hold, 5).unwrap();
        for kind in [PostingKind::Capture, PostingKind::Void, PostingKind::Expire] {
            assert_eq!(post(&mut book, kind, 6), Err(Refused::Impossible));
        }
        assert_eq!(post(&mut book, PostingKind::Hold, -1), Err(Refused::Impossible));
        assert_eq!(post(&mut book, PostingKind::Credit, i64::MAX), Err(Refused::Impossible), "it would not fit");
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let mut book = book(10, 0);
        post(&mut book, PostingKind::Hold, 5).unwrap();
        let (mark, before) = (book.mark(), book.balance(BANK));
        post(&mut book, PostingKind::Hold, 2).unwrap();
        post(&mut book, PostingKind::Debit, 3).unwrap();
        book.roll_back(mark);
        assert_eq!((book.balance(BANK), book.postings().map(|p| p.micros).collect::<Vec<_>>()), (before, vec![5]));
    }

    #[test]
    fn what_is_new_is_taken_back_alone() {
        let mut book = book(10, 0);
        post(&mut book, PostingKind::Hold, 5).unwrap();
        book.committed();
        post(&mut book, PostingKind::Hold, 4).unwrap();
        let mark = book.mark();
        post(&mut book, PostingKind::Capture, 5).unwrap();
        book.forget_first(mark);
        let balance = book.balance(BANK).unwrap();
        assert_eq!((balance.available_micros, balance.held_micros), (5, 0));
        assert_eq!(book.postings().map(|p| p.kind).collect::<Vec<_>>(), [PostingKind::Capture]);
    }

    #[test]
    fn a_shared_wallet_pays_for_its_members() {
        let book = book(10, 0);
        assert_eq!((book.payer(BRANCH), book.balance(BRANCH)), (BANK, book.balance(BANK)));
    }
}
