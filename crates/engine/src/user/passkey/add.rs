//! Adding passkeys to a person who is logged in, listing and removing them.

use sambac_domain::error::ErrorCode;
use sambac_domain::{PasskeyId, Timestamp, UserId};
use sambac_store::StoreError;
use sambac_store::rows::PasskeyRow;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

use super::ceremony::{self, Ceremony, Purpose};
use super::{Challenge, options, written};
use crate::Engine;
use crate::audit::Event;
use crate::refusal::Refusal;
use crate::user::session::Session;
use crate::user::{desk, refused};

/// Passkeys of one user at most.
const PASSKEYS_MAX: usize = 20;

/// What is needed when a device has made a passkey.
#[derive(Serialize, Deserialize)]
pub(super) struct Registration {
    user: UserId,
    state: PasskeyRegistration,
}

impl Engine {
    /// A challenge by which who is logged in, and shows the password again, makes a passkey.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`] for a wrong password, [`ErrorCode::SecondFactorRequired`] for who has a second factor and did not
    /// show it, [`ErrorCode::WrongState`] when there are as many as there may be, or the platform has no name of a site.
    pub async fn begin_passkey(&self, session: &Session, password: &SecretString) -> Result<Challenge, Refusal> {
        let user = &session.user;
        if user.has_factor() {
            session.require_factor()?;
        }
        let site = self.relying_party()?;
        self.check_password(session, password).await?;
        let known = self.0.store.passkeys_of(user.id).await.map_err(refused)?;
        check_room(known.len())?;
        let known: Vec<_> = known.iter().filter_map(credential_id).collect();
        let begun = site.start_passkey_registration(handle(user.id), &user.login, &user.name, Some(known));
        let (challenge, state) = begun.map_err(|_| ErrorCode::Internal)?;
        let mut options = options(&challenge)?;
        // The device keeps who it is for: people log in without typing a name.
        options["authenticatorSelection"]["residentKey"] = json!("required");
        options["authenticatorSelection"]["requireResidentKey"] = json!(true);
        let registration = Registration { user: user.id, state };
        let ceremony = ceremony::sealed(self.seal(), Purpose::Registration, registration, self.0.clock.now());
        let ceremony = ceremony.map_err(|_| ErrorCode::Internal)?;
        Ok(Challenge { ceremony, options })
    }

    /// Takes the passkey that a device made. The session is a full one from then on, all others end.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRequest`] for what is not an answer to the challenge, [`ErrorCode::Conflict`] for a passkey that is known.
    pub async fn add_passkey(
        &self,
        session: &Session,
        ceremony: &str,
        name: String,
        credential: &Value,
    ) -> Result<PasskeyRow, Refusal> {
        let name = desk::checked_name(name)?;
        let now = self.0.clock.now();
        let (passkey, answered) = self.made(session, ceremony, credential, now)?;
        let row = PasskeyRow {
            id: PasskeyId::from_raw(self.0.ids.next(now)),
            user_id: session.user.id,
            name,
            credential_id: written(passkey.cred_id()),
            credential: serde_json::to_string(&passkey).map_err(|_| ErrorCode::Internal)?,
            created_at: now,
            used_at: None,
        };
        let mut work = self.0.store.begin().await.map_err(refused)?;
        work.answer_challenge(&answered.digest, answered.ends_at, now).await.map_err(answered_before)?;
        let user = work.user(row.user_id).await.map_err(refused)?.ok_or(ErrorCode::NotFound)?;
        if user.has_factor() {
            session.require_factor()?;
        }
        check_room(usize::try_from(user.passkeys).unwrap_or(usize::MAX))?;
        work.insert_passkey(&row).await.map_err(refused)?;
        work.raise_session(session.id).await.map_err(refused)?;
        work.delete_sessions_but(row.user_id, Some(session.id)).await.map_err(refused)?;
        let event = Event::new(session.actor(), "user.passkey_add", row.user_id.to_string());
        let event = event.of(user.account_id).from(session.address).with("passkey", row.id.to_string());
        work.append_audit(&[event.entry(now)]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        Ok(row)
    }

    fn made(
        &self,
        session: &Session,
        ceremony: &str,
        credential: &Value,
        now: Timestamp,
    ) -> Result<(Passkey, Ceremony<()>), Refusal> {
        let wrong =
            |field: &'static str, text: &'static str| move || Refusal::new(ErrorCode::InvalidRequest, text).at(field);
        let credential = RegisterPublicKeyCredential::deserialize(credential);
        let credential = credential.map_err(|_| wrong("/credential", "is not what credential.toJSON() gives")())?;
        let opened = ceremony::opened::<Registration>(self.seal(), Purpose::Registration, ceremony, now);
        let of_person = opened.filter(|ceremony| ceremony.state.user == session.user.id);
        let Ceremony { state, digest, ends_at } = of_person.ok_or_else(gone)?;
        let made = self.relying_party()?.finish_passkey_registration(&credential, &state.state);
        let made = made.map_err(|_| {
            wrong("/credential", "is not this challenge's answer, given at this site by a verified person")()
        })?;
        Ok((made, Ceremony { state: (), digest, ends_at }))
    }

    /// The passkeys of who is logged in, the oldest first.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`], [`ErrorCode::SecondFactorRequired`].
    pub async fn passkeys(&self, session: &Session) -> Result<Vec<PasskeyRow>, Refusal> {
        session.require_factor()?;
        self.0.store.passkeys_of(session.user.id).await.map_err(refused)
    }

    /// Takes a passkey away from who is logged in, and ends all other sessions: the device may be lost. The last second factor stays.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::WrongState`] for the last second factor, [`ErrorCode::SecondFactorRequired`].
    pub async fn remove_passkey(&self, session: &Session, id: PasskeyId) -> Result<(), Refusal> {
        session.require_factor()?;
        let user = session.user.id;
        let mut work = self.0.store.begin().await.map_err(refused)?;
        if !work.delete_passkey(user, id).await.map_err(refused)? {
            return Err(ErrorCode::NotFound.into());
        }
        if !work.user(user).await.map_err(refused)?.is_some_and(|user| user.has_factor()) {
            return Err(Refusal::new(ErrorCode::WrongState, "it is the only second factor; make another one first"));
        }
        work.delete_sessions_but(user, Some(session.id)).await.map_err(refused)?;
        let event = Event::new(session.actor(), "user.passkey_remove", user.to_string());
        let event = event.of(session.user.account_id).from(session.address).with("passkey", id.to_string());
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)
    }
}

fn gone() -> Refusal {
    let text = "does not wait: a challenge is good once, for five minutes; ask for another one";
    Refusal::new(ErrorCode::InvalidRequest, text).at("/ceremony")
}

fn answered_before(error: StoreError) -> Refusal {
    match error {
        StoreError::Conflict("passkey_answers.digest") => gone(),
        error => refused(error),
    }
}

/// What a device knows a user by: nothing that tells who it is.
pub(super) fn handle(user: UserId) -> Uuid {
    Uuid::from_u64_pair(0, user.raw().cast_unsigned())
}

fn credential_id(row: &PasskeyRow) -> Option<CredentialID> {
    serde_json::from_str::<Passkey>(&row.credential).ok().map(|passkey| passkey.cred_id().clone())
}

fn check_room(count: usize) -> Result<(), Refusal> {
    let full = || Refusal::new(ErrorCode::WrongState, format!("there are {PASSKEYS_MAX} passkeys; remove one first"));
    if count < PASSKEYS_MAX { Ok(()) } else { Err(full()) }
}
