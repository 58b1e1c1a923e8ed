//! Passwords of client ESMEs: SMPP allows only eight characters, so they are stored with a slow hash.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};

/// The password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(argon2::password_hash::Error);

/// The Argon2id hash of a password, with a fresh salt, in PHC form. Takes some 20 ms of CPU.
///
/// # Errors
/// [`HashError`] when the system gives no random numbers.
pub fn hash(password: &SecretString) -> Result<String, HashError> {
    let hashed = Argon2::default().hash_password(password.expose_secret().as_bytes()).map_err(HashError)?;
    Ok(hashed.to_string())
}

/// Whether `password` is the one that was hashed. Takes as long whether or not.
pub fn verify(password: &[u8], hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| Argon2::default().verify_password(password, &parsed).is_ok())
}

/// A hash that no password has, to spend the same time on a system_id that does not exist.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FtYmFjLW5vYm9keS1zYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_verifies() {
        let hashed = hash(&SecretString::from("pa55word")).expect("randomness");
        assert!(verify(b"pa55word", &hashed));
        assert!(!verify(b"pa55worD", &hashed));
        assert!(!hashed.contains("pa55word"));
    }

    #[test]
    fn the_hash_of_nobody_is_well_formed_and_never_matches() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!verify(b"", NOBODY));
    }
}
