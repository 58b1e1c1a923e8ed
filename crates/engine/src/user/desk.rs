//! Makes and changes users: administrators all of them, an account's administrators their own. Nobody gives a role that can do more
//! than he can himself, and nobody changes himself.

use std::net::IpAddr;

use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, UserId};
use sambac_store::rows::{AccessState, UserRow};
use sambac_store::{UnitOfWork, UsersOf};

use super::invitation::Invited;
use super::{Role, refused};
use crate::admin::Administrator;
use crate::audit::Event;
use crate::refusal::Refusal;
use crate::{Caller, Engine};

/// Characters of a login and of a name.
const LOGIN_MAX: usize = 128;

/// Who makes and changes users.
#[derive(Clone, Debug)]
pub struct UserHolder {
    by: String,
    /// The user that it is itself, where it is one.
    own: UserId,
    /// `None`: the users of everybody.
    account: Option<AccountId>,
    /// All that it may do itself.
    words: Vec<&'static str>,
    /// Why it makes no persons, where it does not.
    bound: Option<&'static str>,
    address: Option<IpAddr>,
}

/// A user to make.
#[derive(Clone, Debug)]
pub struct NewUserOrder {
    /// What it logs in as: an address of mail, best.
    pub login: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whose it is; `None`: the platform's.
    pub account: Option<AccountId>,
}

/// What changes of a user; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What it is called.
    pub name: Option<String>,
    /// What it may do.
    pub role: Option<Role>,
    /// Whether it may log in.
    pub state: Option<AccessState>,
}

impl UserHolder {
    /// Somebody of an account.
    pub fn client(caller: &Caller) -> Self {
        Self {
            by: caller.actor(),
            own: UserId::from_raw(caller.api_key_id.raw()),
            account: Some(caller.account_id),
            words: caller.scopes().into_iter().map(crate::Scope::as_str).collect(),
            bound: caller.bound(),
            address: caller.address,
        }
    }

    /// Somebody of the platform.
    pub fn administrator(administrator: &Administrator) -> Self {
        Self {
            by: administrator.author(),
            own: UserId::from_raw(administrator.id.raw()),
            account: None,
            words: administrator.scopes.iter().map(|scope| scope.as_str()).collect(),
            bound: None,
            address: administrator.address,
        }
    }

    fn sees(&self, row: &UserRow) -> bool {
        self.account.is_none_or(|account| row.account_id == Some(account))
    }

    /// # Errors
    /// [`ErrorCode::Forbidden`] for who is bound as no person would be, and for a role that can do more; an account's roles are no more than the platform's may give.
    fn check(&self, role: Role) -> Result<(), Refusal> {
        if let Some(bound) = self.bound {
            return Err(Refusal::new(ErrorCode::Forbidden, bound));
        }
        let is_within = (self.account.is_none() && !role.is_platform())
            || (self.account.is_none() == role.is_platform()
                && role.words().iter().all(|word| self.words.contains(word)));
        if is_within {
            return Ok(());
        }
        let text = format!("nobody gives or changes what he does not have: the role {}", role.as_str());
        Err(Refusal::new(ErrorCode::Forbidden, text).at("/role"))
    }
}

impl Engine {
    /// Makes a user, who chooses a password by the link.
    ///
    /// # Errors
    /// What is wrong with the order; [`ErrorCode::Forbidden`] when it goes beyond the holder, [`ErrorCode::Conflict`] when the login is
    /// taken, [`ErrorCode::NotFound`] when there is no such account.
    pub async fn make_user(&self, by: &UserHolder, order: NewUserOrder) -> Result<(UserRow, Invited), Refusal> {
        let account = by.account.or(order.account);
        if account.is_some_and(|account| self.snapshot().account(account).is_none()) {
            return Err(ErrorCode::NotFound.into());
        }
        if account.is_none() != order.role.is_platform() {
            let text = "is one of the platform's for its own users, and one of an account's for those of an account";
            return Err(Refusal::new(ErrorCode::InvalidRequest, text).at("/role"));
        }
        by.check(order.role)?;
        let now = self.0.clock.now();
        let row = UserRow {
            id: UserId::from_raw(self.0.ids.next(now)),
            account_id: account,
            login: checked_login(&order.login)?,
            name: checked_name(order.name)?,
            role: order.role.as_str().to_owned(),
            password_hash: None,
            totp_sealed: None,
            totp_pending_sealed: None,
            totp_step: 0,
            recovery_hashes: Vec::new(),
            passkeys: 0,
            vouched: false,
            state: AccessState::Active,
            created_at: now,
            logged_in_at: None,
        };
        let mut work = self.0.store.begin().await.map_err(refused)?;
        work.insert_user(&row).await.map_err(refused)?;
        let invited = self.invite(&mut work, Some(row.id), false).await?;
        self.note_user(&mut work, by, "user.create", &row).await?;
        work.commit().await.map_err(refused)?;
        Ok((row, invited))
    }

