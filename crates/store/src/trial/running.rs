//! The trial of a running platform: what came since the last one is added to the sums of then.

use std::collections::{BTreeMap, HashMap};

use sambac_domain::ledger::{Balance, Trial, TrialBalance, TrialHold, TrialWallet};
use sambac_domain::{AccountId, Timestamp};

use super::{TOLD_MAX, overdue};
use crate::query::{query, select};
use crate::rows::{AccountRow, BalanceKind, BalanceRow, HoldRow, ShardRow};
use crate::unit_of_work::UnitOfWork;
use crate::{Store, StoreError};

/// What the postings come to so far.
#[derive(Debug, Clone, Default)]
pub struct RunningSums {
    /// Up to which block each shard was added.
    until: BTreeMap<i64, i64>,
    /// Credits minus debits of each ledger account.
    sums: HashMap<i64, i64>,
    /// Wallets as they were the last time, and their balances' ids.
    wallets: HashMap<AccountId, Balance>,
}

/// What a statement adds up must come to its end in its time, however much there is in all.
const BLOCKS_AT_ONCE: usize = 20_000;
const BLOCKS_STEP: i64 = BLOCKS_AT_ONCE as i64 - 1;

impl Store {
    /// Adds up what came since `sums`: balances against postings, wallets against their limits, and what is overdue. The first
    /// time it reads all postings; then it costs what has happened since. Charges are not added up: see [`Store::trial`].
    pub async fn running_trial(&self, sums: &mut RunningSums, end_by: Timestamp) -> Result<Trial, StoreError> {
        let mut work = self.begin_reading().await?;
        let mut next = sums.clone();
        let mut late = HashMap::new();
        next.add_new(&mut work, &mut late).await?;
        let rows = select::<BalanceRow>("ORDER BY id").all_in::<BalanceRow>(&mut work).await?;
        let accounts = select::<AccountRow>("ORDER BY id").all_in::<AccountRow>(&mut work).await?;
        let balance = |row: &BalanceRow| TrialBalance {
            id: row.id,
            kind: row.kind,
            currency: row.currency,
            balance_micros: row.balance_micros,
            postings_micros: next.sums.get(&row.id).copied().unwrap_or_default(),
        };
        let mut overdue_charges = overdue(&mut work, OVERDUE_MESSAGES, end_by).await?;
        overdue_charges.extend(overdue(&mut work, OVERDUE_VERIFICATIONS, end_by).await?);
        let holds = select::<HoldRow>("WHERE state = 0 AND expires_at <= $1 ORDER BY expires_at LIMIT $2");
        let holds = holds.bind(&end_by).bind(&TOLD_MAX).all_in::<HoldRow>(&mut work).await?;
        let trial = Trial {
            balances: rows.iter().map(balance).collect(),
            wallets: next.wallets(&accounts, &rows, &late),
            holds: holds.iter().map(|row| TrialHold { id: row.id.raw(), hold: row.hold(), is_told: true }).collect(),
            overdue_charges,
            holds_end_by: end_by,
            postings: Vec::new(),
            strange_balances: Vec::new(),
        };
        *sums = next;
        Ok(trial)
    }
}

impl RunningSums {
    async fn add_new(&mut self, work: &mut UnitOfWork, late: &mut HashMap<i64, i64>) -> Result<(), StoreError> {
        let mut ranges = vec![];
        if self.until.is_empty() {
            // Before any chain.
            ranges.push((0, 0));
        }
        for shard in select::<ShardRow>("ORDER BY id").all_in::<ShardRow>(work).await? {
            let until = self.until.entry(shard.id).or_insert_with(|| shard.id << 48);
            let all = *until + 1..=shard.block_id;
            ranges.extend(all.step_by(BLOCKS_AT_ONCE).map(|from| (from, shard.block_id.min(from + BLOCKS_STEP))));
            *until = shard.block_id;
        }
        self.until.entry(0).or_default();
        for (from, until) in ranges {
            for (id, micros, late_micros) in
                query(NEW_SUMS).bind(&from).bind(&until).all_in::<(i64, i64, i64)>(work).await?
            {
                let sum = self.sums.entry(id).or_default();
                *sum = sum.saturating_add(micros);
                *late.entry(id).or_default() += late_micros;
            }
        }
        Ok(())
    }

    /// Wallets with what excuses them: as far below their limits as they were, and what late facts took since. One that is seen for
    /// the first time is not judged.
    fn wallets(&mut self, accounts: &[AccountRow], rows: &[BalanceRow], late: &HashMap<i64, i64>) -> Vec<TrialWallet> {
        let mut by_owner = HashMap::new();
        for row in rows {
            by_owner.insert((row.account_id, row.kind, row.currency), row);
        }
        let mut wallets = Vec::new();
        for account in accounts {
            let row = |kind| by_owner.get(&(Some(account.id), kind, account.currency));
            let (Some(wallet), Some(held)) = (row(BalanceKind::Wallet), row(BalanceKind::Held)) else { continue };
            let balance = Balance {
                available_micros: wallet.balance_micros,
                held_micros: held.balance_micros,
                credit_limit_micros: account.credit_limit_micros,
                currency: account.currency,
            };
            let before = self.wallets.insert(account.id, balance);
            let late = late.get(&wallet.id).copied().unwrap_or_default();
            let excused = before.map(|before| {
                let before = Balance { credit_limit_micros: balance.credit_limit_micros, ..before };
                before.below_limit_micros().saturating_add(late)
            });
            wallets.push(TrialWallet { account: account.id, balance, open_micros: None, excused_micros: excused });
        }
        wallets
    }
}

/// By ledger account: credits minus debits of these blocks, and what late facts took from it.
const NEW_SUMS: &str = "
    SELECT m.id, CAST(SUM(m.micros) AS BIGINT), CAST(SUM(m.late) AS BIGINT)
    FROM (
        SELECT credit_id AS id, amount_micros AS micros, 0 AS late FROM ledger_postings WHERE block_id BETWEEN $1 AND $2
        UNION ALL
        SELECT debit_id AS id, -amount_micros AS micros, CASE kind WHEN 'correct' THEN amount_micros ELSE 0 END AS late
        FROM ledger_postings WHERE block_id BETWEEN $1 AND $2
    ) m
    GROUP BY m.id";

/// A message that has not ended has its charges held, or waits for a verification.
const OVERDUE_MESSAGES: &str = "
    SELECT id + 1 FROM messages WHERE final_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";

const OVERDUE_VERIFICATIONS: &str = "
    SELECT c.id FROM charges c JOIN messages m ON m.id = c.id / 256 * 256
    WHERE c.policy = 3 AND c.state = 0 AND m.expires_at <= $1 ORDER BY c.id LIMIT $2";
