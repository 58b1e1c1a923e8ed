//! Roles: what persons may do, in the scopes of the API. This table is all there is to it: a session reaches the endpoints that the
//! role's scopes name, by the same doors as keys do. `docs/reference/roles.md` is made of it.

use crate::Scope;
use crate::admin::AdminScope;

/// What a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the platform and makes the other users.
    PlatformAdmin,
    /// Runs connectors, routes and prices.
    Operations,
    /// Books money and reads what was earned.
    Finance,
    /// Helps clients: sees, changes nothing.
    Support,
    /// Reads everything that was done.
    Auditor,
    /// Does everything in an account, and makes its users.
    ClientAdmin,
    /// Builds on the API: keys, webhooks, messages, codes.
    ClientDeveloper,
    /// Sees an account's messages, codes and balance.
    ReadOnly,
}

impl Role {
    /// All roles there are.
    pub const ALL: [Self; 8] = [
        Self::PlatformAdmin,
        Self::Operations,
        Self::Finance,
        Self::Support,
        Self::Auditor,
        Self::ClientAdmin,
        Self::ClientDeveloper,
        Self::ReadOnly,
    ];

    /// The word used in the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "platform_admin",
            Self::Operations => "operations",
            Self::Finance => "finance",
            Self::Support => "support",
            Self::Auditor => "auditor",
            Self::ClientAdmin => "client_admin",
            Self::ClientDeveloper => "client_developer",
            Self::ReadOnly => "read_only",
        }
    }

    /// The role that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether it is one of the platform's; the others are an account's.
    pub fn is_platform(self) -> bool {
        self.scopes().is_empty()
    }

    /// What it is for, in a sentence.
    pub fn told(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "Runs the platform and makes the other users.",
            Self::Operations => "Runs connectors, routes and prices.",
            Self::Finance => "Books money and reads what was earned.",
            Self::Support => "Helps clients: sees, changes nothing.",
            Self::Auditor => "Reads everything that was done.",
            Self::ClientAdmin => "Does everything in an account, and makes its users.",
            Self::ClientDeveloper => "Builds on the API: keys, webhooks, messages, codes.",
            Self::ReadOnly => "Sees an account's messages, codes and balance.",
        }
    }

    /// What it may do in its account; nothing for the platform's roles.
    pub fn scopes(self) -> &'static [Scope] {
        use Scope::{
            BalanceRead, EventsRead, KeysWrite, OptOutsWrite, OtpCheck, OtpProfiles, OtpRead, OtpSend, SmsRead,
            SmsSend, TemplatesWrite, WebhooksWrite,
        };
        match self {
            Self::ClientAdmin => &Scope::ALL,
            Self::ClientDeveloper => &[
                SmsSend,
                SmsRead,
                BalanceRead,
                WebhooksWrite,
                KeysWrite,
                EventsRead,
                TemplatesWrite,
                OptOutsWrite,
                OtpSend,
                OtpCheck,
                OtpRead,
                OtpProfiles,
            ],
            Self::ReadOnly => &[SmsRead, BalanceRead, OtpRead],
            Self::PlatformAdmin | Self::Operations | Self::Finance | Self::Support | Self::Auditor => &[],
        }
    }

    /// What it may do on the platform; nothing for an account's roles.
    pub fn admin_scopes(self) -> &'static [AdminScope] {
        use AdminScope::{AuditsRead, BalancesRead, CdrRead, ConfigRead, ConfigWrite, Operations, TransfersWrite};
        match self {
            Self::PlatformAdmin => &AdminScope::ALL,
            Self::Operations => &[ConfigRead, ConfigWrite, Operations, CdrRead],
            Self::Finance => &[ConfigRead, TransfersWrite, BalancesRead, CdrRead],
            Self::Support => &[ConfigRead, BalancesRead, CdrRead],
            Self::Auditor => &[ConfigRead, BalancesRead, CdrRead, AuditsRead],
            Self::ClientAdmin | Self::ClientDeveloper | Self::ReadOnly => &[],
        }
    }

    /// All that it may do, in words.
    pub fn words(self) -> Vec<&'static str> {
        let clients = self.scopes().iter().map(|scope| scope.as_str());
        clients.chain(self.admin_scopes().iter().map(|scope| scope.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Whether one may do all that the other may.
    fn holds(role: Role, other: Role) -> bool {
        other.words().iter().all(|word| role.words().contains(word))
    }

    /// Nobody is of the platform and of an account; the two that make users hold all of their kind.
    #[test]
    fn roles_are_of_the_platform_or_of_an_account() {
        for role in Role::ALL {
            assert_ne!(role.scopes().is_empty(), role.admin_scopes().is_empty(), "{role:?}");
            assert_eq!(Role::parse(role.as_str()), Some(role));
            let head = if role.is_platform() { Role::PlatformAdmin } else { Role::ClientAdmin };
            assert!(holds(head, role), "{role:?}");
        }
        assert!(!holds(Role::Operations, Role::Finance) && !holds(Role::ClientDeveloper, Role::ClientAdmin));
    }

    #[test]
    fn the_page_of_roles_is_fresh() {
        let mut page = String::from(
            "# Roles\n\nWhat persons may do, in the scopes of the API ([authentication](../guides/authentication.md)). A session reaches \
             exactly the endpoints that its role's scopes name.\nThis page is made of `crates/engine/src/user/role.rs`.\n\n\
             | Role | Of | What it is for | Scopes |\n|---|---|---|---|\n",
        );
        for role in Role::ALL {
            let of = if role.is_platform() { "the platform" } else { "an account" };
            let scopes = role.words().iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
            page.push_str(&format!("| `{}` | {of} | {} | {scopes} |\n", role.as_str(), role.told()));
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/roles.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == page, "docs/reference/roles.md is not fresh: run this test with UPDATE_DOCS=1");
    }
}
