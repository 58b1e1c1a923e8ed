//! Who calls the API: a key, its account and what it may do.

use std::net::IpAddr;
use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId};
use sambac_domain::time::Timestamp;

use crate::api_key::{Environment, PresentedKey};
use crate::audit::Refused;
use crate::issuer::KeySets;
use crate::keyring::ClientKey;
use crate::refusal::Refusal;
use crate::request_signature::Nonces;
use crate::snapshot::Snapshot;
use crate::token::VerifiedTokens;
use crate::user::Persons;
use crate::{ClientError, Engine};

/// What a key may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Submit messages.
    SmsSend,
    /// Read messages and their life.
    SmsRead,
    /// Read the balance.
    BalanceRead,
    /// Make payments.
    PaymentsWrite,
    /// Register and remove webhooks.
    WebhooksWrite,
    /// Make, change, rotate and revoke the account's API keys, within what the own key may do.
    KeysWrite,
    /// Read and stream the account's events.
    EventsRead,
    /// Make and change the account's users, within what one may do oneself.
    TeamWrite,
    /// Read what was done to the account.
    AuditRead,
    /// Make versions of templates.
    TemplatesWrite,
    /// Approve versions of templates that others have made, refuse and retire them.
    TemplatesApprove,
    /// Change who wants no more messages.
    OptOutsWrite,
    /// Start one-time codes, send them again and call them off.
    OtpSend,
    /// Check one-time codes, and tell that one was used.
    OtpCheck,
    /// Read one-time codes and what becomes of them.
    OtpRead,
    /// Change how one-time codes are made and told.
    OtpProfiles,
}

impl Scope {
    /// All scopes there are.
    pub const ALL: [Self; 16] = [
        Self::SmsSend,
        Self::SmsRead,
        Self::BalanceRead,
        Self::PaymentsWrite,
        Self::WebhooksWrite,
        Self::KeysWrite,
        Self::EventsRead,
        Self::TeamWrite,
        Self::AuditRead,
        Self::TemplatesWrite,
        Self::TemplatesApprove,
        Self::OptOutsWrite,
        Self::OtpSend,
        Self::OtpCheck,
        Self::OtpRead,
        Self::OtpProfiles,
    ];

    /// The word used in the API, the configuration and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SmsSend => "sms:send",
            Self::SmsRead => "sms:read",
            Self::BalanceRead => "balance:read",
            Self::PaymentsWrite => "payments:write",
            Self::WebhooksWrite => "webhooks:write",
            Self::KeysWrite => "keys:write",
            Self::EventsRead => "events:read",
            Self::TeamWrite => "team:write",
            Self::AuditRead => "audit:read",
            Self::TemplatesWrite => "templates:write",
            Self::TemplatesApprove => "templates:approve",
            Self::OptOutsWrite => "opt_outs:write",
            Self::OtpSend => "otp:send",
            Self::OtpCheck => "otp:check",
            Self::OtpRead => "otp:read",
            Self::OtpProfiles => "otp:profiles",
        }
    }

    /// The scope that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// What is remembered of who calls.
pub(crate) struct Callers {
    /// Access tokens that were verified lately.
    pub(crate) tokens: VerifiedTokens,
    /// What persons who log in share.
    pub(crate) persons: Persons,
    /// Nonces of signed requests.
    pub(crate) nonces: Nonces,
    /// Keys of issuers outside.
    pub(crate) key_sets: KeySets,
}

impl Callers {
    /// Nothing yet but the nonces that have come.
    pub(crate) fn new(nonces: Nonces) -> Result<Self, ClientError> {
        Ok(Self { nonces, persons: Persons::default(), tokens: VerifiedTokens::default(), key_sets: KeySets::new()? })
    }
}

/// What a token or a session grants, and to whom, as the audit log names it.
pub(crate) type Granted = (Arc<[Scope]>, Arc<str>);

/// An authenticated caller.
#[derive(Clone)]
pub struct Caller {
    /// Whose key it is. Every look-up uses it.
    pub account_id: AccountId,
    /// The key.
    pub api_key_id: ApiKeyId,
    /// What the key may touch.
    pub environment: Environment,
    /// From where it calls, as far as that is known.
    pub address: Option<IpAddr>,
    /// The key as it was when the call came.
    pub(crate) key: Arc<ClientKey>,
    /// What a token or a session grants of what the key may do, and who has it; `None`: it calls with the key itself.
    granted: Option<Granted>,
}

