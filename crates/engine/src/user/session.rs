//! Sessions: opaque tokens, of which only a hash is kept. They end when they are not used, at a fixed time, and when somebody ends
//! them; they are looked up with every call, so an end counts at once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, AdminKeyId, ApiKeyId, SessionId, Timestamp};
use sambac_store::Sealed;
use sambac_store::rows::{AccessState, ApiKeyRow, SessionRow, UserRow};
use secrecy::SecretString;

use super::{Role, refused};
use crate::admin::{AdminScope, Administrator};
use crate::api_key::{self, Environment, PresentedPerson};
use crate::audit::{Event, Refused};
use crate::keyring::ClientKey;
use crate::refusal::Refusal;
use crate::{Caller, Engine};

/// Seconds after which a session ends that is not used.
pub const IDLE_AFTER_S: u32 = 30 * 60;
/// Seconds after which it ends however it is used.
pub const ENDS_AFTER_S: u32 = 12 * 3_600;
/// Uses are noted to the minute.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// Sessions of one user at most; the oldest ends when there is another one.
const SESSIONS_MAX: usize = 20;
/// Characters that are kept of what a program calls itself.
const AGENT_CHARS_MAX: usize = 200;

/// The word of a session's token.
const SESSION: &str = "session";

/// From where somebody comes.
#[derive(Clone, Debug, Default)]
pub struct From {
    /// The address, as far as it is known.
    pub address: Option<IpAddr>,
    /// What the program calls itself.
    pub agent: String,
}

/// A person who is logged in, as of now.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Who it is.
    pub user: UserRow,
    /// What it may do.
    pub role: Role,
    /// Whether a second factor was shown; without one it is good for choosing one only.
    pub has_factor: bool,
    /// From where it calls, as far as that is known.
    pub address: Option<IpAddr>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A session that has begun, with its token, which is shown only now.
pub struct Begun {
    /// The session.
    pub session: Session,
    /// What to show with every call.
    pub token: SecretString,
}

/// Whether a text is meant as a session's token.
pub fn is_session_token(text: &str) -> bool {
    text.starts_with("sambac_session_")
}

impl Session {
    /// As the audit log names who it is.
    pub fn actor(&self) -> String {
        format!("user {}", self.user.login)
    }

    /// Refuses a session without a second factor.
    ///
    /// # Errors
    /// [`ErrorCode::SecondFactorRequired`].
    pub fn require_factor(&self) -> Result<(), Refusal> {
        if self.has_factor { Ok(()) } else { Err(ErrorCode::SecondFactorRequired.into()) }
    }
}

impl Engine {
    /// The session of a token; every failure reads the same.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`], [`ErrorCode::ServiceUnavailable`] when the database does not answer.
    pub async fn session(&self, token: &str, address: Option<IpAddr>) -> Result<Session, Refusal> {
        let session = match token.parse::<PresentedPerson>() {
            Ok(presented) if presented.is(SESSION) => self.live_session(&presented, address).await?,
            _ => None,
        };
        session.ok_or_else(|| {
            self.audit_refusal(Refused::Session(address));
            ErrorCode::Unauthenticated.into()
        })
    }

    async fn live_session(
        &self,
        presented: &PresentedPerson,
        address: Option<IpAddr>,
    ) -> Result<Option<Session>, Refusal> {
        let (store, now) = (&self.0.store, self.0.clock.now());
        let row = store.session(SessionId::from_raw(presented.id)).await.map_err(refused)?;
        let Some(row) = row.filter(|row| presented.matches(&row.secret_hash.0) && is_live(row, now)) else {
            return Ok(None);
        };
        let user = store.user(row.user_id).await.map_err(refused)?;
        let user = user.filter(|user| user.state == AccessState::Active);
        let Some((user, role)) = user.and_then(|user| Role::parse(&user.role).map(|role| (user, role))) else {
            return Ok(None);
        };
        if now.since(row.used_at) >= NOTED_EVERY {
            store.touch_session(row.id, now).await.map_err(refused)?;
        }
        let (id, has_factor, expires_at) = (row.id, row.second_factor, row.expires_at);
        Ok(Some(Session { id, user, role, has_factor, address, expires_at }))
    }

    /// The caller that a session stands for in its account.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`] for one of the platform's, [`ErrorCode::SecondFactorRequired`].
    pub fn session_caller(&self, session: &Session) -> Result<Caller, Refusal> {
        let account = session.user.account_id.filter(|_| !session.role.is_platform());
        let account = account.ok_or(ErrorCode::Unauthenticated)?;
        session.require_factor()?;
        let key = (session.user.id, session.role);
        let key = self.0.callers.persons.stand_ins.get(&key).unwrap_or_else(|| {
            let new = Arc::new(ClientKey::new(key_row(session, account)));
            self.0.callers.persons.stand_ins.insert(key, Arc::clone(&new));
            new
        });
        let granted = session.role.scopes().into();
        let who = Arc::from(session.actor());
        self.enter(&self.0.snapshot.load(), account, &key, Environment::Live, session.address, Some((granted, who)))
    }

