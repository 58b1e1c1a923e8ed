//! Logging in: one request, one answer. An unknown login, a wrong password and a wrong code read the same and take as long.

use std::net::IpAddr;

use sambac_domain::error::ErrorCode;
use sambac_store::rows::{AccessState, UserRow};
use secrecy::SecretString;

use super::session::{Begun, From, Session};
use super::{password, refused};
use crate::Engine;
use crate::audit::{Event, Refused};
use crate::refusal::Refusal;

/// What a person shows.
pub struct LogIn {
    /// What it logs in as, in any case.
    pub login: String,
    /// Its password.
    pub password: SecretString,
    /// A code of its second factor, or a recovery code; empty while it has none.
    pub code: String,
}

impl Engine {
    /// Begins a session for who shows the right password and, where the user has a second factor, a code of it.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`], whatever was wrong; [`ErrorCode::RateLimited`] for who failed too often lately.
    pub async fn log_in(&self, log_in: LogIn, from: &From) -> Result<Begun, Refusal> {
        let login = log_in.login.trim().to_lowercase();
        self.may_try(&login, from.address)?;
        let user = self.0.store.user_by_login(&login).await.map_err(refused)?;
        let user = user.filter(|user| user.state == AccessState::Active);
        let hash = user.as_ref().and_then(|user| user.password_hash.as_ref());
        let is_password = self.0.callers.persons.is_password(&log_in.password, hash).await?;
        let Some(user) = user.filter(|_| is_password) else { return Err(self.failed(&login, from.address)) };
        let has_factor = user.has_factor();
        if has_factor && !self.is_code(&user, &log_in.code).await? {
            return Err(self.failed(&login, from.address));
        }
        self.0.callers.persons.defence.was_right(&login, from.address);
        self.begin_session(user, has_factor, from, "user.log_in").await
    }

    /// Gives who is logged in another password. All other sessions end.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`] for a wrong password, [`ErrorCode::InvalidRequest`] for a bad new one.
    pub async fn change_password(
        &self,
        session: &Session,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<(), Refusal> {
        let user = &session.user;
        self.check_password(session, old).await?;
        password::check(new, &user.login, "/new_password")?;
        let hash = self.0.callers.persons.hash(new).await?;
        let mut work = self.0.store.begin().await.map_err(refused)?;
        work.set_password(user.id, &hash).await.map_err(refused)?;
        work.delete_sessions_but(user.id, Some(session.id)).await.map_err(refused)?;
        let event = Event::new(session.actor(), "user.password", user.id.to_string());
        let event = event.of(user.account_id).from(session.address);
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)
    }

    /// Refuses who is logged in and does not know the password.
    pub(super) async fn check_password(&self, session: &Session, password: &SecretString) -> Result<(), Refusal> {
        let UserRow { login, password_hash, .. } = &session.user;
        self.may_try(login, session.address)?;
        if self.0.callers.persons.is_password(password, password_hash.as_ref()).await? {
            return Ok(());
        }
        Err(self.failed(login, session.address))
    }

    pub(super) fn may_try(&self, login: &str, address: Option<IpAddr>) -> Result<(), Refusal> {
        let wait = self.0.callers.persons.defence.wait(login, address);
        wait.map_or(Ok(()), |wait| Err(crate::rate::too_often(wait)))
    }

    pub(super) fn failed(&self, login: &str, address: Option<IpAddr>) -> Refusal {
        self.0.callers.persons.defence.failed(login, address);
        self.audit_refusal(Refused::LogIn(address));
        ErrorCode::Unauthenticated.into()
    }
}
