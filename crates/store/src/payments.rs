//! Payments through providers, their events, and bank transfers.
//!
//! States change here only from the state that was read: who comes late changes nothing. Money moves elsewhere, in the batch of
//! a group commit ([`Batch::payments`](crate::Batch)).

use sambac_domain::payment::TransferState;
use sambac_domain::{AccountId, AdminKeyId, PaymentId, Timestamp};
use sqlx::AssertSqlSafe;

use crate::query::{query, select, select_listed};
use crate::rows::{BankTransferRow, PaymentEventRow, PaymentIntentRow, PaymentRow, Record};
use crate::value::{Field as _, Value};
use crate::{Store, StoreError, UnitOfWork};

impl Store {
    /// Keeps a new payment. `false`, and nothing is kept, when the account has one with this key.
    pub async fn insert_payment_intent(&self, row: &PaymentIntentRow) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let is_new = work.insert_once(row).await?;
        work.commit().await.map(|()| is_new)
    }

    /// Gives a payment the values of `row` if it is in the state of `before`, and nobody wants it to be looked at sooner. Answers
    /// whether that is so.
    pub async fn move_payment_intent(
        &self,
        row: &PaymentIntentRow,
        before: &PaymentIntentRow,
    ) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let next_check_at = before.next_check_at.map_or(0, |at| at.0);
        let given = [before.state.value(), next_check_at.value()];
        let changed = work.change(row, "state = $A AND COALESCE(next_check_at, 0) = $B", &given).await?;
        work.commit().await.map(|()| changed)
    }

    /// One of this account's payments.
    pub async fn payment_intent(
        &self,
        account: AccountId,
        id: PaymentId,
    ) -> Result<Option<PaymentIntentRow>, StoreError> {
        let row = select::<PaymentIntentRow>("WHERE id = $2 AND account_id = $1");
        row.bind(&account).bind(&id).first(self.pool()).await
    }

    /// This account's payment with this key.
    pub async fn payment_intent_by_key(
        &self,
        account: AccountId,
        key: &str,
    ) -> Result<Option<PaymentIntentRow>, StoreError> {
        let key = key.to_owned();
        let row = select::<PaymentIntentRow>("WHERE account_id = $1 AND idempotency_key = $2");
        row.bind(&account).bind(&key).first(self.pool()).await
    }

    /// A page of this account's payments, newest first.
    pub async fn list_payment_intents(
        &self,
        account: AccountId,
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<PaymentIntentRow>, StoreError> {
        let before = before.unwrap_or(PaymentId::from_raw(i64::MAX));
        let rows = select::<PaymentIntentRow>("WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        rows.bind(&account).bind(&before).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// How many of this account's payments have not ended.
    pub async fn count_open_payment_intents(&self, account: AccountId) -> Result<i64, StoreError> {
        let open = query("SELECT COUNT(*) FROM payment_intents WHERE account_id = $1 AND ended_at IS NULL");
        let rows = open.bind(&account).first::<(i64,)>(self.pool()).await?;
        Ok(rows.map_or(0, |(count,)| count))
    }

    /// Payments about which the provider is to be asked by `now`, the longest due first. For the platform's own work: no account
    /// is asked.
    pub async fn payment_intents_due(&self, now: Timestamp, limit: u32) -> Result<Vec<PaymentIntentRow>, StoreError> {
        let due = select::<PaymentIntentRow>("WHERE next_check_at <= $1 ORDER BY next_check_at, id LIMIT $2");
        due.bind(&now).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// Keeps an event of a provider, and lets its payment be asked about at once. `false`, and nothing changes, when it came
    /// before.
    pub async fn keep_payment_event(&self, event: &PaymentEventRow) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        if !work.insert_once(event).await? {
            return Ok(false);
        }
        let hasten = query(
            "UPDATE payment_intents SET next_check_at = $1
             WHERE provider = $2 AND (provider_payment_id = $3 OR id = $4) AND state <> 'succeeded'",
        );
        let hasten = hasten.bind(&event.received_at).bind(&event.provider);
        hasten.bind(&event.provider_payment_id).bind(&event.payment_id).run(&mut work).await?;
        work.commit().await.map(|()| true)
    }

    /// Those of these payments that are credited.
    pub async fn payments_by_ids(&self, ids: &[PaymentId]) -> Result<Vec<PaymentRow>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.raw()).collect();
        select_listed(self.pool(), &ids, "payments.id = v.column1").await
    }

    /// Keeps a new bank transfer. `false`, and nothing is kept, when the account has one with this reference.
    pub async fn insert_bank_transfer(&self, row: &BankTransferRow) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let is_new = work.insert_once(row).await?;
        work.commit().await.map(|()| is_new)
    }

    /// Gives a bank transfer the values of `row` if it is in the state `from`. Answers whether it was.
    pub async fn move_bank_transfer(&self, row: &BankTransferRow, from: TransferState) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let changed = work.change(row, "state = $A", &[from.value()]).await?;
        work.commit().await.map(|()| changed)
    }

    /// The account's bank transfer with this reference, whatever its letters' case.
    pub async fn bank_transfer_of(
        &self,
        account: AccountId,
        reference: &str,
    ) -> Result<Option<BankTransferRow>, StoreError> {
        let reference = reference.to_ascii_uppercase();
        let row = select::<BankTransferRow>("WHERE account_id = $1 AND UPPER(reference) = $2 ORDER BY id DESC");
        row.bind(&account).bind(&reference).first(self.pool()).await
    }

    /// A bank transfer.
    pub async fn bank_transfer(&self, id: PaymentId) -> Result<Option<BankTransferRow>, StoreError> {
        select::<BankTransferRow>("WHERE id = $1").bind(&id).first(self.pool()).await
    }

    /// A page of the bank transfers, newest first.
    pub async fn list_bank_transfers(
        &self,
        state: Option<TransferState>,
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<BankTransferRow>, StoreError> {
        let before = before.unwrap_or(PaymentId::from_raw(i64::MAX));
        let state = state.map(|state| state.as_str().to_owned());
        let rows = select::<BankTransferRow>(
            "WHERE id < $1 AND (CAST($2 AS TEXT) IS NULL OR state = $2) ORDER BY id DESC LIMIT $3",
        );
        rows.bind(&before).bind(&state).bind(&i64::from(limit)).all(self.pool()).await
    }

    /// What this key has booked since then without another one, in micros.
    pub async fn booked_alone_micros(&self, key: AdminKeyId, since: Timestamp) -> Result<i64, StoreError> {
        let sum = query(
            "SELECT CAST(COALESCE(SUM(amount_micros), 0) AS BIGINT) FROM bank_transfers
             WHERE asked_by_key = $1 AND asked_at > $2 AND decided_by_key IS NULL
                AND (state = 'approved' OR state = 'booked')",
        );
        let rows = sum.bind(&key).bind(&since).first::<(i64,)>(self.pool()).await?;
        Ok(rows.map_or(0, |(micros,)| micros))
    }

    /// Bank transfers above `after` that are approved and not booked, and open ones whose time is over by `now`.
    pub async fn bank_transfers_due(
        &self,
        now: Timestamp,
        after: PaymentId,
        limit: u32,
    ) -> Result<Vec<BankTransferRow>, StoreError> {
        let due = select::<BankTransferRow>(
            "WHERE (state = 'open' OR state = 'approved') AND (state = 'approved' OR expires_at <= $1) AND id > $2
             ORDER BY id LIMIT $3",
        );
        due.bind(&now).bind(&after).bind(&i64::from(limit)).all(self.pool()).await
    }
}

