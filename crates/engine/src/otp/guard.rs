//! The guard against pumping before every code of a live key: one for each account, in memory, over `sambac_domain::fraud`.
//!
//! What it has seen is gone with the process, but for the numbers that have verified a code, which are read back at start.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::error::ErrorCode;
use sambac_domain::fraud::{Ask, Guard, GuardMode, GuardSettings, RateKey, Rule, Stop, Verdict};
use sambac_domain::id::AccountId;
use sambac_domain::number::Msisdn;
use sambac_domain::time::Timestamp;
use sambac_store::rows::OtpStopRow;

use crate::alert::AlertKind;
use crate::refusal::Refusal;
use crate::submit::{Draft, total_price};
use crate::{Engine, Inner};

/// Numbers that are read back.
const KNOWN_MAX: u32 = 1_000_000;

/// All accounts' guards, and what they have stopped since it was stored last.
#[derive(Default)]
pub(crate) struct Guards {
    accounts: Mutex<HashMap<AccountId, (GuardSettings, Guard)>>,
    stops: Mutex<HashMap<StopKey, (i64, i64)>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct StopKey {
    account: AccountId,
    day: i64,
    country: String,
    mcc_mnc: String,
    profile: String,
    rule: &'static str,
}

impl Guards {
    /// The person has entered the code.
    pub(crate) fn verified(&self, account: AccountId, to: Msisdn, now: Timestamp) {
        if let Some((_, guard)) = lock(&self.accounts).get_mut(&account) {
            guard.verified(to, now);
        }
    }

    /// The code was not sent, or did not arrive.
    pub(crate) fn undelivered(&self, account: AccountId, to: Msisdn, now: Timestamp) {
        if let Some((_, guard)) = lock(&self.accounts).get_mut(&account) {
            guard.undelivered(to, now);
        }
    }

    fn ask(&self, account: AccountId, settings: &GuardSettings, ask: &Ask<'_>) -> Verdict {
        let mut accounts = lock(&self.accounts);
        let (known, guard) =
            accounts.entry(account).or_insert_with(|| (settings.clone(), Guard::new(settings.clone())));
        if known != settings {
            known.clone_from(settings);
            guard.set(settings.clone());
        }
        guard.ask(ask)
    }

    fn remember(&self, account: AccountId, to: Msisdn) {
        let mut accounts = lock(&self.accounts);
        let settings = GuardSettings::default;
        accounts.entry(account).or_insert_with(|| (settings(), Guard::new(settings()))).1.remember(to);
    }

    fn count(&self, key: StopKey, is_watched: bool) {
        let mut stops = lock(&self.stops);
        let (stopped, watched) = stops.entry(key).or_default();
        let count = if is_watched { watched } else { stopped };
        *count = count.saturating_add(1);
    }

    fn take_stops(&self) -> Vec<OtpStopRow> {
        let row = |(key, (stopped, watched)): (StopKey, (i64, i64))| OtpStopRow {
            account_id: key.account,
            day: key.day,
            country: key.country,
            mcc_mnc: key.mcc_mnc,
            profile: key.profile,
            rule: key.rule.to_owned(),
            stopped,
            watched,
        };
        lock(&self.stops).drain().map(row).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Whether the guard lets this code pass. It counts then, and is to be told when it is not sent after all.
    ///
    /// # Errors
    /// [`ErrorCode::OtpBlocked`] with the rule and what it saw.
    pub(crate) fn guard_otp(&self, draft: &Draft, profile: &str, keys: &[RateKey]) -> Result<(), Refusal> {
        let account = draft.request.account_id;
        let snapshot = self.snapshot();
        let Some(whose) = snapshot.account(account) else { return Err(ErrorCode::Unauthenticated.into()) };
        let settings = &whose.otp_guard;
        if draft.request.test_only || settings.mode == GuardMode::Off {
            return Ok(());
        }
        let at = self.0.clock.now();
        let cost_micros = total_price(draft.price_micros, draft.segments)?;
        let ask = Ask { at, to: draft.request.destination, country: draft.country, keys, cost_micros };
        let Verdict::Stop(stop) = self.0.otp.guards.ask(account, settings, &ask) else { return Ok(()) };
        let is_watched = settings.mode == GuardMode::Watch;
        let key = StopKey {
            account,
            day: at.day(),
            country: draft.country.map_or_else(String::new, |country| country.to_string()),
            mcc_mnc: draft.mcc_mnc.map_or_else(String::new, |network| network.to_string()),
            profile: profile.to_owned(),
            rule: stop.rule.as_str(),
        };
        self.0.otp.guards.count(key, is_watched);
        if matches!(stop.rule, Rule::Range | Rule::Conversion | Rule::CostAtRisk) {
            self.0.alerts.raise(AlertKind::OtpPumping, &whose.name, format!("{}: {}", stop.rule, stop.detail));
        }
        if is_watched { Ok(()) } else { Err(blocked(&stop)) }
    }
}

fn blocked(stop: &Stop) -> Refusal {
    let again = stop.again_at.map(|at| format!("; again from {}", at.rfc3339())).unwrap_or_default();
    Refusal::new(ErrorCode::OtpBlocked, format!("{}: {}{again}", stop.rule, stop.detail)).at("/to")
}

/// Reads the numbers back that have verified a code.
pub(crate) async fn remember(inner: Arc<Inner>) {
    match inner.store.otp_verified_numbers(KNOWN_MAX).await {
        // The newest are to be kept: they come last.
        Ok(known) => known.into_iter().rev().for_each(|(account, to)| inner.otp.guards.remember(account, to)),
        Err(error) => tracing::error!(%error, "the numbers that have verified codes were not read: all count as new"),
    }
}

/// Stores what was stopped since last time.
pub(super) async fn keep_stops(inner: &Inner) {
    let stops = inner.otp.guards.take_stops();
    if stops.is_empty() {
        return;
    }
    if let Err(error) = inner.store.add_otp_stops(&stops).await {
        tracing::error!(%error, "codes that were stopped were not counted");
    }
}
