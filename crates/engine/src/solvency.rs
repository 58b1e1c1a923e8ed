//! Whether accounts can pay: wallets that run low are told in alerts, and accounts that owe for too long are suspended until they
//! have paid.
//!
//! An account owes while its wallet is below zero: on credit. Since when is kept in the database, so that a restart gives nobody
//! more time. A person who lifts a suspension has the last word: the account is not suspended again for the same debt.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::Micros;
use sambac_domain::id::{AccountId, AdminKeyId};
use sambac_domain::spending::SpendingLimits;
use sambac_domain::time::Timestamp;
use sambac_store::rows::DebtRow;
use serde_json::json;

use crate::admin::{Administrator, Condition, Kind, store_refusal};
use crate::alert::AlertKind;
use crate::refusal::Refusal;
use crate::{Engine, Inner};

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Runs until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        if let Err(refusal) = look(&inner).await {
            tracing::error!(%refusal, "the accounts' wallets were not looked at");
        }
    }
}

impl Engine {
    /// Looks at all wallets now, once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_at_wallets(&self) -> Result<(), Refusal> {
        look(&self.0).await
    }
}

/// An account with limits that are about its wallet.
struct Watched {
    id: AccountId,
    name: String,
    active: bool,
    available_micros: i64,
    limits: SpendingLimits,
}

async fn look(inner: &Arc<Inner>) -> Result<(), Refusal> {
    let watched = watched(inner);
    for account in &watched {
        tell_low(inner, account);
    }
    let debts = inner.store.debts().await.map_err(|error| store_refusal(&error))?;
    let mut debts: HashMap<AccountId, DebtRow> = debts.into_iter().map(|debt| (debt.id, debt)).collect();
    for account in &watched {
        let debt = debts.remove(&account.id);
        match account.limits.suspend_after_h.filter(|_| account.available_micros < 0) {
            Some(hours) => owes(inner, account, debt, HOUR.saturating_mul(hours)).await?,
            None => owes_nothing(inner, account, debt).await?,
        }
    }
    for account in debts.into_keys() {
        inner.store.drop_debt(account).await.map_err(|error| store_refusal(&error))?;
    }
    Ok(())
}

fn watched(inner: &Inner) -> Vec<Watched> {
    let snapshot = inner.snapshot.load();
    let ledger = inner.ledger();
    let watched = |(id, account): (AccountId, &crate::snapshot::Account)| {
        let available_micros = ledger.balance(id)?.available_micros;
        let (name, limits) = (account.name.clone(), account.spending.clone());
        Some(Watched { id, name, active: account.active, available_micros, limits })
    };
    snapshot.accounts().filter_map(watched).collect()
}

fn tell_low(inner: &Inner, account: &Watched) {
    let least = account.limits.low_balance_micros;
    if least.is_some_and(|least| account.available_micros <= least) {
        let text = format!("{} is left", Micros(account.available_micros));
        inner.alerts.holds(AlertKind::LowBalance, &account.name, text);
    } else {
        inner.alerts.clear(AlertKind::LowBalance, &account.name, "the wallet has enough again");
    }
}

async fn owes(inner: &Arc<Inner>, account: &Watched, debt: Option<DebtRow>, grace: Duration) -> Result<(), Refusal> {
    let now = inner.clock.now();
    let Some(debt) = debt else { return keep(inner, DebtRow { id: account.id, since: now, suspended_at: None }).await };
    let is_due = now >= debt.since.saturating_add(grace);
    if !is_due || debt.suspended_at.is_some() || !account.active {
        return Ok(());
    }
    let since = debt.since;
    // First that it is to be: who dies in between has suspended nobody, and tries again.
    set_state(inner, account.id, "suspended").await?;
    keep(inner, DebtRow { suspended_at: Some(now), ..debt }).await?;
    inner.alerts.holds(AlertKind::AccountSuspended, &account.name, text_of(account, since));
    Ok(())
}

fn text_of(account: &Watched, since: Timestamp) -> String {
    let owed = Micros(account.available_micros.saturating_neg());
    format!("it owes {owed} since {since}: a payment lifts the suspension")
}

async fn owes_nothing(inner: &Arc<Inner>, account: &Watched, debt: Option<DebtRow>) -> Result<(), Refusal> {
    let Some(debt) = debt else { return Ok(()) };
    if debt.suspended_at.is_some() {
        if !account.active {
            set_state(inner, account.id, "active").await?;
        }
        inner.alerts.clear(AlertKind::AccountSuspended, &account.name, "it owes nothing any more");
    }
    inner.store.drop_debt(account.id).await.map_err(|error| store_refusal(&error))
}

async fn keep(inner: &Inner, debt: DebtRow) -> Result<(), Refusal> {
    inner.store.keep_debt(&debt).await.map_err(|error| store_refusal(&error))
}

/// A change like any other, with a version that says who made it.
async fn set_state(inner: &Arc<Inner>, account: AccountId, state: &str) -> Result<(), Refusal> {
    let by =
        Administrator { id: AdminKeyId::from_raw(0), name: "platform".to_owned(), scopes: Vec::new(), address: None };
    let patch = json!({ "state": state });
    let Some(patch) = patch.as_object() else { return Ok(()) };
    let engine = Engine(Arc::clone(inner));
    engine.update_object(&by, Kind::Account, &account.to_string(), patch, Condition::default()).await.map(drop)
}