impl Caller {
    /// Whether the key that was presented may still do this, for whoever goes on for long: it is not revoked or past its end, has the
    /// scope, may be used from there, and its secret is one of those that live.
    pub(crate) fn may_still(&self, scope: Scope, snapshot: &Snapshot, now: Timestamp) -> bool {
        let Some(key) = snapshot.api_key(self.api_key_id, now) else { return false };
        let Some(account) = snapshot.account(self.account_id) else { return false };
        let former = key.row.former_secret_hash.as_ref().filter(|_| key.row.former_until.is_some_and(|end| now < end));
        let mut live = former.into_iter().chain([&key.row.secret_hash]);
        let was = &self.key.row;
        let is_live = live.any(|hash| *hash == was.secret_hash || Some(hash) == was.former_secret_hash.as_ref());
        let is_allowed = key.allowed.allows(self.address) && account.allowed.allows(self.address);
        is_live && is_allowed && key.scopes.contains(&scope)
    }

    /// Why this caller makes no persons: they would not be bound as it is.
    pub(crate) fn bound(&self) -> Option<&'static str> {
        let key = &self.key.row;
        if self.environment != Environment::Live {
            return Some("a test key makes and changes no persons, who act for real: use a live key");
        }
        let is_bound = key.expires_at.is_some() || !key.allowed_ips.is_empty() || !key.rate_limit.is_empty();
        is_bound.then_some(
            "a key with an end, networks or a rate of its own makes and changes no persons, who would have none of these: use a key without, or a person",
        )
    }

    /// Refuses when the key was not given `scope`.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`], naming the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        if self.has(scope) {
            return Ok(());
        }
        let what = if self.is_by_key() { "API key" } else { "token" };
        Err(Refusal::new(ErrorCode::Forbidden, format!("the {what} lacks the scope {}", scope.as_str())))
    }

    /// Whether it may do this: a token no more than its key does now.
    pub fn has(&self, scope: Scope) -> bool {
        let is_granted = self.granted.as_ref().is_none_or(|(scopes, _)| scopes.contains(&scope));
        is_granted && self.key.scopes.contains(&scope)
    }

    /// All that it may do.
    pub fn scopes(&self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).collect()
    }

    /// As the audit log names who calls.
    pub fn actor(&self) -> String {
        self.granted.as_ref().map_or_else(|| format!("api key {}", self.api_key_id), |(_, who)| who.to_string())
    }

    /// Whether it calls with the key itself.
    pub(crate) fn is_by_key(&self) -> bool {
        self.granted.is_none()
    }
}

impl Engine {
    /// The caller that an API key stands for, who calls from `address`, as far as that is known. Every failure reads the same, so
    /// that none tells which part was right.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`].
    pub fn authenticate(&self, key: &str, address: Option<IpAddr>) -> Result<Caller, Refusal> {
        let unknown = || {
            self.audit_refusal(Refused::Key(address));
            Refusal::from(ErrorCode::Unauthenticated)
        };
        let presented: PresentedKey = key.parse().map_err(|_| unknown())?;
        let (snapshot, now) = (self.0.snapshot.load(), self.0.clock.now());
        let key = snapshot.api_key(presented.id, now).filter(|key| key.is(&presented, now));
        let key = key.ok_or_else(unknown)?;
        self.enter(&snapshot, key.row.account_id, key, presented.environment, address, None)
    }

    /// Whether this is a key for tests that works.
    pub fn is_test_key(&self, id: ApiKeyId) -> bool {
        let snapshot = self.0.snapshot.load();
        snapshot.api_key(id, self.0.clock.now()).is_some_and(|key| key.row.environment == Environment::Test.as_str())
    }

    /// Lets the holder of a good key, or of a token of it, in, if it comes from where it may.
    pub(crate) fn enter(
        &self,
        snapshot: &Snapshot,
        account_id: AccountId,
        key: &Arc<ClientKey>,
        environment: Environment,
        address: Option<IpAddr>,
        granted: Option<Granted>,
    ) -> Result<Caller, Refusal> {
        let account = snapshot.account(account_id).ok_or(ErrorCode::Unauthenticated)?;
        if !key.allowed.allows(address) || !account.allowed.allows(address) {
            self.audit_refusal(Refused::Address(address, account_id, key.row.id));
            return Err(ErrorCode::Unauthenticated.into());
        }
        key.touch(self.0.clock.now());
        Ok(Caller { account_id, api_key_id: key.row.id, environment, address, key: Arc::clone(key), granted })
    }
}
