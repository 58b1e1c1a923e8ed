//! Links by which persons choose their passwords: for new ones, for who has lost a password, and for the first administrator.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::{InvitationId, Timestamp, UserId};
use sambac_store::rows::{AccessState, InvitationRow, UserRow};
use sambac_store::{Sealed, UnitOfWork};
use secrecy::SecretString;

use super::session::{Begun, From};
use super::{Role, desk, password, refused};
use crate::Engine;
use crate::api_key::{self, PresentedPerson};
use crate::audit::{Event, Refused};
use crate::refusal::Refusal;

/// How long a link holds.
const HOLDS_FOR: Duration = Duration::from_secs(24 * 3_600);
/// The word of its token.
const INVITATION: &str = "invitation";

/// A link that was made, with its token, which is shown only now.
pub struct Invited {
    /// What to choose a password with.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a person chooses by a link.
pub struct Redeemed {
    /// The link's token.
    pub token: SecretString,
    /// The new password.
    pub password: SecretString,
    /// The first administrator's login and name; others have theirs.
    pub first: Option<(String, String)>,
}

impl Engine {
    /// A token for the first administrator, while the platform has no user at all; the one before is no good any more.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn first_invitation(&self) -> Result<Option<SecretString>, Refusal> {
        if self.0.store.count_platform_users().await.map_err(refused)? > 0 {
            return Ok(None);
        }
        let mut work = self.0.store.begin().await.map_err(refused)?;
        let invited = self.invite(&mut work, None, false).await?;
        let event = Event::new("platform", "user.invite_first", "the first administrator");
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        Ok(Some(invited.token))
    }

    /// Makes a link in a unit of work.
    pub(super) async fn invite(
        &self,
        work: &mut UnitOfWork,
        user_id: Option<UserId>,
        resets_factor: bool,
    ) -> Result<Invited, Refusal> {
        let now = self.0.clock.now();
        let id = InvitationId::from_raw(self.0.ids.next(now));
        let text = id.to_string();
        let new = api_key::generate_for_person(INVITATION, text.trim_start_matches(InvitationId::PREFIX));
        let new = new.map_err(|_| ErrorCode::Internal)?;
        let expires_at = now.saturating_add(HOLDS_FOR);
        let secret_hash = Sealed(new.secret_hash);
        let row = InvitationRow { id, user_id, secret_hash, resets_factor, created_at: now, expires_at, used_at: None };
        work.insert_invitation(&row).await.map_err(refused)?;
        Ok(Invited { token: new.text, expires_at })
    }

    /// Chooses a password by a link, once. All former sessions end, and one begins that is good for what the user's second factor, if
    /// there is one, does not have to be shown for: choosing one. Who has one logs in with it.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`] for a token that is none, or was used; [`ErrorCode::InvalidRequest`] for a bad password.
    pub async fn redeem(&self, redeemed: Redeemed, from: &From) -> Result<Begun, Refusal> {
        let invitation = self.good_invitation(&redeemed.token).await?;
        let Some(invitation) = invitation else {
            self.audit_refusal(Refused::Session(from.address));
            return Err(ErrorCode::Unauthenticated.into());
        };
        let now = self.0.clock.now();
        let mut user = match invitation.user_id {
            Some(id) => self.0.store.user(id).await.map_err(refused)?.ok_or(ErrorCode::Unauthenticated)?,
            None => self.first_user(redeemed.first, now)?,
        };
        password::check(&redeemed.password, &user.login, "/password")?;
        let hash = self.0.callers.persons.hash(&redeemed.password).await?;
        let mut work = self.0.store.begin().await.map_err(refused)?;
        if !work.use_invitation(invitation.id, now).await.map_err(refused)? {
            return Err(ErrorCode::Unauthenticated.into());
        }
        if invitation.user_id.is_none() {
            work.insert_user(&user).await.map_err(refused)?;
        }
        work.set_password(user.id, &hash).await.map_err(refused)?;
        if invitation.resets_factor {
            work.clear_totp(user.id).await.map_err(refused)?;
            work.clear_passkeys(user.id).await.map_err(refused)?;
            (user.totp_sealed, user.passkeys) = (None, 0);
        }
        if invitation.user_id.is_some() {
            // Whoever has made the link may have used it himself.
            work.vouch(user.id, false).await.map_err(refused)?;
        }
        work.delete_sessions_but(user.id, None).await.map_err(refused)?;
        let event = Event::new(format!("user {}", user.login), "user.redeem", user.id.to_string());
        let event = event.of(user.account_id).from(from.address).with("resets_factor", invitation.resets_factor);
        work.append_audit(&[event.entry(now)]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        user.password_hash = Some(hash);
        self.begin_session(user, false, from, "user.log_in").await
    }

    async fn good_invitation(&self, token: &SecretString) -> Result<Option<InvitationRow>, Refusal> {
        use secrecy::ExposeSecret as _;
        let Ok(presented) = token.expose_secret().parse::<PresentedPerson>() else { return Ok(None) };
        if !presented.is(INVITATION) {
            return Ok(None);
        }
        let row = self.0.store.invitation(InvitationId::from_raw(presented.id)).await.map_err(refused)?;
        let now = self.0.clock.now();
        let is_good = |row: &InvitationRow| {
            presented.matches(&row.secret_hash.0) && row.used_at.is_none() && now < row.expires_at
        };
        Ok(row.filter(is_good))
    }

    fn first_user(&self, named: Option<(String, String)>, now: Timestamp) -> Result<UserRow, Refusal> {
        let wanted = || Refusal::new(ErrorCode::InvalidRequest, "is required for the first administrator").at("/login");
        let (login, name) = named.ok_or_else(wanted)?;
        Ok(UserRow {
            id: UserId::from_raw(self.0.ids.next(now)),
            account_id: None,
            login: desk::checked_login(&login)?,
            name: desk::checked_name(name)?,
            role: Role::PlatformAdmin.as_str().to_owned(),
            password_hash: None,
            totp_sealed: None,
            totp_pending_sealed: None,
            totp_step: 0,
            recovery_hashes: Vec::new(),
            passkeys: 0,
            vouched: true,
            state: AccessState::Active,
            created_at: now,
            logged_in_at: None,
        })
    }
}
