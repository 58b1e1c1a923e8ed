//! The wallets as the group commit uses them: read from their rows, and written as the postings of a batch.

use std::collections::HashMap;

use sambac_domain::id::{AccountId, IdSource, PostingId};
use sambac_domain::ledger::{Balance, BalanceKind, Book, LedgerAccounts, Mark, Opening, PostingKind, Refused};
use sambac_domain::time::Timestamp;
use sambac_store::chain::SHARD_OF_ENGINE;
use sambac_store::rows::{AccountRow, BalanceRow};
use sambac_store::{BalanceDelta, Batch, NewPosting};

/// All wallets, and what the batch being built does to them.
#[derive(Default)]
pub(crate) struct Ledger {
    book: Book,
}

/// An amount that is held for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    /// The posting that says so.
    pub(crate) posting: PostingId,
    /// Whose wallet it is held in.
    pub(crate) payer: AccountId,
}

impl Ledger {
    /// Takes the balances as they are stored. Only between batches.
    pub(crate) fn load(&mut self, accounts: &[AccountRow], balances: &[BalanceRow]) {
        let by_owner: HashMap<_, _> =
            balances.iter().map(|row| ((row.account_id, row.kind, row.currency), row)).collect();
        let opening = |account: &AccountRow| {
            let row = |kind: BalanceKind| by_owner.get(&(Some(account.id), kind, account.currency));
            let (wallet, held) = (row(BalanceKind::Wallet)?, row(BalanceKind::Held)?);
            let balance = Balance {
                available_micros: wallet.balance_micros,
                held_micros: held.balance_micros,
                credit_limit_micros: account.credit_limit_micros,
                currency: account.currency,
            };
            let accounts = LedgerAccounts { wallet_id: wallet.id, held_id: held.id };
            Some(Opening { account: account.id, balance, accounts })
        };
        let shared = accounts.iter().filter_map(|account| Some((account.id, account.wallet_of?)));
        let ours = balances.iter().filter(|row| row.account_id.is_none() && row.shard == SHARD_OF_ENGINE);
        let ours = ours.map(|row| ((row.kind, row.currency), row.id));
        self.book = Book::new(accounts.iter().filter_map(opening), shared, ours);
    }

    /// The wallet that an account pays from.
    pub(crate) fn balance(&self, account: AccountId) -> Option<Balance> {
        self.book.balance(account)
    }

    /// The wallets themselves.
    pub(crate) fn book(&mut self) -> &mut Book {
        &mut self.book
    }

    /// Holds `micros` if the wallet allows it.
    pub(crate) fn hold(
        &mut self,
        account: AccountId,
        micros: i64,
        ids: &IdSource,
        now: Timestamp,
    ) -> Result<Hold, Refused> {
        let payer = self.book.payer(account);
        let posting = self.post(payer, PostingKind::Hold, micros, ids, now)?;
        Ok(Hold { posting, payer })
    }

    /// Moves `micros`, and names the posting that will say so.
    pub(crate) fn post(
        &mut self,
        payer: AccountId,
        kind: PostingKind,
        micros: i64,
        ids: &IdSource,
        now: Timestamp,
    ) -> Result<PostingId, Refused> {
        self.book.post(payer, kind, micros, || PostingId::from_raw(ids.next(now)))
    }

    /// This moment of the batch.
    pub(crate) fn mark(&self) -> Mark {
        self.book.mark()
    }

    /// Takes back what was decided before `mark` in a batch that was not stored. What came later is stored again.
    pub(crate) fn forget_first(&mut self, mark: Mark) {
        self.book.forget_first(mark);
    }

    /// Writes the postings and balance changes of the batch being built.
    pub(crate) fn write(&self, batch: &mut Batch, now: Timestamp) {
        for posting in self.book.postings() {
            batch.postings.push(NewPosting {
                id: posting.id,
                debit_id: posting.debit_id,
                credit_id: posting.credit_id,
                amount_micros: posting.micros,
                currency: posting.currency,
                kind: posting.kind,
                created_at: now,
                block_id: 0,
            });
            let taken = posting.micros.saturating_neg();
            batch.balances.push(BalanceDelta { id: posting.debit_id, delta_micros: taken });
            batch.balances.push(BalanceDelta { id: posting.credit_id, delta_micros: posting.micros });
        }
    }

    /// The batch is stored: the next one begins.
    pub(crate) fn committed(&mut self) {
        self.book.committed();
    }
}
