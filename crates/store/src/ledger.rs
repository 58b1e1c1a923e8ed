//! Payments, and the check that all money is where it should be.

use sambac_domain::{AccountId, Currency, PostingId};

use crate::batch::{BalanceDelta, Batch};
use crate::query::query;
use crate::rows::{BalanceRow, PaymentRow, PostingRow};
use crate::{Store, StoreError};

/// What [`Store::ledger_check`] found. All lists of mismatches are empty and all sums zero when all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCheck {
    /// Sum of all balances of each currency, in micros: zero.
    pub sum_by_currency: Vec<(Currency, i64)>,
    /// Balances that are not the sum of their postings.
    pub postings_vs_balances: Vec<BalanceMismatch>,
    /// Holds, captures and voids that are not the sum of their charges.
    pub postings_vs_charges: Vec<PostingMismatch>,
    /// What is reserved, by account and currency.
    pub open_holds: Vec<OpenHolds>,
}

/// A balance that is not the sum of its postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceMismatch {
    /// The ledger account.
    pub id: i64,
    /// What the row says, in micros.
    pub balance_micros: i64,
    /// Credits minus debits, in micros.
    pub postings_micros: i64,
}

/// A posting that is not the sum of its charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostingMismatch {
    /// The posting.
    pub id: PostingId,
    /// What the row says, in micros.
    pub amount_micros: i64,
    /// The sum of the charges that name it, in micros.
    pub charges_micros: i64,
}

/// What is reserved for one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenHolds {
    /// Whose.
    pub account_id: AccountId,
    /// Currency.
    pub currency: Currency,
    /// How many charges are held.
    pub charges: i64,
    /// Their sum, in micros.
    pub charges_micros: i64,
    /// What the account's `held` balance says, in micros: the same.
    pub held_micros: i64,
}

impl LedgerCheck {
    /// Whether every sum is right.
    pub fn is_balanced(&self) -> bool {
        self.sum_by_currency.iter().all(|(_, sum)| *sum == 0)
            && self.postings_vs_balances.is_empty()
            && self.postings_vs_charges.is_empty()
            && self.open_holds.iter().all(|held| held.charges_micros == held.held_micros)
    }
}

impl Store {
    /// Makes ledger accounts that are missing. One that is there, by account, kind and currency, stays as it is.
    pub async fn ensure_balances(&self, balances: &[BalanceRow]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for balance in balances {
            work.ensure_balance(balance).await?;
        }
        work.commit().await
    }

    /// Writes a payment, its posting and what that changes in balances. Answers `false`, and changes nothing, when
    /// the account has a payment of this reference already.
    pub async fn credit(&self, payment: &PaymentRow, posting: &PostingRow) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let batch = Batch {
            balances: vec![
                BalanceDelta { id: posting.debit_id, delta_micros: -posting.amount_micros },
                BalanceDelta { id: posting.credit_id, delta_micros: posting.amount_micros },
            ],
            postings: vec![posting.clone()],
            ..Batch::default()
        };
        if !work.insert_payment(payment).await? {
            return Ok(false);
        }
        work.write(&batch).await?;
        work.commit().await.map(|()| true)
    }

    /// The payment of this account with this reference.
    pub async fn payment(&self, account: AccountId, reference: &str) -> Result<Option<PaymentRow>, StoreError> {
        let reference = reference.to_owned();
        let payment = crate::query::select::<PaymentRow>("WHERE account_id = $1 AND reference = $2");
        payment.bind(&account).bind(&reference).first(self.pool()).await
    }

    /// The ledger accounts of one customer account.
    pub async fn balances_of(&self, account: AccountId) -> Result<Vec<BalanceRow>, StoreError> {
        crate::query::select::<BalanceRow>("WHERE account_id = $1 ORDER BY id").bind(&account).all(self.pool()).await
    }

    /// Adds everything up again. Reads all postings and charges: for tests, start and jobs.
    pub async fn ledger_check(&self) -> Result<LedgerCheck, StoreError> {
        let pool = self.pool();
        let balances = query(POSTINGS_VS_BALANCES).all::<(i64, i64, i64)>(pool).await?.into_iter();
        let postings = query(POSTINGS_VS_CHARGES).all::<(PostingId, i64, i64)>(pool).await?.into_iter();
        let holds = query(OPEN_HOLDS).all::<(AccountId, Currency, i64, i64, i64)>(pool).await?.into_iter();
        Ok(LedgerCheck {
            sum_by_currency: query(SUM_BY_CURRENCY).all(pool).await?,
            postings_vs_balances: balances
                .map(|(id, balance_micros, postings_micros)| BalanceMismatch { id, balance_micros, postings_micros })
                .collect(),
            postings_vs_charges: postings
                .map(|(id, amount_micros, charges_micros)| PostingMismatch { id, amount_micros, charges_micros })
                .collect(),
            open_holds: holds
                .map(|(account_id, currency, charges, charges_micros, held_micros)| OpenHolds {
                    account_id,
                    currency,
                    charges,
                    charges_micros,
                    held_micros,
                })
                .collect(),
        })
    }
}

const SUM_BY_CURRENCY: &str =
    "SELECT currency, CAST(SUM(balance_micros) AS BIGINT) FROM balances GROUP BY currency ORDER BY currency";

const POSTINGS_VS_BALANCES: &str = "
    SELECT b.id, b.balance_micros, CAST(COALESCE(SUM(m.micros), 0) AS BIGINT)
    FROM balances b
    LEFT JOIN (
        SELECT credit_id AS id, amount_micros AS micros FROM ledger_postings
        UNION ALL
        SELECT debit_id AS id, -amount_micros AS micros FROM ledger_postings
    ) m ON m.id = b.id
    GROUP BY b.id, b.balance_micros
    HAVING b.balance_micros <> COALESCE(SUM(m.micros), 0)
    ORDER BY b.id";

/// A posting may be missing when its charges sum up to nothing: no posting moves nothing.
const POSTINGS_VS_CHARGES: &str = "
    SELECT s.id, CAST(SUM(s.posted) AS BIGINT), CAST(SUM(s.charged) AS BIGINT)
    FROM (
        SELECT id, amount_micros AS posted, 0 AS charged FROM ledger_postings WHERE kind <> 'credit'
        UNION ALL
        SELECT hold_posting_id AS id, 0 AS posted, amount_micros AS charged FROM charges
        UNION ALL
        SELECT settle_posting_id AS id, 0 AS posted, amount_micros AS charged FROM charges
        WHERE settle_posting_id IS NOT NULL
    ) s
    GROUP BY s.id
    HAVING SUM(s.posted) <> SUM(s.charged)
    ORDER BY s.id";

const OPEN_HOLDS: &str = "
    SELECT h.account_id, h.currency, CAST(SUM(h.charges) AS BIGINT), CAST(SUM(h.charged) AS BIGINT),
        CAST(SUM(h.held) AS BIGINT)
    FROM (
        SELECT account_id, currency, COUNT(*) AS charges, SUM(amount_micros) AS charged, 0 AS held
        FROM charges WHERE state = 0 GROUP BY account_id, currency
        UNION ALL
        SELECT account_id, currency, 0 AS charges, 0 AS charged, balance_micros AS held
        FROM balances WHERE kind = 'held' AND account_id IS NOT NULL
    ) h
    GROUP BY h.account_id, h.currency
    ORDER BY h.account_id, h.currency";
