//! Writes a plan: the configuration in one unit of work, then the payments, each of which is booked once by its reference.

use sambac_domain::{AccountId, PaymentId, PostingId};
use sambac_store::rows::{BalanceKind, BalanceRow, PaymentRow, PostingKind, PostingRow};
use sambac_store::{Store, StoreError};

use super::plan::{Changes, Credit};
use crate::exit::{Exit, Failure};

pub(super) async fn write(store: &Store, changes: &Changes) -> Result<(), Failure> {
    let written = configuration(store, changes).await;
    written.map_err(|error| Failure::because(Exit::Failed, format!("nothing was written: {error}")))?;
    for credit in &changes.payments {
        book(store, credit).await?;
    }
    Ok(())
}

async fn configuration(store: &Store, changes: &Changes) -> Result<(), StoreError> {
    let mut work = store.begin().await?;
    for (tariff, rates) in &changes.tariffs {
        work.upsert_tariff(tariff, rates).await?;
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
    work.commit().await
}

/// Books a payment unless its reference was booked, and makes a running platform look at the balances again.
async fn book(store: &Store, credit: &Credit) -> Result<(), Failure> {
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
    };
    if store.credit(&payment, &posting).await? {
        store.upsert_account(account).await?;
    }
    Ok(())
}

fn ledger_account(
    balances: &[BalanceRow],
    account: Option<AccountId>,
    kind: BalanceKind,
    credit: &Credit,
) -> Result<i64, Failure> {
    let currency = credit.account.currency;
    let row = balances.iter().find(|row| row.account_id == account && row.kind == kind && row.currency == currency);
    let name = &credit.account.name;
    let missing = || Failure::because(Exit::Failed, format!("account \"{name}\" has no {} balance", kind.as_str()));
    row.map(|row| row.id).ok_or_else(missing)
}
