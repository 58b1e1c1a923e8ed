//! Persons.

use sambac_domain::{AccountId, InvitationId, PasskeyId, SessionId, Timestamp, UserId};

use super::row;
use super::words::AccessState;
use crate::Sealed;

row! {
    /// A person who uses the consoles.
    UserRow in "users" {
        /// Its id.
        id: UserId,
        /// Whose it is; `None`: the platform's.
        account_id: Option<AccountId>,
        /// What it logs in as, in small letters, unique.
        login: String,
        /// What it is called.
        name: String,
        /// What it may do.
        role: String,
        /// The slow hash of its password; `None` until it has chosen one.
        password_hash: Option<Sealed<String>>,
        /// The secret of its second factor, encrypted.
        totp_sealed: Option<Sealed<String>>,
        /// One that is not confirmed yet.
        totp_pending_sealed: Option<Sealed<String>>,
        /// The time step of the last code that was used: none is taken twice.
        totp_step: i64,
        /// Hashes of the recovery codes that are left.
        recovery_hashes: Vec<String>,
        /// Passkeys that it has.
        passkeys: i64,
        /// Whether somebody on the machine has said who it is, since it was invited last.
        vouched: bool,
        /// Whether it may log in.
        state: AccessState,
        /// When it was made.
        created_at: Timestamp,
        /// When it logged in the last time.
        logged_in_at: Option<Timestamp>,
    }
}

row! {
    /// A person who is logged in.
    SessionRow in "user_sessions" {
        /// Its id, part of its token.
        id: SessionId,
        /// Whose it is.
        user_id: UserId,
        /// Hash of the secret in its token.
        secret_hash: Sealed<String>,
        /// Whether a second factor was shown.
        second_factor: bool,
        /// When it began.
        created_at: Timestamp,
        /// When it was used, to the minute.
        used_at: Timestamp,
        /// When it ends, however it is used.
        expires_at: Timestamp,
        /// From where it began.
        address: String,
        /// What it began with, as it called itself.
        agent: String,
    }
}

row! {
    /// A link by which a person chooses a password, once.
    InvitationRow in "user_invitations" {
        /// Its id, part of its token.
        id: InvitationId,
        /// Whose it is; `None`: whoever has it becomes the first administrator.
        user_id: Option<UserId>,
        /// Hash of the secret in its token.
        secret_hash: Sealed<String>,
        /// Whether the second factor goes, too.
        resets_factor: bool,
        /// When it was made.
        created_at: Timestamp,
        /// When it ends.
        expires_at: Timestamp,
        /// When it was used.
        used_at: Option<Timestamp>,
    }
}

row! {
    /// A passkey of a person (WebAuthn). Nothing in it is secret.
    PasskeyRow in "user_passkeys" {
        /// Its id.
        id: PasskeyId,
        /// Whose it is.
        user_id: UserId,
        /// What the person calls it.
        name: String,
        /// The credential's id, in base64url; unique.
        credential_id: String,
        /// The credential: public key, counter, what the device said of itself; as the engine's library writes it.
        credential: String,
        /// When it was made.
        created_at: Timestamp,
        /// When somebody logged in with it last.
        used_at: Option<Timestamp>,
    }
}

impl UserRow {
    /// Whether it has a second factor of any kind.
    pub fn has_factor(&self) -> bool {
        self.totp_sealed.is_some() || self.passkeys > 0
    }
}