    /// A page of users, the newest first.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn users(&self, by: &UserHolder, before: Option<UserId>, limit: u32) -> Result<Vec<UserRow>, Refusal> {
        let of = by.account.map_or(UsersOf::Any, UsersOf::Account);
        self.0.store.users(of, before, limit).await.map_err(refused)
    }

    /// A user.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn user(&self, by: &UserHolder, id: UserId) -> Result<UserRow, Refusal> {
        let row = self.0.store.user(id).await.map_err(refused)?;
        row.filter(|row| by.sees(row)).ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Changes what is named. Who may do less, or may not log in any more, is logged out at once.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`] for oneself, and beyond the holder; [`ErrorCode::WrongState`] when the user is gone for good.
    pub async fn change_user(&self, by: &UserHolder, id: UserId, change: UserChange) -> Result<UserRow, Refusal> {
        let mut work = self.0.store.begin().await.map_err(refused)?;
        let before = self.changeable(&mut work, by, id).await?;
        let role = change.role.map_or(before.role.clone(), |role| role.as_str().to_owned());
        if let Some(role) = change.role {
            if role.is_platform() != before.account_id.is_none() {
                let text = "is of the platform, and the user is not, or the reverse";
                return Err(Refusal::new(ErrorCode::InvalidRequest, text).at("/role"));
            }
            by.check(role)?;
        }
        let name = change.name.map_or(Ok(before.name.clone()), checked_name)?;
        let row = UserRow { name, role, state: change.state.unwrap_or(before.state), ..before.clone() };
        work.update_user(&row).await.map_err(refused)?;
        if row.role != before.role || row.state != AccessState::Active {
            work.delete_sessions_but(id, None).await.map_err(refused)?;
        }
        self.note_user(&mut work, by, "user.update", &row).await?;
        work.commit().await.map_err(refused)?;
        Ok(row)
    }

    /// Makes a link by which a user chooses another password, and ends the user's sessions. With `resets_factor` the second factor goes,
    /// too, once the link is used.
    ///
    /// # Errors
    /// As [`Engine::change_user`].
    pub async fn reset_user(&self, by: &UserHolder, id: UserId, resets_factor: bool) -> Result<Invited, Refusal> {
        let mut work = self.0.store.begin().await.map_err(refused)?;
        let row = self.changeable(&mut work, by, id).await?;
        let invited = self.invite(&mut work, Some(id), resets_factor).await?;
        work.delete_sessions_but(id, None).await.map_err(refused)?;
        let action = if resets_factor { "user.reset_all" } else { "user.reset" };
        self.note_user(&mut work, by, action, &row).await?;
        work.commit().await.map_err(refused)?;
        Ok(invited)
    }

    /// A user that the holder sees, is not, and does not fall short of.
    async fn changeable(&self, work: &mut UnitOfWork, by: &UserHolder, id: UserId) -> Result<UserRow, Refusal> {
        let row = work.user(id).await.map_err(refused)?.filter(|row| by.sees(row)).ok_or(ErrorCode::NotFound)?;
        if id == by.own {
            return Err(Refusal::new(ErrorCode::Forbidden, "nobody changes himself; ask another administrator"));
        }
        if row.state == AccessState::Revoked {
            return Err(Refusal::new(ErrorCode::WrongState, "the user is gone for good; make another one"));
        }
        by.check(Role::parse(&row.role).ok_or(ErrorCode::Internal)?)?;
        Ok(row)
    }

    async fn note_user(
        &self,
        work: &mut UnitOfWork,
        by: &UserHolder,
        what: &'static str,
        row: &UserRow,
    ) -> Result<(), Refusal> {
        let event = Event::new(&by.by, what, row.id.to_string()).of(row.account_id).from(by.address);
        let event = event.with("login", &*row.login).with("role", &*row.role).with("state", row.state.as_str());
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map(drop).map_err(refused)
    }
}

/// In small letters.
pub(super) fn checked_login(text: &str) -> Result<String, Refusal> {
    let login = text.trim().to_lowercase();
    let fits = (3..=LOGIN_MAX).contains(&login.chars().count())
        && !login.chars().any(|char| char.is_control() || char.is_whitespace());
    let why = format!("must be 3 to {LOGIN_MAX} characters without spaces, best an address of mail");
    if fits { Ok(login) } else { Err(Refusal::new(ErrorCode::InvalidRequest, why).at("/login")) }
}

pub(super) fn checked_name(text: String) -> Result<String, Refusal> {
    let fits = (1..=LOGIN_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let why = format!("must be 1 to {LOGIN_MAX} characters");
    if fits { Ok(text) } else { Err(Refusal::new(ErrorCode::InvalidRequest, why).at("/name")) }
}