    /// The administrator that a session stands for.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`] for one of an account, [`ErrorCode::SecondFactorRequired`].
    pub fn session_administrator(&self, session: &Session) -> Result<Administrator, Refusal> {
        if session.user.account_id.is_some() || !session.role.is_platform() {
            return Err(ErrorCode::Unauthenticated.into());
        }
        session.require_factor()?;
        Ok(Administrator {
            // Whoever booked or approved something is told apart by it from all keys and persons.
            id: AdminKeyId::from_raw(session.user.id.raw()),
            kind: "user",
            name: session.user.login.clone(),
            scopes: administrator_scopes(session),
            address: session.address,
        })
    }

    /// Begins a session; the oldest of too many ends.
    pub(super) async fn begin_session(
        &self,
        user: UserRow,
        has_factor: bool,
        from: &From,
        action: &'static str,
    ) -> Result<Begun, Refusal> {
        let role = Role::parse(&user.role).ok_or(ErrorCode::Unauthenticated)?;
        let now = self.0.clock.now();
        let id = SessionId::from_raw(self.0.ids.next(now));
        let text = id.to_string();
        let new = api_key::generate_for_person(SESSION, text.trim_start_matches(SessionId::PREFIX));
        let new = new.map_err(|_| ErrorCode::Internal)?;
        let expires_at = now.saturating_add(Duration::from_secs(ENDS_AFTER_S.into()));
        let row = SessionRow {
            id,
            user_id: user.id,
            secret_hash: Sealed(new.secret_hash),
            second_factor: has_factor,
            created_at: now,
            used_at: now,
            expires_at,
            address: from.address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
            agent: from.agent.chars().filter(|char| !char.is_control()).take(AGENT_CHARS_MAX).collect(),
        };
        let mut sessions = self.0.store.sessions_of(user.id).await.map_err(refused)?;
        let mut work = self.0.store.begin().await.map_err(refused)?;
        work.insert_session(&row).await.map_err(refused)?;
        for old in sessions.split_off(sessions.len().min(SESSIONS_MAX - 1)) {
            work.delete_session(user.id, old.id).await.map_err(refused)?;
        }
        let event = Event::new(format!("user {}", user.login), action, user.id.to_string());
        let event = event.of(user.account_id).from(from.address).with("session", id.to_string());
        work.append_audit(&[event.with("second_factor", has_factor).entry(now)]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        let session = Session { id, user, role, has_factor, address: from.address, expires_at };
        Ok(Begun { session, token: new.text })
    }

    /// A user's own sessions that have not ended, the newest first.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn sessions(&self, session: &Session) -> Result<Vec<SessionRow>, Refusal> {
        let now = self.0.clock.now();
        let rows = self.0.store.sessions_of(session.user.id).await.map_err(refused)?;
        Ok(rows.into_iter().filter(|row| is_live(row, now)).collect())
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub async fn log_out(&self, session: &Session, id: SessionId) -> Result<(), Refusal> {
        let mut work = self.0.store.begin().await.map_err(refused)?;
        if !work.delete_session(session.user.id, id).await.map_err(refused)? {
            return Err(ErrorCode::NotFound.into());
        }
        let event = Event::new(session.actor(), "user.log_out", session.user.id.to_string());
        let event = event.of(session.user.account_id).from(session.address).with("session", id.to_string());
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)
    }
}

fn is_live(row: &SessionRow, now: Timestamp) -> bool {
    now < row.expires_at && now.since(row.used_at) < Duration::from_secs(IDLE_AFTER_S.into())
}

/// What an administrator may do. Who was not vouched for on the machine may be somebody else, and books no money.
fn administrator_scopes(session: &Session) -> Vec<AdminScope> {
    let may = |scope: &&AdminScope| session.user.vouched || **scope != AdminScope::TransfersWrite;
    session.role.admin_scopes().iter().filter(may).copied().collect()
}

/// What a person has in place of a key: the scopes of the role. It has no secret.
fn key_row(session: &Session, account: AccountId) -> ApiKeyRow {
    ApiKeyRow {
        id: ApiKeyId::from_raw(session.user.id.raw()),
        account_id: account,
        name: session.user.login.clone(),
        environment: Environment::Live.as_str().to_owned(),
        secret_hash: Sealed::default(),
        scopes: session.role.words().into_iter().map(str::to_owned).collect(),
        state: AccessState::Active,
        created_at: session.user.created_at,
        expires_at: None,
        former_secret_hash: None,
        former_until: None,
        allowed_ips: Vec::new(),
        // That of the account holds.
        rate_limit: String::new(),
    }
}
