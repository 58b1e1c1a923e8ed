//! Makes, changes, rotates and revokes keys: for clients within what their own key has, for administrators without bounds.

use std::net::IpAddr;

use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, ApiKeyId, Timestamp};
use sambac_store::rows::{AccessState, ApiKeyRow};
use sambac_store::{Sealed, StoreError, UnitOfWork};
use secrecy::SecretString;

use super::reach::Reach;
use super::wanted::{self, KeyChange, NewKeyOrder};
use crate::admin::{Administrator, store_refusal};
use crate::api_key::{self, Environment, NewKey};
use crate::audit::Event;
use crate::refusal::Refusal;
use crate::{Caller, Engine};

/// Keys of one account that are not revoked.
const KEYS_MAX: i64 = 100;
/// How long the former secret works after a rotation, when nothing is said.
pub const ROTATION_DEFAULT_S: u32 = 24 * 3_600;
/// And at most.
pub const ROTATION_MAX_S: u32 = 30 * 24 * 3_600;

/// Who makes and changes keys, whose they are, and how far that goes.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    by: String,
    /// `None`: the keys of any account.
    account: Option<AccountId>,
    /// `None`: without bounds.
    bounds: Option<Reach>,
    /// Whether live keys are seen, too.
    is_live: bool,
    /// From where, as far as that is known.
    address: Option<IpAddr>,
}

/// A key with when it was last used.
#[derive(Clone, Debug)]
pub struct ShownKey {
    /// As it is stored.
    pub row: ApiKeyRow,
    /// To the minute.
    pub used_at: Option<Timestamp>,
}

/// A key with its new secret, shown only now.
pub struct SecretKey {
    /// As it is stored.
    pub row: ApiKeyRow,
    /// The whole key, for its owner.
    pub text: SecretString,
}

impl KeyHolder {
    /// A client: the keys of its account, within what its own key has.
    pub fn client(caller: &Caller) -> Self {
        let row = &caller.key.row;
        Self {
            by: caller.actor(),
            account: Some(caller.account_id),
            bounds: Some(Reach::of_caller(row, &caller.scopes())),
            is_live: caller.environment == Environment::Live,
            address: caller.address,
        }
    }

    /// An administrator: all keys.
    pub fn administrator(administrator: &Administrator) -> Self {
        Self { by: administrator.author(), account: None, bounds: None, is_live: true, address: administrator.address }
    }

    /// As the audit log names it.
    pub(crate) fn author(&self) -> &str {
        &self.by
    }

    /// From where it calls, as far as that is known.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    fn sees(&self, row: &ApiKeyRow) -> bool {
        let is_own = self.account.is_none_or(|account| account == row.account_id);
        is_own && (self.is_live || row.environment == Environment::Test.as_str())
    }

    /// # Errors
    /// [`ErrorCode::Forbidden`] for what goes beyond the holder's own key.
    fn check(&self, row: &ApiKeyRow) -> Result<(), Refusal> {
        self.bounds.as_ref().map_or(Ok(()), |bounds| bounds.check(&Reach::of(row)))
    }
}

impl Engine {
    /// Makes a key for an account.
    ///
    /// # Errors
    /// What is wrong with the order; [`ErrorCode::Forbidden`] when it goes beyond the holder's own key, [`ErrorCode::Conflict`] when the
    /// account has one of that name, or too many; [`ErrorCode::NotFound`] when there is no such account.
    pub async fn make_key(&self, by: &KeyHolder, account: AccountId, order: NewKeyOrder) -> Result<SecretKey, Refusal> {
        if by.account.is_some_and(|own| own != account) || self.snapshot().account(account).is_none() {
            return Err(ErrorCode::NotFound.into());
        }
        let now = self.0.clock.now();
        let id = ApiKeyId::from_raw(self.0.ids.next(now));
        let environment = order.environment.unwrap_or(if by.is_live { Environment::Live } else { Environment::Test });
        let mut row = wanted::row(id, account, order, environment, now)?;
        by.check(&row)?;
        let NewKey { text, secret_hash } = api_key::generate(id, environment).map_err(|error| internal(&error))?;
        row.secret_hash = Sealed(secret_hash);
        let _changing = self.0.admin_changes.lock().await;
        let mut work = self.begin().await?;
        has_place(&mut work, &row).await?;
        self.keep_key(work, by, "key.create", &row).await?;
        Ok(SecretKey { row, text })
    }

