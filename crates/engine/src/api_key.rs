//! API keys: `sambac_<environment>_<key id>_<secret>_<checksum>`. Those of the admin API have the word `admin` in place of the
//! environment, so that neither kind is ever looked up as the other.
//!
//! The checksum lets a mistyped key be refused, and a leaked one be recognised by a scanner, without any look-up. Only
//! SHA-256 of the secret is stored: it carries 256 random bits, so a slow hash would protect nothing.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sambac_domain::id::{AdminKeyId, ApiKeyId, UserId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::constant_time::same;

/// What the key may touch: test keys reach only test numbers (+999…).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Any number.
    Live,
    /// Test numbers.
    Test,
}

impl Environment {
    /// The word in the key and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    /// The environment of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Live, Self::Test].into_iter().find(|environment| environment.as_str() == word)
    }
}

/// A key as a client presents it, its form and checksum verified, its secret not yet.
pub struct PresentedKey {
    /// Names the key to look up.
    pub id: ApiKeyId,
    /// As written in the key.
    pub environment: Environment,
    secret: SecretString,
}

/// A key of the admin API as it is presented, its form and checksum verified, its secret not yet.
pub struct PresentedAdminKey {
    /// Names the key to look up.
    pub id: AdminKeyId,
    secret: SecretString,
}

/// A token of a person as it is presented, its form and checksum verified, its secret not yet.
pub(crate) struct PresentedPerson {
    /// Names what to look up.
    pub(crate) id: i64,
    word: String,
    secret: SecretString,
}

/// The word of an admin key.
const ADMIN: &str = "admin";

/// A new key: shown once, stored only as [`NewKey::secret_hash`].
pub struct NewKey {
    /// The whole key, for its owner.
    pub text: SecretString,
    /// What is stored.
    pub secret_hash: String,
}

/// The system's random source failed, so no secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// Makes a key for `id`.
///
/// # Errors
/// [`NoRandomness`] when the operating system has none to give.
pub fn generate(id: ApiKeyId, environment: Environment) -> Result<NewKey, NoRandomness> {
    new_key(environment.as_str(), id.to_string().trim_start_matches(ApiKeyId::PREFIX))
}

/// Makes a key of the admin API for `id`.
///
/// # Errors
/// [`NoRandomness`] when the operating system has none to give.
pub fn generate_admin(id: AdminKeyId) -> Result<NewKey, NoRandomness> {
    new_key(ADMIN, id.to_string().trim_start_matches(AdminKeyId::PREFIX))
}

/// Makes a token for a person: `word` says what for, `id` is what it is found by, without its prefix.
///
/// # Errors
/// [`NoRandomness`] when the operating system has none to give.
pub(crate) fn generate_for_person(word: &str, id: &str) -> Result<NewKey, NoRandomness> {
    new_key(word, id)
}

fn new_key(word: &str, id: &str) -> Result<NewKey, NoRandomness> {
    let secret = random_secret()?;
    let body = format!("sambac_{word}_{id}_{}", secret.expose_secret());
    let text = SecretString::from(format!("{body}_{}", checksum(&body)));
    Ok(NewKey { text, secret_hash: hash(secret.expose_secret()) })
}

/// 256 random bits as 43 characters; `_` never occurs, so that it can separate.
///
/// # Errors
/// [`NoRandomness`] when the operating system has none to give.
pub fn random_secret() -> Result<SecretString, NoRandomness> {
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(random_octets::<32>()?).replace('_', ".")))
}

/// Random octets, good for secrets.
pub(crate) fn random_octets<const COUNT: usize>() -> Result<[u8; COUNT], NoRandomness> {
    let mut octets = [0; COUNT];
    OsRng.try_fill_bytes(&mut octets).map_err(|_| NoRandomness)?;
    Ok(octets)
}

impl PresentedKey {
    /// True when the secret is the one whose hash is stored. Takes the same time wherever they differ.
    pub fn matches(&self, secret_hash: &str) -> bool {
        is_hash_of(secret_hash, &self.secret)
    }
}

