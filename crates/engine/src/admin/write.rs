//! Writes a plan: the configuration in one unit of work, then the payments, each of which is booked once by its reference.

use sambac_domain::{AccountId, PaymentId, PostingId};
use sambac_store::chain::SHARD_OF_PAYMENTS;
use sambac_store::rows::{BalanceKind, BalanceRow, PaymentRow, PostingKind, PostingRow};
use sambac_store::{ChainKey, Store, StoreError, UnitOfWork};

use super::plan::{Changes, Credit, NewSheet, TariffChange};

/// Rates of a new sheet that the history tells one by one.
const TOLD_MAX: usize = 1_000;

pub(super) async fn configuration(work: &mut UnitOfWork, changes: &Changes) -> Result<(), StoreError> {
    for row in &changes.networks {
        work.upsert_network(row).await?;
    }
    for row in &changes.number_prefixes {
        work.upsert_number_prefix(row).await?;
    }
    for row in &changes.operator_groups {
        work.upsert_operator_group(row).await?;
    }
    for TariffChange { row, is_changed, sheet } in &changes.tariffs {
        if *is_changed {
            work.upsert_tariff(row).await?;
        }
        if let Some(NewSheet { row, rates, differing }) = sheet {
            work.add_sheet(row, rates).await?;
            let told = differing.iter().take(TOLD_MAX);
            work.note_rates(told.map(|(before, after)| (before.as_ref(), after.as_ref())));
        }
    }
    for row in &changes.accounts {
        work.upsert_account(row).await?;
    }
    for row in &changes.balances {
        work.ensure_balance(row).await?;
    }
    for row in &changes.operators {
        work.upsert_operator(row).await?;
    }
    for row in &changes.connectors {
        work.upsert_connector(row).await?;
    }
    for row in &changes.routes {
        work.upsert_route(row).await?;
    }
    for row in &changes.smpp_accounts {
        work.upsert_smpp_account(row).await?;
    }
    for row in &changes.api_keys {
        work.upsert_api_key(row).await?;
    }
    for row in &changes.webhooks {
        work.upsert_webhook(row).await?;
    }
    for row in &changes.mo_routes {
        work.upsert_mo_route(row).await?;
    }
    for row in &changes.issuers {
        work.upsert_issuer(row).await?;
    }
    for row in &changes.admin_keys {
        work.upsert_admin_key(row).await?;
    }
    Ok(())
}

/// Books a payment unless its reference was booked, and makes a running platform look at the balances again.
pub(super) async fn book(store: &Store, credit: &Credit, key: &ChainKey) -> Result<(), StoreError> {
    let account = &credit.account;
    let balances = store.load_configuration().await?.balances;
    let wallet = ledger_account(&balances, Some(account.id), BalanceKind::Wallet, credit)?;
    let funding = ledger_account(&balances, None, BalanceKind::Funding, credit)?;
    let posting = PostingRow {
        id: PostingId::from_raw(credit.posting_id),
        debit_id: funding,
        credit_id: wallet,
        amount_micros: credit.amount_micros,
        currency: account.currency,
        kind: PostingKind::Credit,
        created_at: credit.at,
        block_id: 0,
    };
    let payment = PaymentRow {
        id: PaymentId::from_raw(credit.payment_id),
        account_id: account.id,
        amount_micros: credit.amount_micros,
        currency: account.currency,
        method: credit.method.clone(),
        reference: credit.reference.clone(),
        posting_id: posting.id,
        created_at: credit.at,
        block_id: 0,
    };
    if store.credit(&payment, &posting, key).await? {
        store.upsert_account(account).await?;
    }
    Ok(())
}

fn ledger_account(
    balances: &[BalanceRow],
    account: Option<AccountId>,
    kind: BalanceKind,
    credit: &Credit,
) -> Result<i64, StoreError> {
    let currency = credit.account.currency;
    let shard = if account.is_some() { 0 } else { SHARD_OF_PAYMENTS };
    let wanted = (account, kind, currency, shard);
    let row = balances.iter().find(|row| (row.account_id, row.kind, row.currency, row.shard) == wanted);
    row.map(|row| row.id).ok_or(StoreError::Conflict("balance"))
}
