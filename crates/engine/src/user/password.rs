//! Passwords of persons: what they must be, and hashing them, two at a time.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_store::Sealed;
use secrecy::{ExposeSecret as _, SecretString};

use super::Persons;
use crate::refusal::Refusal;
use crate::smsc::password;

/// Characters at least: a second factor stands beside it (NIST SP 800-63B, section 3.1.1.2).
const CHARS_MIN: usize = 12;
/// And at most.
const CHARS_MAX: usize = 128;
/// How long a password may wait until it is hashed.
const PATIENCE: Duration = Duration::from_secs(10);

/// # Errors
/// [`ErrorCode::InvalidRequest`] for one that anybody would guess.
pub(super) fn check(password: &SecretString, login: &str, field: &'static str) -> Result<(), Refusal> {
    let text = password.expose_secret();
    let bad = |why: String| Err(Refusal::new(ErrorCode::InvalidRequest, why).at(field));
    if !(CHARS_MIN..=CHARS_MAX).contains(&text.chars().count()) {
        return bad(format!("must be {CHARS_MIN} to {CHARS_MAX} characters"));
    }
    let small = text.to_lowercase();
    let name = login.split('@').next().unwrap_or(login);
    if small.contains(login) || (name.len() > 3 && small.contains(name)) {
        return bad("must not hold the login".to_owned());
    }
    let mut chars: Vec<char> = small.chars().collect();
    chars.sort_unstable();
    chars.dedup();
    if chars.len() < 5 {
        return bad("must have five different characters at least".to_owned());
    }
    if is_repeated(&small) || is_a_row(&small) || is_a_usual_word(&small) {
        return bad("is among those that are tried first: a text said again, a row of keys, or a usual word".to_owned());
    }
    Ok(())
}

/// Words that passwords are made of when somebody has to have one.
const USUAL: [&str; 14] = [
    "password",
    "passwort",
    "passw0rd",
    "qwerty",
    "qwertz",
    "azerty",
    "letmein",
    "welcome",
    "iloveyou",
    "administrator",
    "admin",
    "secret",
    "changeme",
    "sambac",
];

/// Whether it is a shorter text, said more than once.
fn is_repeated(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=chars.len() / 2).any(|length| chars.iter().zip(chars.iter().skip(length)).all(|(one, other)| one == other))
}

/// Whether nearly every character follows the one before it: `abcdefghijkl`, `123456789012`.
fn is_a_row(text: &str) -> bool {
    let pairs = text.chars().zip(text.chars().skip(1));
    let follows = |(one, next): &(char, char)| u32::from(*one).abs_diff(u32::from(*next)) <= 1;
    let rows = pairs.filter(follows).count();
    rows * 5 >= text.chars().count().saturating_sub(1) * 4
}

/// Whether nothing is left of it, or nearly nothing, without a usual word and figures.
fn is_a_usual_word(text: &str) -> bool {
    let without = USUAL.iter().fold(text.to_owned(), |text, word| text.replace(word, ""));
    without != text && without.chars().filter(|letter| letter.is_alphabetic()).count() < 4
}

impl Persons {
    /// Whether `password` is the one that was hashed; without a hash as much work is done for nothing.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`] when too many wait.
    pub(super) async fn is_password(
        &self,
        password: &SecretString,
        hash: Option<&Sealed<String>>,
    ) -> Result<bool, Refusal> {
        let hash = hash.map_or_else(|| password::NOBODY.to_owned(), |hash| hash.0.clone());
        let password = password.clone();
        self.hashed(move || password::verify(password.expose_secret().as_bytes(), &hash)).await
    }

    /// The slow hash of a password.
    ///
    /// # Errors
    /// As [`Persons::is_password`].
    pub(super) async fn hash(&self, password: &SecretString) -> Result<Sealed<String>, Refusal> {
        let password = password.clone();
        let hash = self.hashed(move || password::hash(&password)).await?;
        hash.map(Sealed).map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            ErrorCode::Internal.into()
        })
    }

    async fn hashed<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
        let busy = || Refusal::new(ErrorCode::ServiceUnavailable, "too many log in at the moment");
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&self.hashing).acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or_else(busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Whoever stops waiting does not make the place free any earlier.
            let _place = place;
            work()
        });
        done.await.map_err(|_| ErrorCode::Internal.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_would_guess_is_no_password() {
        let is_fine = |text: &str| check(&SecretString::from(text), "ada@bank.example", "/password").is_ok();
        assert!(is_fine("correct horse battery") && is_fine("пароль очень длинный"));
        for bad in [
            "short",
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "ada@bank.example",
            "my ADA@BANK.example!",
            &"long ".repeat(30),
        ] {
            assert!(!is_fine(bad), "{bad}");
        }
        assert!(check(&SecretString::from("the lovelace way"), "lovelace@bank.example", "/password").is_err());
    }

    /// No more than two are hashed at a time, whoever goes away.
    #[tokio::test]
    async fn two_are_hashed_at_a_time() {
        let persons = Persons::default();
        let password = SecretString::from("correct horse battery");
        let hash = persons.hash(&password).await.expect("a hash");
        let right = persons.is_password(&password, Some(&hash)).await.expect("an answer");
        let nobody = persons.is_password(&password, None).await.expect("an answer");
        assert_eq!((right, nobody, persons.hashing.available_permits()), (true, false, 2));
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
    }
}