    /// An account's keys, the newest first: those before `before`, `limit` at most.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] when there is no such account, [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn keys_of(
        &self,
        by: &KeyHolder,
        account: AccountId,
        before: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ShownKey>, Refusal> {
        if self.snapshot().account(account).is_none() {
            return Err(ErrorCode::NotFound.into());
        }
        let environment = if by.is_live { "" } else { Environment::Test.as_str() };
        let rows = self.0.store.api_keys_of(account, environment, before, limit).await;
        self.with_uses(rows.map_err(|error| store_refusal(&error))?).await
    }

    /// One key.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn key(&self, by: &KeyHolder, id: ApiKeyId) -> Result<ShownKey, Refusal> {
        let mut work = self.0.store.begin().await.map_err(|error| store_refusal(&error))?;
        let row = seen(&mut work, by, id).await?;
        drop(work);
        self.with_uses(vec![row]).await?.pop().ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Changes what is named.
    ///
    /// # Errors
    /// As [`Engine::make_key`]; [`ErrorCode::WrongState`] when it is revoked.
    pub async fn change_key(&self, by: &KeyHolder, id: ApiKeyId, change: KeyChange) -> Result<ShownKey, Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let mut work = self.begin().await?;
        let before = live(seen(&mut work, by, id).await?)?;
        by.check(&before)?;
        let row = wanted::changed(before.clone(), change, self.0.clock.now())?;
        by.check(&row)?;
        if row.name != before.name {
            has_name(&mut work, &row).await?;
        }
        self.keep_key(work, by, "key.update", &row).await?;
        self.with_uses(vec![row]).await?.pop().ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Makes a new secret for a key. The one that it has now works for `keep_s` seconds more; one that was kept before that does not.
    ///
    /// # Errors
    /// As [`Engine::change_key`].
    pub async fn rotate_key(&self, by: &KeyHolder, id: ApiKeyId, keep_s: u32) -> Result<SecretKey, Refusal> {
        if keep_s > ROTATION_MAX_S {
            let text = format!("must be from 0 to {ROTATION_MAX_S}");
            return Err(Refusal::new(ErrorCode::InvalidRequest, text).at("/keep_s"));
        }
        let _changing = self.0.admin_changes.lock().await;
        let mut work = self.begin().await?;
        let mut row = live(seen(&mut work, by, id).await?)?;
        by.check(&row)?;
        let environment = Environment::parse(&row.environment).ok_or(ErrorCode::WrongState)?;
        let NewKey { text, secret_hash } = api_key::generate(id, environment).map_err(|error| internal(&error))?;
        let former = std::mem::replace(&mut row.secret_hash, Sealed(secret_hash));
        let until = self.0.clock.now().saturating_add(std::time::Duration::from_secs(keep_s.into()));
        (row.former_secret_hash, row.former_until) =
            if keep_s > 0 { (Some(former), Some(until)) } else { (None, None) };
        self.keep_key(work, by, "key.rotate", &row).await?;
        Ok(SecretKey { row, text })
    }

