//! Whether accounts can pay: wallets that run low are told in alerts, and accounts that owe for too long are suspended until they
//! have paid.
//!
//! An account owes while its wallet is below zero: on credit. Since when is kept in the database, so that a restart gives nobody
//! more time. A person who lifts a suspension has the last word: the account is not suspended again for the same debt.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{AccountEvent, AccountNews};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, AdminKeyId};
use sambac_domain::spending::SpendingLimits;
use sambac_domain::time::Timestamp;
use sambac_domain::{Currency, Micros};
use sambac_store::rows::{DebtRow, LowWalletRow};
use serde_json::json;
use tokio::sync::oneshot;

use crate::admin::{Administrator, Condition, Kind, store_refusal};
use crate::alert::AlertKind;
use crate::commit::Write;
use crate::feed;
use crate::refusal::Refusal;
use crate::{Engine, Inner};

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
/// The part of what counts as low by which there must be more before it is told again.
const ENOUGH_PART: i64 = 10;

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
    low_balance_micros: Option<i64>,
    suspend_after_h: Option<u32>,
    currency: Currency,
}

/// One look at a time, with what the looks before know.
pub(crate) type Watch = tokio::sync::Mutex<Known>;

/// What is remembered between two looks, so that a look at nothing costs nothing.
#[derive(Default)]
pub(crate) struct Known {
    /// Debts were read, and there were none.
    is_free_of_debts: bool,
    /// Who was told of a low wallet and has not had more since; read once.
    low: Option<HashSet<AccountId>>,
}

async fn look(inner: &Arc<Inner>) -> Result<(), Refusal> {
    tell_without_prices(inner);
    let mut known = inner.solvency.lock().await;
    let known = &mut *known;
    let mut debts = debts(inner, known).await?;
    let watched = watched(inner, &debts, known);
    for account in &watched {
        tell_low(inner, account);
        news_of_low(inner, known, account).await?;
    }
    for account in &watched {
        let debt = debts.remove(&account.id);
        match account.suspend_after_h.filter(|_| account.available_micros < 0) {
            Some(hours) => owes(inner, known, account, debt, HOUR.saturating_mul(hours)).await?,
            None => owes_nothing(inner, account, debt).await?,
        }
    }
    for account in debts.into_keys() {
        inner.store.drop_debt(account).await.map_err(|error| store_refusal(&error))?;
    }
    Ok(())
}

/// Who owes, as it was kept. Where nobody is suspended for it nobody owes, once what was kept from before is gone.
async fn debts(inner: &Inner, known: &mut Known) -> Result<HashMap<AccountId, DebtRow>, Refusal> {
    let anybody = inner.snapshot.load().accounts().any(|(_, account)| account.spending.suspend_after_h.is_some());
    if !anybody && known.is_free_of_debts {
        return Ok(HashMap::new());
    }
    let debts = inner.store.debts().await.map_err(|error| store_refusal(&error))?;
    known.is_free_of_debts = debts.is_empty();
    Ok(debts.into_iter().map(|debt| (debt.id, debt)).collect())
}

/// Accounts with limits that are about their wallet, and those that had some when they were told of last.
fn watched(inner: &Inner, debts: &HashMap<AccountId, DebtRow>, known: &Known) -> Vec<Watched> {
    let snapshot = inner.snapshot.load();
    let told: HashSet<String> = inner.alerts.open_subjects(AlertKind::LowBalance);
    let is_meant = |(id, account): &(AccountId, &crate::snapshot::Account)| {
        account.spending.is_about_the_wallet()
            || debts.contains_key(id)
            || told.contains(&account.name)
            || known.is_low(*id)
    };
    let accounts = snapshot.accounts().filter(is_meant);
    let ledger = inner.ledger();
    let watched = |(id, account): (AccountId, &crate::snapshot::Account)| {
        let available_micros = ledger.balance(id)?.available_micros;
        let SpendingLimits { low_balance_micros, suspend_after_h, .. } = account.spending;
        let (name, active, currency) = (account.name.clone(), account.active, account.tariff.currency());
        Some(Watched { id, name, active, available_micros, low_balance_micros, suspend_after_h, currency })
    };
    accounts.filter_map(watched).collect()
}

/// A sheet has ended and none has taken its place.
fn tell_without_prices(inner: &Inner) {
    let (snapshot, now) = (inner.snapshot.load(), inner.clock.now());
    let told = inner.alerts.open_subjects(AlertKind::NoPrices);
    for (_, account) in snapshot.accounts() {
        let has_prices = account.tariff.sheets().is_empty() || account.tariff.sheet_at(now).is_some();
        if !has_prices && account.active {
            let text = "its tariff has no price sheet for now: import one (`sambac tariff import`)";
            inner.alerts.holds(AlertKind::NoPrices, &account.name, text.to_owned());
        } else if told.contains(&account.name) {
            inner.alerts.clear(AlertKind::NoPrices, &account.name, "it has prices again");
        }
    }
}

