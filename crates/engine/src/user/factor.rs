//! The second factor: time-based codes (RFC 6238), each taken once, and recovery codes for who has lost them.

use sambac_domain::error::ErrorCode;
use sambac_store::Sealed;
use sambac_store::rows::UserRow;
use secrecy::{ExposeSecret as _, SecretString};
use totp_rs::{Builder, Secret, Totp};

use super::refused;
use super::session::Session;
use crate::Engine;
use crate::api_key::random_octets;
use crate::audit::Event;
use crate::constant_time::same;
use crate::refusal::Refusal;

/// Octets of a secret (RFC 4226, section 4, R6).
const SECRET_OCTETS: usize = 20;
/// Seconds of a time step; the one before and the one after are taken, too.
const STEP_S: u64 = 30;
/// Recovery codes that a person gets.
const RECOVERY_CODES: usize = 10;
/// Letters and digits without those that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// A second factor that is to be confirmed.
pub struct PendingFactor {
    /// The secret, in base32, for the person's app.
    pub secret: SecretString,
    /// The same as a link, for a QR code.
    pub uri: SecretString,
}

/// Recovery codes, shown once.
pub struct RecoveryCodes(pub Vec<SecretString>);

impl Engine {
    /// Makes a second factor for who is logged in and shows the password again, to be confirmed by a code of it.
    ///
    /// # Errors
    /// [`ErrorCode::Unauthenticated`] for a wrong password, [`ErrorCode::SecondFactorRequired`] for who has one and did not show it.
    pub async fn begin_factor(&self, session: &Session, password: &SecretString) -> Result<PendingFactor, Refusal> {
        let user = &session.user;
        if user.has_factor() {
            // Who has one does not get another by a password alone.
            session.require_factor()?;
        }
        self.check_password(session, password).await?;
        let secret = random_octets::<SECRET_OCTETS>().map_err(|_| ErrorCode::Internal)?;
        let text = base32(&secret);
        let sealed = self.0.settings.seal.seal_text(user.id.raw(), &text).map_err(|_| ErrorCode::Internal)?;
        let mut work = self.0.store.begin().await.map_err(refused)?;
        work.set_pending_totp(user.id, &Sealed(sealed)).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        let label: String = url::form_urlencoded::byte_serialize(user.login.as_bytes()).collect();
        let uri = format!("otpauth://totp/Sambac:{label}?secret={text}&issuer=Sambac");
        Ok(PendingFactor { secret: SecretString::from(text), uri: SecretString::from(uri) })
    }

    /// Confirms it by a code. The session is a full one from then on, all others end.
    ///
    /// # Errors
    /// [`ErrorCode::WrongState`] when none waits, [`ErrorCode::InvalidRequest`] for a code that is not its.
    pub async fn confirm_factor(&self, session: &Session, code: &str) -> Result<RecoveryCodes, Refusal> {
        let user = self.0.store.user(session.user.id).await.map_err(refused)?.ok_or(ErrorCode::NotFound)?;
        if user.has_factor() {
            session.require_factor()?;
        }
        let waits = || Refusal::new(ErrorCode::WrongState, "no second factor waits to be confirmed");
        let totp = self.totp(&user, user.totp_pending_sealed.as_ref().ok_or_else(waits)?)?;
        let wrong = || Refusal::new(ErrorCode::InvalidRequest, "is not a code of the new second factor").at("/code");
        let step = totp.check(code.trim(), self.now_s()).ok_or_else(wrong)?;
        let codes = recovery_codes()?;
        let hashes = codes.iter().map(|code| recovery_hash(code.expose_secret())).collect();
        let mut work = self.0.store.begin().await.map_err(refused)?;
        work.confirm_totp(user.id, i64::try_from(step).unwrap_or_default(), &hashes).await.map_err(refused)?;
        work.raise_session(session.id).await.map_err(refused)?;
        work.delete_sessions_but(user.id, Some(session.id)).await.map_err(refused)?;
        let event = Event::new(session.actor(), "user.factor", user.id.to_string());
        let event = event.of(user.account_id).from(session.address);
        work.append_audit(&[event.entry(self.0.clock.now())]).await.map_err(refused)?;
        work.commit().await.map_err(refused)?;
        Ok(RecoveryCodes(codes))
    }

    /// Whether `code` is one of the user's second factor that was not used before, or a recovery code, which it was then.
    pub(super) async fn is_code(&self, user: &UserRow, code: &str) -> Result<bool, Refusal> {
        let Some(sealed) = &user.totp_sealed else { return Ok(false) };
        let code = code.trim();
        if let Some(step) = self.totp(user, sealed)?.check(code, self.now_s()) {
            let step = i64::try_from(step).unwrap_or_default();
            return self.0.store.use_totp_step(user.id, step).await.map_err(refused);
        }
        let hash = recovery_hash(code);
        let is_it = |known: &String| same(known.as_bytes(), hash.as_bytes());
        let left: Vec<String> = user.recovery_hashes.iter().filter(|known| !is_it(known)).cloned().collect();
        if left.len() == user.recovery_hashes.len() {
            return Ok(false);
        }
        let is_taken = self.0.store.use_recovery_code(user.id, &user.recovery_hashes, &left).await.map_err(refused)?;
        if is_taken {
            let event = Event::new(format!("user {}", user.login), "user.recovery_code", user.id.to_string());
            self.audit(event.of(user.account_id).with("left", left.len())).await;
        }
        Ok(is_taken)
    }

    fn totp(&self, user: &UserRow, sealed: &Sealed<String>) -> Result<Totp, Refusal> {
        let broken = || {
            tracing::error!(user = %user.id, "the second factor of a user does not open");
            Refusal::from(ErrorCode::Internal)
        };
        let text = self.0.settings.seal.open_text(user.id.raw(), &sealed.0).map_err(|_| broken())?;
        let secret = Secret::try_from_base32(text.expose_secret()).map_err(|_| broken())?;
        let builder = Builder::new().with_secret(secret).with_digits(6).with_skew(1).with_step_duration(STEP_S);
        builder.build().map_err(|_| broken())
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.0.clock.now().as_secs()).unwrap_or_default()
    }
}

/// 120 random bits each: a plain hash of them tells nothing.
fn recovery_codes() -> Result<Vec<SecretString>, Refusal> {
    let one = || {
        let octets = random_octets::<24>().map_err(|_| Refusal::from(ErrorCode::Internal))?;
        let letters: Vec<u8> = octets.iter().map(|octet| ALPHABET[usize::from(octet % 32)]).collect();
        let groups: Vec<_> = letters.chunks(6).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        Ok(SecretString::from(groups.join("-")))
    };
    (0..RECOVERY_CODES).map(|_| one()).collect()
}

/// Written in any way: dashes, spaces and capitals do not count.
fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect();
    crate::api_key::hash(&plain)
}

fn base32(octets: &[u8]) -> String {
    Secret::from(octets.to_vec()).to_base32()
}
