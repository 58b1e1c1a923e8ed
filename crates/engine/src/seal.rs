//! Encryption at rest: message texts, operators' passwords and webhook secrets are stored sealed.
//!
//! AES-256-GCM under one master key, which lives outside the database. Every sealed value is bound to the id of its row,
//! so a value copied to another row does not open.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sambac_store::ChainKey;
use secrecy::SecretString;

use crate::private_file;

/// An id that no row has: what is sealed under it is a key of its own.
const CHAIN_KEY_ID: i64 = -2;

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
    /// Others than its owner can read or write the key file.
    #[error(
        "the master key file {path} is open to others (mode {mode:o}): chmod 600 it, and change the key if others could read it"
    )]
    Exposed {
        /// Which file.
        path: String,
        /// Its permission bits.
        mode: u32,
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

impl SealError {
    /// Whether there is no key file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether a key file was to be made, and there is one.
    pub fn is_there_already(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    }
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

    /// With the key in `path`, which must be there and be its owner's only.
    ///
    /// # Errors
    /// [`SealError`], naming the file; see [`SealError::is_missing`].
    pub fn from_file(path: &Path) -> Result<Self, SealError> {
        let failed = |source| SealError::File { path: path.display().to_string(), source };
        let mut file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SealError::Exposed { path: path.display().to_string(), mode });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        Self::from_base64(&text)
    }

    /// With a new key, which is written to `path`, on disk before this returns. What was sealed with another key does not
    /// open with it: this is for a database that holds nothing yet.
    ///
    /// # Errors
    /// [`SealError`], naming the file; also when there is one, which is left as it is.
    pub fn create_file(path: &Path) -> Result<Self, SealError> {
        let mut key = [0; 32];
        OsRng.try_fill_bytes(&mut key).map_err(|_| crate::api_key::NoRandomness)?;
        let text = STANDARD_NO_PAD.encode(key);
        private_file::create(path, text.as_bytes())
            .map_err(|source| SealError::File { path: path.display().to_string(), source })?;
        Self::from_base64(&text)
    }

    /// With a key that nobody keeps: for what is sealed and thrown away.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn throwaway() -> Result<Self, SealError> {
        let mut key = [0; 32];
        OsRng.try_fill_bytes(&mut key).map_err(|_| crate::api_key::NoRandomness)?;
        Ok(Self { cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)) })
    }

    /// The key of the ledger's chain, which follows from the master key.
    pub fn chain_key(&self) -> ChainKey {
        ChainKey::new(&self.seal_once(CHAIN_KEY_ID, b"ledger chain"))
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

    /// Seals what replaces a value of [`Seal::seal_once`] in the row `id`: its nonce is used up, so this one is random and
    /// stored with it.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal_again(&self, id: i64, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; 12];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| crate::api_key::NoRandomness)?;
        let aad = id.to_be_bytes();
        let payload = Payload { msg: plain, aad: &aad };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::DoesNotOpen)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Seal::seal_once`] or [`Seal::seal_again`] sealed for the row `id`.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_body(&self, id: i64, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        self.open_once(id, sealed).or_else(|_| self.open_again(id, sealed))
    }

    /// Opens what [`Seal::seal_again`] sealed for the same row.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_again(&self, id: i64, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<12>().ok_or(SealError::DoesNotOpen)?;
        let aad = id.to_be_bytes();
        let payload = Payload { msg: sealed, aad: &aad };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealError::DoesNotOpen)
    }

    /// Seals a secret that may be replaced later under the same `id`; the nonce is random and stored with it.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal_text(&self, id: i64, plain: &str) -> Result<String, SealError> {
        self.seal_octets(id, plain.as_bytes())
    }

    /// The same for what is no text.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal_octets(&self, id: i64, plain: &[u8]) -> Result<String, SealError> {
        Ok(STANDARD_NO_PAD.encode(self.seal_again(id, plain)?))
    }

    /// Opens what [`Seal::seal_text`] sealed for the same `id`.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_text(&self, id: i64, sealed: &str) -> Result<SecretString, SealError> {
        let plain = self.open_octets(id, sealed)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| SealError::DoesNotOpen)
    }

    /// Opens what [`Seal::seal_octets`] sealed for the same `id`.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`].
    pub fn open_octets(&self, id: i64, sealed: impl AsRef<[u8]>) -> Result<Vec<u8>, SealError> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| SealError::DoesNotOpen)?;
        self.open_again(id, &bytes)
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::private_file::tests::Folder;

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
    fn what_replaces_a_body_opens_beside_the_first_and_shares_no_nonce_with_it() {
        let (first, again) = (seal().seal_once(256, b"same"), seal().seal_again(256, b"same").expect("randomness"));
        for sealed in [&first, &again] {
            assert_eq!(seal().open_body(256, sealed).expect("same row"), b"same");
            assert!(matches!(seal().open_body(512, sealed), Err(SealError::DoesNotOpen)));
        }
        assert!(!again.windows(4).any(|part| part == &first[..4]), "the key stream is another one");
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

    #[test]
    fn a_missing_key_file_is_missing_and_not_made() {
        let folder = Folder::new();
        let path = folder.path("master.key");
        let refused = Seal::from_file(&path).err().expect("there is none");
        assert!(refused.is_missing() && refused.to_string().contains("master.key"), "{refused}");
        assert!(!path.exists());
    }

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let folder = Folder::new();
        let path = folder.path("master.key");
        let sealed = Seal::create_file(&path).expect("a key").seal_once(256, b"text");
        assert_eq!(Seal::from_file(&path).expect("the key").open_once(256, &sealed).expect("same key"), b"text");
        let again = Seal::create_file(&path).err().expect("it is there");
        assert!(again.is_there_already(), "{again}");
        assert!(Seal::from_file(&path).expect("the key").open_once(256, &sealed).is_ok(), "it is the same key still");
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let folder = Folder::new();
        let path = folder.path("master.key");
        Seal::create_file(&path).expect("a key");
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("the file is ours");
            let refused = Seal::from_file(&path).err().expect("it is open to others").to_string();
            assert!(refused.contains("master.key") && refused.contains(&format!("mode {mode:o}")), "{refused}");
        }
    }
}
