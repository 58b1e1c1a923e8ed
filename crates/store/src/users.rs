//! Persons, their sessions, and the links by which they choose their passwords.

use sambac_domain::{AccountId, InvitationId, SessionId, Timestamp, UserId};

use crate::query::{query, select};
use crate::rows::{InvitationRow, SessionRow, UserRow};
use crate::unit_of_work::UnitOfWork;
use crate::{Sealed, Store, StoreError};

/// Whose users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsersOf {
    /// Everybody's.
    Any,
    /// The platform's own.
    Platform,
    /// An account's.
    Account(AccountId),
}

impl Store {
    /// A page of users, the newest first: those before `before`.
    pub async fn users(&self, of: UsersOf, before: Option<UserId>, limit: u32) -> Result<Vec<UserRow>, StoreError> {
        let before = before.unwrap_or(UserId::from_raw(i64::MAX));
        let (all, account) = match of {
            UsersOf::Any => ("", AccountId::from_raw(0)),
            UsersOf::Platform => ("AND account_id IS NULL", AccountId::from_raw(0)),
            UsersOf::Account(account) => ("AND account_id = $3", account),
        };
        let rows = select::<UserRow>(&format!("WHERE id < $1 {all} ORDER BY id DESC LIMIT $2"));
        let rows = rows.bind(&before).bind(&limit);
        let rows = if let UsersOf::Account(_) = of { rows.bind(&account) } else { rows };
        rows.all(self.pool()).await
    }

    /// A user by its login, which is in small letters.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<UserRow>, StoreError> {
        let login = login.to_owned();
        select::<UserRow>("WHERE login = $1").bind(&login).first(self.pool()).await
    }

    /// A user.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        select::<UserRow>("WHERE id = $1").bind(&id).first(self.pool()).await
    }

    /// How many users the platform itself has.
    pub async fn count_platform_users(&self) -> Result<i64, StoreError> {
        let count = query("SELECT COUNT(*) FROM users WHERE account_id IS NULL");
        Ok(count.first::<(i64,)>(self.pool()).await?.map_or(0, |(count,)| count))
    }

    /// A session.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
        select::<SessionRow>("WHERE id = $1").bind(&id).first(self.pool()).await
    }

    /// A user's sessions, the newest first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRow>, StoreError> {
        select::<SessionRow>("WHERE user_id = $1 ORDER BY id DESC").bind(&user).all(self.pool()).await
    }

    /// Notes that a session is used.
    pub async fn touch_session(&self, id: SessionId, used_at: Timestamp) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        query("UPDATE user_sessions SET used_at = $2 WHERE id = $1").bind(&id).bind(&used_at).run(&mut work).await?;
        work.commit().await
    }

    /// Takes a code's time step as used. `false`: that one, or a later one, was used before.
    pub async fn use_totp_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let taken = query("UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2").bind(&user).bind(&step);
        let is_taken = taken.run(&mut work).await? > 0;
        work.commit().await?;
        Ok(is_taken)
    }

    /// Takes a recovery code as used: `left` is what is left of `before`. `false`: somebody was quicker.
    pub async fn use_recovery_code(
        &self,
        user: UserId,
        before: &Vec<String>,
        left: &Vec<String>,
    ) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let taken = query("UPDATE users SET recovery_hashes = $3 WHERE id = $1 AND recovery_hashes = $2");
        let is_taken = taken.bind(&user).bind(before).bind(left).run(&mut work).await? > 0;
        work.commit().await?;
        Ok(is_taken)
    }

    /// A link.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<InvitationRow>, StoreError> {
        select::<InvitationRow>("WHERE id = $1").bind(&id).first(self.pool()).await
    }
}

