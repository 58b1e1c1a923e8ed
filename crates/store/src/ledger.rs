//! Ledger accounts, payments, and the answers to ledger commands.

use sambac_domain::{AccountId, SegmentId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::batch::{BalanceDelta, Batch};
use crate::chain::{Chain, ChainKey, SHARD_OF_PAYMENTS};
use crate::query::{query, select};
use crate::rows::{BalanceRow, LedgerCommandRow, PaymentRow, PostingRow};
use crate::value::Field as _;
use crate::{Store, StoreError};

/// Who holds the shard of payments, for whoever reads its row.
const DESK: &str = "payments booked from the command line";

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
    ///
    /// It is sealed in the chain of a shard of its own, whose holder each payment is for as long as it takes.
    pub async fn credit(&self, payment: &PaymentRow, posting: &PostingRow, key: &ChainKey) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let mut batch = Batch {
            balances: vec![
                BalanceDelta { id: posting.debit_id, delta_micros: -posting.amount_micros },
                BalanceDelta { id: posting.credit_id, delta_micros: posting.amount_micros },
            ],
            postings: vec![posting.clone()],
            payments: vec![payment.clone()],
            ..Batch::default()
        };
        let head = work.take_shard(SHARD_OF_PAYMENTS, DESK, payment.created_at).await?;
        Chain::new(key.clone(), head).seal(&mut batch, payment.created_at);
        for payment in std::mem::take(&mut batch.payments) {
            if !work.insert_payment(&payment).await? {
                return Ok(false);
            }
        }
        work.write(&batch).await?;
        work.commit().await.map(|()| true)
    }

    /// The payment of this account with this reference, whatever its letters' case: banks and people write one in both.
    pub async fn payment(&self, account: AccountId, reference: &str) -> Result<Option<PaymentRow>, StoreError> {
        let reference = reference.to_ascii_uppercase();
        let payment = select::<PaymentRow>("WHERE account_id = $1 AND UPPER(reference) = $2");
        payment.bind(&account).bind(&reference).first(self.pool()).await
    }

    /// The ledger accounts of one customer account.
    pub async fn balances_of(&self, account: AccountId) -> Result<Vec<BalanceRow>, StoreError> {
        select::<BalanceRow>("WHERE account_id = $1 ORDER BY id").bind(&account).all(self.pool()).await
    }

    /// Charges that wait for a verification, of messages that ended their validity by `until`.
    pub async fn charges_unverified(&self, until: Timestamp, limit: u32) -> Result<Vec<SegmentId>, StoreError> {
        let waiting = query(
            "SELECT c.id FROM charges c JOIN messages m ON m.id = c.id / 256 * 256
             WHERE c.policy = 3 AND c.state = 0 AND m.final_at IS NOT NULL AND m.expires_at <= $1 ORDER BY c.id LIMIT $2",
        );
        let waiting = waiting.bind(&until).bind(&i64::from(limit)).all::<(SegmentId,)>(self.pool()).await?;
        Ok(waiting.into_iter().map(|(id,)| id).collect())
    }

    /// The answers that these keys were given, in no order; keys without one are left out.
    pub async fn ledger_commands(&self, keys: &[(AccountId, String)]) -> Result<Vec<LedgerCommandRow>, StoreError> {
        let mut found = Vec::new();
        for keys in keys.chunks(KEYS_MAX) {
            let columns = <LedgerCommandRow as crate::rows::Record>::COLUMNS.join(", ");
            let list = self.pool().dialect().tuples(0, keys.len(), 2);
            let sql = format!(
                "SELECT {columns} FROM (VALUES {list}) AS v CROSS JOIN ledger_commands
                 WHERE ledger_commands.account_id = v.column1 AND ledger_commands.key = v.column2"
            );
            let values = keys.iter().flat_map(|(account, key)| [account.value(), key.value()]).collect();
            found.extend(query(AssertSqlSafe(sql)).bind_all(values).all::<LedgerCommandRow>(self.pool()).await?);
        }
        Ok(found)
    }
}

/// Keys looked up by one statement.
const KEYS_MAX: usize = 128;