    /// Takes a key's rights away for good, here at once and elsewhere within a second. One that is revoked stays so.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn revoke_key(&self, by: &KeyHolder, id: ApiKeyId) -> Result<(), Refusal> {
        let _changing = self.0.admin_changes.lock().await;
        let mut work = self.begin().await?;
        let row = seen(&mut work, by, id).await?;
        if row.state == AccessState::Revoked {
            return Ok(());
        }
        let row = ApiKeyRow { state: AccessState::Revoked, former_secret_hash: None, former_until: None, ..row };
        self.keep_key(work, by, "key.revoke", &row).await
    }

    async fn begin(&self) -> Result<UnitOfWork, Refusal> {
        self.0.store.begin_configuration().await.map_err(|error| store_refusal(&error))
    }

    async fn keep_key(
        &self,
        mut work: UnitOfWork,
        by: &KeyHolder,
        what: &'static str,
        row: &ApiKeyRow,
    ) -> Result<(), Refusal> {
        let refused = |error: StoreError| store_refusal(&error);
        work.upsert_api_key(row).await.map_err(refused)?;
        let event = Event::new(&by.by, what, row.id.to_string()).of(row.account_id).from(by.address);
        let event = event.with("name", row.name.as_str()).with("scopes", row.scopes.clone());
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        tracing::info!(by = by.by, key = %row.id, account = %row.account_id, what, "a key was changed");
        self.reload().await;
        Ok(())
    }

    async fn with_uses(&self, rows: Vec<ApiKeyRow>) -> Result<Vec<ShownKey>, Refusal> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let uses = self.0.store.api_key_uses(&ids).await.map_err(|error| store_refusal(&error))?;
        let snapshot = self.snapshot();
        let shown = |row: ApiKeyRow| {
            let kept = uses.iter().find(|kept| kept.id == row.id).map(|kept| kept.used_at);
            let here = snapshot.client_key(row.id).and_then(|key| key.used_at());
            ShownKey { used_at: kept.max(here), row }
        };
        Ok(rows.into_iter().map(shown).collect())
    }
}

impl Engine {
    /// A key that the holder sees.
    pub(crate) async fn seen_key(
        &self,
        work: &mut UnitOfWork,
        by: &KeyHolder,
        id: ApiKeyId,
    ) -> Result<ApiKeyRow, Refusal> {
        seen(work, by, id).await
    }

    /// A key that the holder may change.
    pub(crate) async fn changeable_key(
        &self,
        work: &mut UnitOfWork,
        by: &KeyHolder,
        id: ApiKeyId,
    ) -> Result<ApiKeyRow, Refusal> {
        let row = live(seen(work, by, id).await?)?;
        by.check(&row)?;
        Ok(row)
    }
}

async fn seen(work: &mut UnitOfWork, by: &KeyHolder, id: ApiKeyId) -> Result<ApiKeyRow, Refusal> {
    let row = work.api_key(id).await.map_err(|error| store_refusal(&error))?;
    row.filter(|row| by.sees(row)).ok_or_else(|| ErrorCode::NotFound.into())
}

/// One that is not revoked.
fn live(row: ApiKeyRow) -> Result<ApiKeyRow, Refusal> {
    if row.state == AccessState::Revoked {
        return Err(Refusal::new(ErrorCode::WrongState, "the key is revoked; make another one"));
    }
    Ok(row)
}

/// Names are kept for ever: files name keys by them.
async fn has_name(work: &mut UnitOfWork, row: &ApiKeyRow) -> Result<(), Refusal> {
    let taken = work.has_api_key_named(row.account_id, &row.name).await.map_err(|error| store_refusal(&error))?;
    if taken {
        return Err(Refusal::new(ErrorCode::Conflict, "the account has, or had, a key of that name").at("/name"));
    }
    Ok(())
}

async fn has_place(work: &mut UnitOfWork, row: &ApiKeyRow) -> Result<(), Refusal> {
    has_name(work, row).await?;
    let count = work.count_api_keys(row.account_id).await.map_err(|error| store_refusal(&error))?;
    if count >= KEYS_MAX {
        let text = format!("an account may have {KEYS_MAX} keys; revoke one");
        return Err(Refusal::new(ErrorCode::Conflict, text));
    }
    Ok(())
}

fn internal(error: &api_key::NoRandomness) -> Refusal {
    tracing::error!(%error, "no key could be made");
    ErrorCode::Internal.into()
}