impl UnitOfWork {
    /// Inserts a row unless another one has its key.
    async fn insert_once<R: Record>(&mut self, row: &R) -> Result<bool, StoreError> {
        let places: Vec<_> = (1..=R::COLUMNS.len()).map(|number| format!("${number}")).collect();
        let (columns, places) = (R::COLUMNS.join(", "), places.join(", "));
        let sql = format!("INSERT INTO {} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING", R::TABLE);
        let mut values = Vec::with_capacity(R::COLUMNS.len());
        row.values(&mut values);
        Ok(query(AssertSqlSafe(sql)).bind_all(values).run(self).await? > 0)
    }

    /// Sets all columns but the id, if `guard` holds, in which `$A` and `$B` are the values `given`.
    async fn change<R: Record>(&mut self, row: &R, guard: &str, given: &[Value<'_>]) -> Result<bool, StoreError> {
        let count = R::COLUMNS.len();
        let guard = guard.replace("$A", &format!("${}", count + 1)).replace("$B", &format!("${}", count + 2));
        let set = R::COLUMNS.iter().zip(1..).skip(1).map(|(column, number)| format!("{column} = ${number}"));
        let set = set.collect::<Vec<_>>().join(", ");
        let sql = format!("UPDATE {} SET {set} WHERE id = $1 AND {guard}", R::TABLE);
        let mut values = Vec::with_capacity(count + given.len());
        row.values(&mut values);
        values.extend_from_slice(given);
        Ok(query(AssertSqlSafe(sql)).bind_all(values).run(self).await? > 0)
    }
}