impl UnitOfWork {
    /// Makes a user. One of that login is a `Conflict("users.login")`.
    pub async fn insert_user(&mut self, row: &UserRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// A user, as it is in this unit of work.
    pub async fn user(&mut self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        Ok(select::<UserRow>("WHERE id = $1").bind(&id).all_in(self).await?.into_iter().next())
    }

    /// Gives a user the name, role and state of this row.
    pub async fn update_user(&mut self, row: &UserRow) -> Result<(), StoreError> {
        let update = query("UPDATE users SET name = $2, role = $3, state = $4 WHERE id = $1");
        update.bind(&row.id).bind(&row.name).bind(&row.role).bind(&row.state).run(self).await.map(drop)
    }

    /// Gives a user a password.
    pub async fn set_password(&mut self, user: UserId, hash: &Sealed<String>) -> Result<(), StoreError> {
        let update = query("UPDATE users SET password_hash = $2 WHERE id = $1");
        update.bind(&user).bind(hash).run(self).await.map(drop)
    }

    /// Gives a user a second factor that is to be confirmed.
    pub async fn set_pending_totp(&mut self, user: UserId, sealed: &Sealed<String>) -> Result<(), StoreError> {
        let update = query("UPDATE users SET totp_pending_sealed = $2 WHERE id = $1");
        update.bind(&user).bind(sealed).run(self).await.map(drop)
    }

    /// Makes the second factor that was to be confirmed the user's, with its recovery codes.
    pub async fn confirm_totp(&mut self, user: UserId, step: i64, recovery: &Vec<String>) -> Result<(), StoreError> {
        let update = query(
            "UPDATE users SET totp_sealed = totp_pending_sealed, totp_pending_sealed = NULL, totp_step = $2,
                recovery_hashes = $3 WHERE id = $1",
        );
        update.bind(&user).bind(&step).bind(recovery).run(self).await.map(drop)
    }

    /// Says, or takes back, that a user is who it says.
    pub async fn vouch(&mut self, user: UserId, vouched: bool) -> Result<(), StoreError> {
        query("UPDATE users SET vouched = $2 WHERE id = $1").bind(&user).bind(&vouched).run(self).await.map(drop)
    }

    /// Takes a user's second factor and recovery codes away.
    pub async fn clear_totp(&mut self, user: UserId) -> Result<(), StoreError> {
        let update = query(
            "UPDATE users SET totp_sealed = NULL, totp_pending_sealed = NULL, recovery_hashes = '[]' WHERE id = $1",
        );
        update.bind(&user).run(self).await.map(drop)
    }

    /// Begins a session, and forgets those that have ended.
    pub async fn insert_session(&mut self, row: &SessionRow) -> Result<(), StoreError> {
        query("DELETE FROM user_sessions WHERE expires_at <= $1").bind(&row.created_at).run(self).await?;
        self.insert(row).await?;
        let update = query("UPDATE users SET logged_in_at = $2 WHERE id = $1");
        update.bind(&row.user_id).bind(&row.created_at).run(self).await.map(drop)
    }

    /// Notes that a second factor was shown in a session.
    pub async fn raise_session(&mut self, id: SessionId) -> Result<(), StoreError> {
        query("UPDATE user_sessions SET second_factor = TRUE WHERE id = $1").bind(&id).run(self).await.map(drop)
    }

    /// Ends one of a user's sessions. Answers whether there was one.
    pub async fn delete_session(&mut self, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let delete = query("DELETE FROM user_sessions WHERE user_id = $1 AND id = $2");
        Ok(delete.bind(&user).bind(&id).run(self).await? > 0)
    }

    /// Ends all of a user's sessions but this one.
    pub async fn delete_sessions_but(&mut self, user: UserId, but: Option<SessionId>) -> Result<u64, StoreError> {
        let but = but.unwrap_or(SessionId::from_raw(0));
        query("DELETE FROM user_sessions WHERE user_id = $1 AND id <> $2").bind(&user).bind(&but).run(self).await
    }

    /// Makes a link. Those that its user had before are no good any more.
    pub async fn insert_invitation(&mut self, row: &InvitationRow) -> Result<(), StoreError> {
        match &row.user_id {
            Some(user) => query("DELETE FROM user_invitations WHERE user_id = $1").bind(user).run(self).await?,
            None => query("DELETE FROM user_invitations WHERE user_id IS NULL").run(self).await?,
        };
        self.insert(row).await
    }

    /// Takes a link as used. `false`: it was used before.
    pub async fn use_invitation(&mut self, id: InvitationId, used_at: Timestamp) -> Result<bool, StoreError> {
        let taken = query("UPDATE user_invitations SET used_at = $2 WHERE id = $1 AND used_at IS NULL");
        Ok(taken.bind(&id).bind(&used_at).run(self).await? > 0)
    }
}
