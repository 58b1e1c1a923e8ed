//! Persons who use the consoles: a password and a second factor, or a passkey, sessions that end, roles that say what they may do.
//!
//! ```text
//! let begun = engine.log_in(LogIn { login, password, code }, &from).await?;      // 201 with a token
//! let session = engine.session(begun.token.expose_secret(), address).await?;     // with every call
//! engine.log_out(&session, session.id).await?;
//! ```
//!
//! Without a second factor a session is good for choosing one and for nothing else. There is no default account: the first
//! administrator is made with a token that the platform prints while it has none
//! ([`Engine::first_invitation`](crate::Engine::first_invitation)).

mod defence;
mod desk;
mod factor;
mod invitation;
mod log_in;
mod passkey;
mod password;
mod role;
mod session;

pub(crate) use defence::Defence;
pub use desk::{NewUserOrder, UserChange, UserHolder};
pub use factor::{PendingFactor, RecoveryCodes};
pub use invitation::{Invited, Redeemed};
pub use log_in::LogIn;
pub use passkey::Challenge;
pub use role::Role;
pub use session::{Begun, ENDS_AFTER_S, From, IDLE_AFTER_S, Session, is_session_token};

use std::sync::Arc;

use quick_cache::sync::Cache;
use sambac_domain::UserId;
use sambac_domain::error::ErrorCode;
use sambac_store::StoreError;
use tokio::sync::Semaphore;

use crate::keyring::ClientKey;
use crate::refusal::Refusal;

/// Passwords that are hashed at the same time: each takes 19 MiB and some 20 ms of a processor.
const HASHED_AT_ONCE: usize = 2;
/// Users of whom it is remembered what they have in place of a key.
const STAND_INS_MAX: usize = 1_000;

/// What all persons share.
pub(crate) struct Persons {
    defence: Defence,
    hashing: Arc<Semaphore>,
    /// What each has in place of a key.
    stand_ins: Cache<(UserId, Role), Arc<ClientKey>>,
}

impl Default for Persons {
    fn default() -> Self {
        Self {
            defence: Defence::default(),
            hashing: Arc::new(Semaphore::new(HASHED_AT_ONCE)),
            stand_ins: Cache::new(STAND_INS_MAX),
        }
    }
}

/// What the database says, as a person is told.
fn refused(error: StoreError) -> Refusal {
    match error {
        StoreError::Conflict("users.login") => {
            Refusal::new(ErrorCode::Conflict, "there is a user of that login").at("/login")
        }
        StoreError::Conflict("user_passkeys.credential_id") => {
            Refusal::new(ErrorCode::Conflict, "this passkey is known already").at("/credential")
        }
        error => crate::admin::store_refusal(&error),
    }
}
