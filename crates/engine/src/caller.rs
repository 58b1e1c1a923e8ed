//! Who calls the API: a key, its account and what it may do.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId};

use crate::Engine;
use crate::api_key::{Environment, PresentedKey};
use crate::refusal::Refusal;

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
}

impl Scope {
    /// All scopes there are.
    pub const ALL: [Self; 5] =
        [Self::SmsSend, Self::SmsRead, Self::BalanceRead, Self::PaymentsWrite, Self::WebhooksWrite];

    /// The word used in the API, the configuration and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SmsSend => "sms:send",
            Self::SmsRead => "sms:read",
            Self::BalanceRead => "balance:read",
            Self::PaymentsWrite => "payments:write",
            Self::WebhooksWrite => "webhooks:write",
        }
    }

    /// The scope that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose key it is. Every look-up uses it.
    pub account_id: AccountId,
    /// The key.
    pub api_key_id: ApiKeyId,
    /// What the key may touch.
    pub environment: Environment,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Refuses when the key was not given `scope`.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`], naming the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Refusal> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, format!("the API key lacks the scope {}", scope.as_str())))
    }
}

impl Engine {
    /// The caller that an API key stands for. Every failure reads the same, so that none tells which part was right.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`].
    pub fn authenticate(&self, key: &str) -> Result<Caller, Refusal> {
        let presented: PresentedKey = key.parse().map_err(|_| ErrorCode::Unauthenticated)?;
        let snapshot = self.0.snapshot.load();
        let row = snapshot
            .api_key(presented.id, self.0.clock.now())
            .filter(|row| presented.matches(&row.secret_hash.0) && row.environment == presented.environment.as_str())
            .ok_or(ErrorCode::Unauthenticated)?;
        Ok(Caller {
            account_id: row.account_id,
            api_key_id: row.id,
            environment: presented.environment,
            scopes: row.scopes.iter().filter_map(|word| Scope::parse(word)).collect(),
        })
    }
}
