//! Issuers of tokens outside, whose word is taken on who calls for an account: a bank's own identity provider.
//!
//! An issuer speaks for the accounts that it is configured with and for no other, gives no scope beyond those, and signs with the keys
//! of its key set, which we fetch from where the configuration says and from nowhere else.

mod key_set;
mod settings;
mod tokens;

pub(crate) use key_set::KeySets;
pub use key_set::checked_url;
pub use settings::IssuerSettings;

use std::collections::HashMap;
use std::sync::Arc;

use sambac_domain::{AccountId, ApiKeyId};
use sambac_store::Sealed;
use sambac_store::rows::{AccessState, ApiKeyRow, IssuerRow};
use serde_json::{Map, Value};

use crate::Scope;
use crate::keyring::ClientKey;
use crate::snapshot::Snapshot;

/// An issuer as calls meet it.
pub(crate) struct Issuer {
    pub(crate) row: IssuerRow,
    pub(super) settings: IssuerSettings,
    /// What its callers have in place of a key of their own: its scopes, networks and rate.
    pub(crate) key: Arc<ClientKey>,
}

impl Issuer {
    /// `None`, and it is told, when what is stored cannot be read: nobody is believed then.
    pub(crate) fn new(row: IssuerRow) -> Option<Self> {
        let settings = IssuerSettings::from_json(&row.settings).inspect_err(|error| {
            tracing::error!(issuer = row.name, %error, "the settings do not parse; its tokens are refused");
        });
        let settings = settings.ok()?;
        let key = Arc::new(ClientKey::new(key_row(&row, &settings)));
        Some(Self { row, settings, key })
    }

    /// The same, which goes on with the counters of `before`.
    fn after(&self, before: &Self) -> Self {
        let key = Arc::new(ClientKey::after(&before.key, &self.key));
        Self { row: self.row.clone(), settings: self.settings.clone(), key }
    }

    /// Whether it is believed now.
    pub(crate) fn is_active(&self) -> bool {
        self.row.state == AccessState::Active
    }

    /// The account that a token is for: the only one, or the one that it names.
    fn account(&self, claims: &Map<String, Value>, snapshot: &Snapshot) -> Option<AccountId> {
        let Some(claim) = &self.settings.account_claim else {
            return self.row.accounts.first().copied().filter(|_| self.row.accounts.len() == 1);
        };
        let named = claims.get(claim)?.as_str()?;
        let is_named = |id: &AccountId| {
            named == id.to_string() || snapshot.account(*id).is_some_and(|account| account.name == named)
        };
        self.row.accounts.iter().copied().find(is_named)
    }

    /// What a token may do: what it says, translated, and no more than the issuer may give.
    fn scopes(&self, claims: &Map<String, Value>) -> Arc<[Scope]> {
        let said = self.settings.said(claims);
        self.key.scopes.iter().copied().filter(|scope| said.contains(scope)).collect()
    }
}

/// All issuers, by what their tokens say of them.
#[derive(Default)]
pub(crate) struct Issuers(HashMap<String, Arc<Issuer>>);

impl Issuers {
    /// Those that can be read.
    pub(crate) fn new(rows: Vec<IssuerRow>) -> Self {
        let readable = rows.into_iter().filter_map(Issuer::new);
        Self(readable.map(|issuer| (issuer.row.url.clone(), Arc::new(issuer))).collect())
    }

    /// The one that a token names, whether it is believed or not.
    pub(crate) fn get(&self, url: &str) -> Option<&Arc<Issuer>> {
        self.0.get(url)
    }

    /// Goes on with what is left of the limits in `before`.
    pub(crate) fn keep_limits(&mut self, before: &Self) {
        for (url, issuer) in &mut self.0 {
            if let Some(earlier) = before.get(url).filter(|earlier| earlier.row.id == issuer.row.id) {
                *issuer = Arc::new(issuer.after(earlier));
            }
        }
    }
}

/// A key that nobody has: it has no secret.
fn key_row(row: &IssuerRow, settings: &IssuerSettings) -> ApiKeyRow {
    ApiKeyRow {
        id: ApiKeyId::from_raw(row.id.raw()),
        account_id: AccountId::from_raw(0),
        name: row.name.clone(),
        environment: settings.environment.clone(),
        secret_hash: Sealed::default(),
        scopes: settings.scopes.clone(),
        state: row.state,
        created_at: row.created_at,
        expires_at: None,
        former_secret_hash: None,
        former_until: None,
        allowed_ips: settings.allowed_ips.clone(),
        rate_limit: settings.rate_limit.to_string(),
    }
}
