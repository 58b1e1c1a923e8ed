//! What ledger accounts had at a past moment, and what has moved between two: added up from postings, which never change.
//!
//! A moment is told by when postings were made: what was made before it counts, what was made at it does not. The database adds up;
//! what comes back is a few lines, however long the ledger is.

use sambac_domain::ledger::{BalanceKind, PostingKind};
use sambac_domain::{AccountId, Currency, Timestamp};

use crate::query::query;
use crate::rows::Row;
use crate::value::Columns;
use crate::{Store, StoreError};

/// What the postings of one kind did to one ledger account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The account's wallet, or what is held for it.
    pub balance: BalanceKind,
    /// Its currency.
    pub currency: Currency,
    /// Why money moved.
    pub kind: PostingKind,
    /// What these postings had come to when the span began, in micros.
    pub before_micros: i64,
    /// What came within the span.
    pub credit_micros: i64,
    /// What went within the span.
    pub debit_micros: i64,
    /// Postings within the span.
    pub postings: i64,
}

/// All ledger accounts of one kind and currency, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialLine {
    /// What they are for.
    pub balance: BalanceKind,
    /// Their currency.
    pub currency: Currency,
    /// How many of them have postings.
    pub accounts: i64,
    /// What has come to them, in micros.
    pub credit_micros: i64,
    /// What has gone from them.
    pub debit_micros: i64,
}

impl Store {
    /// What moved in an account's ledger accounts from `from` on and before `until`, and what was there before, by kind of posting.
    pub async fn statement(
        &self,
        account: AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<StatementLine>, StoreError> {
        query(STATEMENT).bind(&account).bind(&from).bind(&until).all(self.pool()).await
    }

    /// What all ledger accounts had before `at`: credits and debits of each currency are the same.
    pub async fn trial_balance(&self, at: Timestamp) -> Result<Vec<TrialLine>, StoreError> {
        query(TRIAL_BALANCE).bind(&at).all(self.pool()).await
    }
}

impl Row for StatementLine {
    const SOURCE: &'static str = "statement";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            balance: columns.take()?,
            currency: columns.take()?,
            kind: columns.take()?,
            before_micros: columns.take()?,
            credit_micros: columns.take()?,
            debit_micros: columns.take()?,
            postings: columns.take()?,
        })
    }
}

impl Row for TrialLine {
    const SOURCE: &'static str = "trial balance";

    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            balance: columns.take()?,
            currency: columns.take()?,
            accounts: columns.take()?,
            credit_micros: columns.take()?,
            debit_micros: columns.take()?,
        })
    }
}

const STATEMENT: &str = "
    SELECT b.kind, b.currency, m.kind,
        CAST(SUM(CASE WHEN m.at < $2 THEN m.credit - m.debit ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN m.at >= $2 THEN m.credit ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN m.at >= $2 THEN m.debit ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN m.at >= $2 THEN 1 ELSE 0 END) AS BIGINT)
    FROM balances b
    JOIN (
        SELECT credit_id AS id, kind, created_at AS at, amount_micros AS credit, 0 AS debit FROM ledger_postings
        WHERE created_at < $3 AND credit_id IN (SELECT id FROM balances WHERE account_id = $1)
        UNION ALL
        SELECT debit_id AS id, kind, created_at AS at, 0 AS credit, amount_micros AS debit FROM ledger_postings
        WHERE created_at < $3 AND debit_id IN (SELECT id FROM balances WHERE account_id = $1)
    ) m ON m.id = b.id
    GROUP BY b.id, b.kind, b.currency, m.kind
    ORDER BY b.id, m.kind";

const TRIAL_BALANCE: &str = "
    SELECT b.kind, b.currency, COUNT(DISTINCT b.id), CAST(SUM(m.credit) AS BIGINT), CAST(SUM(m.debit) AS BIGINT)
    FROM balances b
    JOIN (
        SELECT credit_id AS id, amount_micros AS credit, 0 AS debit FROM ledger_postings WHERE created_at < $1
        UNION ALL
        SELECT debit_id AS id, 0 AS credit, amount_micros AS debit FROM ledger_postings WHERE created_at < $1
    ) m ON m.id = b.id
    GROUP BY b.kind, b.currency
    ORDER BY b.currency, b.kind";