impl PresentedAdminKey {
    /// As [`PresentedKey::matches`].
    pub fn matches(&self, secret_hash: &str) -> bool {
        is_hash_of(secret_hash, &self.secret)
    }
}

impl PresentedPerson {
    /// Whether it is for this.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.word == word
    }

    /// As [`PresentedKey::matches`].
    pub(crate) fn matches(&self, secret_hash: &str) -> bool {
        is_hash_of(secret_hash, &self.secret)
    }
}

fn is_hash_of(secret_hash: &str, secret: &SecretString) -> bool {
    let given = hash(secret.expose_secret());
    same(given.as_bytes(), secret_hash.as_bytes())
}

/// The text is not a key of ours: wrong form or wrong checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct NotAKey;

impl FromStr for PresentedKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (word, id, secret) = parts(text)?;
        let environment = Environment::parse(word).ok_or(NotAKey)?;
        let id = format!("{}{id}", ApiKeyId::PREFIX).parse().map_err(|_| NotAKey)?;
        Ok(Self { id, environment, secret })
    }
}

impl FromStr for PresentedAdminKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (ADMIN, id, secret) = parts(text)? else { return Err(NotAKey) };
        let id = format!("{}{id}", AdminKeyId::PREFIX).parse().map_err(|_| NotAKey)?;
        Ok(Self { id, secret })
    }
}

impl FromStr for PresentedPerson {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (word, id, secret) = parts(text)?;
        let id: UserId = format!("{}{id}", UserId::PREFIX).parse().map_err(|_| NotAKey)?;
        Ok(Self { id: id.raw(), word: word.to_owned(), secret })
    }
}

/// The word, the id without its prefix, and the secret of a key whose checksum is right.
fn parts(text: &str) -> Result<(&str, &str, SecretString), NotAKey> {
    let (body, given) = text.rsplit_once('_').ok_or(NotAKey)?;
    if body.len() > 128 || checksum(body) != given {
        return Err(NotAKey);
    }
    let mut parts = body.splitn(4, '_');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("sambac"), Some(word), Some(id), Some(secret)) => Ok((word, id, SecretString::from(secret))),
        _ => Err(NotAKey),
    }
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedKey").field("id", &self.id).finish_non_exhaustive()
    }
}

pub(crate) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// Six characters: enough to catch a slip, no protection by itself.
fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    URL_SAFE_NO_PAD.encode(digest).replace('_', ".").chars().take(6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> NewKey {
        generate(ApiKeyId::from_raw(1 << 20), Environment::Test).expect("randomness")
    }

    #[test]
    fn a_new_key_is_parsed_and_matches_its_hash_only() {
        let (first, second) = (key(), key());
        let presented: PresentedKey = first.text.expose_secret().parse().expect("our own key");
        assert_eq!(presented.id, ApiKeyId::from_raw(1 << 20));
        assert_eq!(presented.environment, Environment::Test);
        assert!(presented.matches(&first.secret_hash));
        assert!(!presented.matches(&second.secret_hash));
        assert!(!presented.matches(""));
    }

    #[test]
    fn neither_kind_of_key_is_read_as_the_other() {
        let admin = generate_admin(AdminKeyId::from_raw(1 << 20)).expect("randomness");
        let text = admin.text.expose_secret();
        assert!(text.starts_with("sambac_admin_"), "{text}");
        let presented: PresentedAdminKey = text.parse().expect("our own key");
        assert_eq!(presented.id, AdminKeyId::from_raw(1 << 20));
        assert!(presented.matches(&admin.secret_hash) && !presented.matches(&key().secret_hash));
        assert!(text.parse::<PresentedKey>().is_err());
        assert!(key().text.expose_secret().parse::<PresentedAdminKey>().is_err());
    }

    #[test]
    fn any_changed_character_is_refused_without_a_look_up() {
        let text = key().text.expose_secret().to_owned();
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(changed).expect("ascii");
            assert_eq!(changed.parse::<PresentedKey>().err(), Some(NotAKey), "position {position}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        let new = key();
        let presented: PresentedKey = new.text.expose_secret().parse().expect("our own key");
        assert!(!format!("{presented:?}").contains(presented.secret.expose_secret()));
    }
}
