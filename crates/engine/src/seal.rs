//! Encryption at rest: message texts, operators' passwords and webhook secrets are stored sealed.
//!
//! AES-256-GCM under one master key, which lives outside the database. Every sealed value is bound to the id of its row,
//! so a value copied to another row does not open.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use secrecy::SecretString;

/// Seals and opens with the master key.
#[derive(Clone)]
pub struct Seal {
    cipher: Aes256Gcm,
}

/// Why the master key or a sealed value could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file could not be read or made.
    #[error("the master key file {path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The key is not 32 octets in base64.
    #[error("the master key must be 32 octets in base64")]
    BadKey,
    /// The value was not sealed by this key for this row.
    #[error("a stored secret does not open with the present master key")]
    DoesNotOpen,
    /// The system gives no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] crate::api_key::NoRandomness),
}

impl Seal {
    /// With a key of 32 octets in base64, as an environment variable or a vault gives it.
    ///
    /// # Errors
    /// [`SealError::BadKey`].
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD_NO_PAD.decode(text.trim().trim_end_matches('=')).map_err(|_| SealError::BadKey)?;
        let key: [u8; 32] = bytes.try_into().map_err(|_| SealError::BadKey)?;
        Ok(Self { cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)) })
    }

    /// With the key in `path`, which is made, readable by its owner only, when it does not exist.
    ///
    /// # Errors
    /// [`SealError`], naming the file.
    pub fn from_file(path: &Path) -> Result<Self, SealError> {
        let failed = |source| SealError::File { path: path.display().to_string(), source };
        match fs::read_to_string(path) {
            Ok(text) => Self::from_base64(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                OsRng.try_fill_bytes(&mut key).map_err(|_| crate::api_key::NoRandomness)?;
                let text = STANDARD_NO_PAD.encode(key);
                create_private(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
                Self::from_base64(&text)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Seals `plain` for the row `id`. The nonce is the row's id and purpose: an id is used once, and so is the nonce.
    pub fn seal_once(&self, id: i64, plain: &[u8]) -> Vec<u8> {
        let aad = id.to_be_bytes();
        // AES-GCM fails only for plain texts above 64 GiB.
        self.cipher.encrypt(&once_nonce(id), Payload { msg: plain, aad: &aad }).unwrap_or_default()
    }

    /// Opens what [`Seal::seal_once`] sealed for the same row.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_once(&self, id: i64, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let aad = id.to_be_bytes();
        let payload = Payload { msg: sealed, aad: &aad };
        self.cipher.decrypt(&once_nonce(id), payload).map_err(|_| SealError::DoesNotOpen)
    }

    /// Seals a secret that may be replaced later under the same `id`; the nonce is random and stored with it.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal_text(&self, id: i64, plain: &str) -> Result<String, SealError> {
        let mut nonce = [0; 12];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| crate::api_key::NoRandomness)?;
        let aad = id.to_be_bytes();
        let payload = Payload { msg: plain.as_bytes(), aad: &aad };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::DoesNotOpen)?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`Seal::seal_text`] sealed for the same `id`.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_text(&self, id: i64, sealed: &str) -> Result<SecretString, SealError> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| SealError::DoesNotOpen)?;
        let (nonce, sealed) = bytes.split_at_checked(12).ok_or(SealError::DoesNotOpen)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| SealError::DoesNotOpen)?;
        let aad = id.to_be_bytes();
        let payload = Payload { msg: sealed, aad: &aad };
        let plain = self.cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::DoesNotOpen)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| SealError::DoesNotOpen)
    }
}

/// Twelve octets: eight of the id and a tag that keeps these nonces apart from the random ones.
fn once_nonce(id: i64) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0x5a; 12];
    for (octet, value) in nonce.iter_mut().zip(id.to_be_bytes()) {
        *octet = value;
    }
    Nonce::from(nonce)
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn seal() -> Seal {
        Seal::from_base64(&STANDARD_NO_PAD.encode([7; 32])).expect("a good key")
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_row_only() {
        let sealed = seal().seal_once(256, b"Your code is 123456");
        assert_eq!(seal().open_once(256, &sealed).expect("same row"), b"Your code is 123456");
        assert!(matches!(seal().open_once(512, &sealed), Err(SealError::DoesNotOpen)));
        assert!(!sealed.windows(6).any(|part| part == b"123456"));
    }

    #[test]
    fn a_sealed_text_opens_with_the_same_key_only() {
        let sealed = seal().seal_text(256, "secret").expect("randomness");
        assert_eq!(seal().open_text(256, &sealed).expect("same key").expose_secret(), "secret");
        let other = Seal::from_base64(&STANDARD_NO_PAD.encode([8; 32])).expect("a good key");
        assert!(matches!(other.open_text(256, &sealed), Err(SealError::DoesNotOpen)));
        assert!(matches!(seal().open_text(256, "short"), Err(SealError::DoesNotOpen)));
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        assert!(matches!(Seal::from_base64("AAAA"), Err(SealError::BadKey)));
    }
}