fn tell_low(inner: &Inner, account: &Watched) {
    let least = account.low_balance_micros;
    if least.is_some_and(|least| account.available_micros <= least) {
        let text = format!("{} is left", Micros(account.available_micros));
        inner.alerts.holds(AlertKind::LowBalance, &account.name, text);
    } else {
        inner.alerts.clear(AlertKind::LowBalance, &account.name, "the wallet has enough again");
    }
}

/// Webhooks are told once for each time that a wallet becomes low: again only after it had a tenth more than that.
async fn news_of_low(inner: &Inner, known: &mut Known, account: &Watched) -> Result<(), Refusal> {
    let least = account.low_balance_micros;
    let is_low = least.is_some_and(|least| account.available_micros <= least);
    let enough = |least: i64| least.saturating_add((least / ENOUGH_PART).saturating_abs());
    let has_enough = least.is_none_or(|least| account.available_micros >= enough(least));
    let low = known.low(inner).await?;
    if is_low && !low.contains(&account.id) {
        tell(inner, account, AccountEvent::BalanceLow).await?;
        let row = LowWalletRow { id: account.id, since: inner.clock.now() };
        inner.store.keep_low_wallet(&row).await.map_err(|error| store_refusal(&error))?;
        low.insert(account.id);
    } else if has_enough && low.contains(&account.id) {
        inner.store.drop_low_wallet(account.id).await.map_err(|error| store_refusal(&error))?;
        low.remove(&account.id);
    }
    Ok(())
}

/// Stored when this returns; it is noted afterwards that it was told, so that who dies in between tells it again.
async fn tell(inner: &Inner, account: &Watched, event: AccountEvent) -> Result<(), Refusal> {
    let news = AccountNews {
        account_id: account.id,
        event,
        at: inner.clock.now(),
        available_micros: account.available_micros,
        currency: account.currency,
        low_balance_micros: account.low_balance_micros,
    };
    let (done, stored) = oneshot::channel();
    let write = Write::Tell { account_id: account.id, kind: event.kind(), body: feed::account_body(&news), done };
    if inner.write(write).await && stored.await.is_ok() {
        return Ok(());
    }
    Err(ErrorCode::ServiceUnavailable.into())
}

impl Known {
    fn is_low(&self, account: AccountId) -> bool {
        self.low.as_ref().is_some_and(|low| low.contains(&account))
    }

    async fn low(&mut self, inner: &Inner) -> Result<&mut HashSet<AccountId>, Refusal> {
        if self.low.is_none() {
            let rows = inner.store.low_wallets().await.map_err(|error| store_refusal(&error))?;
            self.low = Some(rows.into_iter().map(|row| row.id).collect());
        }
        Ok(self.low.get_or_insert_default())
    }
}

async fn owes(
    inner: &Arc<Inner>,
    known: &mut Known,
    account: &Watched,
    debt: Option<DebtRow>,
    grace: Duration,
) -> Result<(), Refusal> {
    let now = inner.clock.now();
    let Some(mut debt) = debt else {
        return keep(inner, known, &DebtRow { id: account.id, since: now, suspended_at: None, is_applied: false })
            .await;
    };
    let is_due = now >= debt.since.saturating_add(grace);
    if debt.is_applied || (debt.suspended_at.is_none() && !(is_due && account.active)) {
        return Ok(());
    }
    if debt.suspended_at.is_none() {
        // First that it is to be: who dies before it is done does it at the next start, and a payment lifts it in any case.
        debt.suspended_at = Some(now);
        keep(inner, known, &debt).await?;
    }
    if account.active {
        set_state(inner, account.id, "suspended").await?;
    }
    inner.alerts.holds(AlertKind::AccountSuspended, &account.name, text_of(account, debt.since));
    tell(inner, account, AccountEvent::Suspended).await?;
    debt.is_applied = true;
    keep(inner, known, &debt).await
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
        tell(inner, account, AccountEvent::Resumed).await?;
        inner.alerts.clear(AlertKind::AccountSuspended, &account.name, "it owes nothing any more");
    }
    inner.store.drop_debt(account.id).await.map_err(|error| store_refusal(&error))
}

async fn keep(inner: &Inner, known: &mut Known, debt: &DebtRow) -> Result<(), Refusal> {
    known.is_free_of_debts = false;
    inner.store.keep_debt(debt).await.map_err(|error| store_refusal(&error))
}

/// A change like any other, with a version that says who made it.
async fn set_state(inner: &Arc<Inner>, account: AccountId, state: &str) -> Result<(), Refusal> {
    let by = Administrator {
        id: AdminKeyId::from_raw(0),
        kind: "admin key",
        name: "platform".to_owned(),
        scopes: Vec::new(),
        address: None,
    };
    let patch = json!({ "state": state });
    let Some(patch) = patch.as_object() else { return Ok(()) };
    let engine = Engine(Arc::clone(inner));
    engine.update_object(&by, Kind::Account, &account.to_string(), patch, Condition::default()).await.map(drop)
}
