//! Adds up all money as of one moment, for [`sambac_domain::ledger::check`]: everything anew, or only what came since the
//! last time.

mod running;

use sambac_domain::ledger::{Balance, Hold, Trial, TrialBalance, TrialCharges, TrialHold, TrialWallet};
use sambac_domain::{AccountId, Currency, PostingId, Timestamp};

use crate::query::{query, select};
use crate::rows::{BalanceKind, HoldRow};
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

pub use running::RunningSums;

/// Rows of one kind that are told; more say nothing new.
const TOLD_MAX: i64 = 100;

impl Store {
    /// Adds everything up. Reads all postings, charges and holds: for audits and tests. What ended late is what should have by
    /// `end_by`. Postings and holds that are right are left out.
    pub async fn trial(&self, end_by: Timestamp) -> Result<Trial, StoreError> {
        let mut work = self.begin_reading().await?;
        work.read_whole_tables().await?;
        let postings = query(POSTINGS_VS_PARTS).bind(&TOLD_MAX).all_in::<(PostingId, i64, i64)>(&mut work).await?;
        Ok(Trial {
            balances: balances(&mut work).await?,
            postings: postings
                .into_iter()
                .map(|(posting, amount_micros, charges_micros)| TrialCharges { posting, amount_micros, charges_micros })
                .collect(),
            wallets: wallets(&mut work).await?,
            holds: holds(&mut work, end_by).await?,
            overdue_charges: overdue(&mut work, OVERDUE_CHARGES, end_by).await?,
            strange_balances: strange(&mut work).await?,
            holds_end_by: end_by,
        })
    }

    /// All that it reads is of one moment.
    pub(crate) async fn begin_reading(&self) -> Result<UnitOfWork, StoreError> {
        UnitOfWork::begin_reading(self.pool(), self.statements.clone()).await
    }
}

