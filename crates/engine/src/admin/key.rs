//! Who calls the admin API, and what they may do. A client's key is none of these, nor the reverse.

use std::net::IpAddr;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::AdminKeyId;

use crate::Engine;
use crate::api_key::PresentedAdminKey;
use crate::audit::Refused;
use crate::refusal::Refusal;
use crate::user::is_session_token;

/// What a key of the admin API may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdminScope {
    /// Read the configuration and its versions; secrets are never shown.
    ConfigRead,
    /// Change it.
    ConfigWrite,
    /// See what runs, and start, stop and test it.
    Operations,
    /// Charge accounts, on the services listener.
    ChargesWrite,
    /// Book, approve and refuse bank transfers.
    TransfersWrite,
    /// Read any account's balance and ask for prices, on the services listener.
    BalancesRead,
    /// Read the CDRs of all accounts, on the services listener; numbers are masked.
    CdrRead,
    /// See whole numbers where they are masked for others.
    NumbersRead,
    /// Erase numbers wherever they are kept.
    NumbersErase,
    /// Read the audit log.
    AuditsRead,
    /// Make and change users.
    UsersWrite,
}

impl AdminScope {
    /// All there are.
    pub const ALL: [Self; 11] = [
        Self::ConfigRead,
        Self::ConfigWrite,
        Self::Operations,
        Self::ChargesWrite,
        Self::TransfersWrite,
        Self::BalancesRead,
        Self::CdrRead,
        Self::NumbersRead,
        Self::NumbersErase,
        Self::AuditsRead,
        Self::UsersWrite,
    ];

    /// The word used in the API, the configuration and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigRead => "config:read",
            Self::ConfigWrite => "config:write",
            Self::Operations => "operations",
            Self::ChargesWrite => "charges:write",
            Self::TransfersWrite => "transfers:write",
            Self::BalancesRead => "balances:read",
            Self::CdrRead => "cdr:read",
            Self::NumbersRead => "numbers:read",
            Self::NumbersErase => "numbers:erase",
            Self::AuditsRead => "audits:read",
            Self::UsersWrite => "users:write",
        }
    }

    /// The scope that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// An authenticated caller of the admin API.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// The key, or the user.
    pub id: AdminKeyId,
    /// `admin key` or `user`.
    pub kind: &'static str,
    /// Its name: who is told to have made a change.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<AdminScope>,
    /// From where it calls, as far as that is known.
    pub address: Option<IpAddr>,
}

/// An administrator with a key.
pub(crate) const ADMIN_KEY: &str = "admin key";

impl Administrator {
    /// Refuses when the key was not given `scope`.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`], naming the scope.
    pub fn require(&self, scope: AdminScope) -> Result<(), Refusal> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, format!("the {} lacks the scope {}", self.kind, scope.as_str())))
    }

    /// As versions name the author of a change.
    pub fn author(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

impl Engine {
    /// Who an admin key or a session stands for.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`]; [`ErrorCode::SecondFactorRequired`] for a session without one.
    pub async fn authenticate_administrator(
        &self,
        text: &str,
        address: Option<IpAddr>,
    ) -> Result<Administrator, Refusal> {
        if is_session_token(text) {
            return self.session_administrator(&self.session(text, address).await?);
        }
        self.authenticate_admin(text, address)
    }

    /// Who an admin key stands for, who calls from `address`, as far as that is known. Every failure reads the same, so that none tells which part was right.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`].
    pub fn authenticate_admin(&self, key: &str, address: Option<IpAddr>) -> Result<Administrator, Refusal> {
        let unknown = || {
            self.audit_refusal(Refused::AdminKey(address));
            Refusal::from(ErrorCode::Unauthenticated)
        };
        let presented: PresentedAdminKey = key.parse().map_err(|_| unknown())?;
        let snapshot = self.0.snapshot.load();
        let row = snapshot
            .admin_key(presented.id, self.0.clock.now())
            .filter(|row| presented.matches(&row.secret_hash.0))
            .ok_or_else(unknown)?;
        Ok(Administrator {
            id: row.id,
            kind: ADMIN_KEY,
            name: row.name.clone(),
            scopes: row.scopes.iter().filter_map(|word| AdminScope::parse(word)).collect(),
            address,
        })
    }
}