async fn balances(work: &mut UnitOfWork) -> Result<Vec<TrialBalance>, StoreError> {
    let rows = query(BALANCES_VS_POSTINGS).all_in::<(i64, BalanceKind, Currency, i64, i64)>(work).await?;
    let row = |(id, kind, currency, balance_micros, postings_micros)| TrialBalance {
        id,
        kind,
        currency,
        balance_micros,
        postings_micros,
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn wallets(work: &mut UnitOfWork) -> Result<Vec<TrialWallet>, StoreError> {
    let rows = query(WALLETS).all_in::<(AccountId, Currency, i64, i64, i64, i64, i64)>(work).await?;
    let row = |(account, currency, available_micros, held_micros, credit_limit_micros, open, excused)| TrialWallet {
        account,
        balance: Balance { available_micros, held_micros, credit_limit_micros, currency },
        open_micros: Some(open),
        excused_micros: Some(excused),
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn holds(work: &mut UnitOfWork, end_by: Timestamp) -> Result<Vec<TrialHold>, StoreError> {
    let wrong = select::<HoldRow>(
        "WHERE captured_micros > amount_micros OR refunded_micros > captured_micros OR refunded_micros < 0
            OR (state = 0 AND expires_at <= $1) ORDER BY id LIMIT $2",
    );
    let rows = wrong.bind(&end_by).bind(&TOLD_MAX).all_in::<HoldRow>(work).await?;
    let wrong = rows.iter().map(|row| TrialHold { id: row.id.raw(), hold: row.hold(), is_told: true });
    let untold = HoldRow::untold(work, TOLD_MAX).await?;
    let untold = untold.iter().map(|row| TrialHold { id: row.id.raw(), hold: row.hold(), is_told: false });
    Ok(wrong.chain(untold).collect())
}

async fn overdue(work: &mut UnitOfWork, sql: &'static str, end_by: Timestamp) -> Result<Vec<i64>, StoreError> {
    let rows = query(sql).bind(&end_by).bind(&TOLD_MAX).all_in::<(i64,)>(work).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

async fn strange(work: &mut UnitOfWork) -> Result<Vec<i64>, StoreError> {
    let rows = query(STRANGE_BALANCES).bind(&TOLD_MAX).all_in::<(i64,)>(work).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

impl HoldRow {
    /// What the ledger decides by.
    pub fn hold(&self) -> Hold {
        Hold {
            amount_micros: self.amount_micros,
            captured_micros: self.captured_micros,
            refunded_micros: self.refunded_micros,
            state: self.state,
            expires_at: self.expires_at,
        }
    }
}

const BALANCES_VS_POSTINGS: &str = "
    SELECT b.id, b.kind, b.currency, b.balance_micros, CAST(COALESCE(SUM(m.micros), 0) AS BIGINT)
    FROM balances b
    LEFT JOIN (
        SELECT credit_id AS id, amount_micros AS micros FROM ledger_postings
        UNION ALL
        SELECT debit_id AS id, -amount_micros AS micros FROM ledger_postings
    ) m ON m.id = b.id
    GROUP BY b.id, b.kind, b.currency, b.balance_micros
    ORDER BY b.id";

/// A posting may be missing when its parts sum up to nothing: no posting moves nothing.
const POSTINGS_VS_PARTS: &str = "
    SELECT s.id, CAST(SUM(s.posted) AS BIGINT), CAST(SUM(s.part) AS BIGINT)
    FROM (
        SELECT id, amount_micros AS posted, 0 AS part FROM ledger_postings
        UNION ALL
        SELECT hold_posting_id AS id, 0 AS posted, amount_micros AS part FROM charges
        UNION ALL
        SELECT settle_posting_id AS id, 0 AS posted, amount_micros AS part FROM charges
        WHERE settle_posting_id IS NOT NULL
        UNION ALL
        SELECT correct_posting_id AS id, 0 AS posted, amount_micros AS part FROM charges
        WHERE correct_posting_id IS NOT NULL
        UNION ALL
        SELECT posting_id AS id, 0 AS posted, amount_micros AS part FROM ledger_commands WHERE posting_id IS NOT NULL
        UNION ALL
        SELECT release_posting_id AS id, 0 AS posted, released_micros AS part FROM ledger_commands
        WHERE release_posting_id IS NOT NULL
        UNION ALL
        SELECT posting_id AS id, 0 AS posted, amount_micros AS part FROM payments
    ) s
    GROUP BY s.id
    HAVING SUM(s.posted) <> SUM(s.part)
    ORDER BY s.id
    LIMIT $1";

/// Payments, charges, holds and postings are sealed, balances are not: whose one is, for what, and in which currency, is what those
/// say that name it.
const STRANGE_BALANCES: &str = "
    SELECT s.id
    FROM (
        SELECT p.credit_id AS id, y.account_id AS owner, 'wallet' AS kind, p.currency
        FROM payments y JOIN ledger_postings p ON p.id = y.posting_id
        UNION
        SELECT p.debit_id AS id, COALESCE(c.wallet_of, c.account_id) AS owner, 'wallet' AS kind, p.currency
        FROM charges c JOIN ledger_postings p ON p.id = c.hold_posting_id
        UNION
        SELECT p.credit_id AS id, COALESCE(c.wallet_of, c.account_id) AS owner, 'held' AS kind, p.currency
        FROM charges c JOIN ledger_postings p ON p.id = c.hold_posting_id
        UNION
        SELECT p.debit_id AS id, h.payer_id AS owner, 'wallet' AS kind, p.currency
        FROM ledger_commands c JOIN holds h ON h.id = c.hold_id JOIN ledger_postings p ON p.id = c.posting_id
        WHERE c.verb IN ('hold', 'debit')
        UNION
        SELECT p.debit_id AS id, NULL AS owner, NULL AS kind, p.currency FROM ledger_postings p
        UNION
        SELECT p.credit_id AS id, NULL AS owner, NULL AS kind, p.currency FROM ledger_postings p
    ) s
    LEFT JOIN balances b ON b.id = s.id
    WHERE b.id IS NULL OR b.currency <> s.currency
        OR (s.owner IS NOT NULL AND (b.account_id IS NULL OR b.account_id <> s.owner OR b.kind <> s.kind))
    GROUP BY s.id
    ORDER BY s.id
    LIMIT $1";

const WALLETS: &str = "
    SELECT a.id, a.currency, CAST(SUM(s.available) AS BIGINT), CAST(SUM(s.held) AS BIGINT), a.credit_limit_micros,
        CAST(SUM(s.unsettled) AS BIGINT), CAST(SUM(s.late) AS BIGINT)
    FROM accounts a
    JOIN (
        SELECT account_id, balance_micros AS available, 0 AS held, 0 AS unsettled, 0 AS late
        FROM balances WHERE kind = 'wallet'
        UNION ALL
        SELECT account_id, 0 AS available, balance_micros AS held, 0 AS unsettled, 0 AS late
        FROM balances WHERE kind = 'held'
        UNION ALL
        SELECT COALESCE(wallet_of, account_id) AS account_id, 0 AS available, 0 AS held, amount_micros AS unsettled, 0 AS late
        FROM charges WHERE state = 0
        UNION ALL
        SELECT payer_id AS account_id, 0 AS available, 0 AS held, amount_micros - captured_micros AS unsettled, 0 AS late
        FROM holds WHERE state = 0
        UNION ALL
        SELECT b.account_id, 0 AS available, 0 AS held, 0 AS unsettled, p.amount_micros AS late
        FROM ledger_postings p JOIN balances b ON b.id = p.debit_id WHERE p.kind = 'correct'
    ) s ON s.account_id = a.id
    GROUP BY a.id, a.currency, a.credit_limit_micros
    ORDER BY a.id";

/// A charge waits for its message, one that waits for a verification may do so longer.
const OVERDUE_CHARGES: &str = "
    SELECT c.id FROM charges c JOIN messages m ON m.id = c.id / 256 * 256
    WHERE c.state = 0 AND (m.expires_at <= $1 OR (m.final_at IS NOT NULL AND c.policy <> 3))
    ORDER BY c.id LIMIT $2";
