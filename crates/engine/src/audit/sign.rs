//! Signs heads of the audit log, with a key that follows from the master key, and verifies them with its public half alone.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sambac_domain::Timestamp;
use sambac_store::audit::AuditHead;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::seal::Seal;

/// An id that no row has: what is sealed under it is a key of its own.
const KEY_ID: i64 = -3;

/// Signs heads. Its `Debug` shows nothing.
pub struct HeadKey(Ed25519KeyPair);

/// A head that was signed: a line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// `42:9f86d081884c…`: number of entries and hash of the last one.
    pub head: String,
    /// When it was signed: RFC 3339.
    pub at: String,
    /// The public key (Ed25519), base64.
    pub public_key: String,
    /// Of the head and the moment, base64.
    pub signature: String,
}

/// The key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the key that signs the audit log could not be made")]
pub struct NoHeadKey;

/// A head that is not what was signed, or by another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the head was not signed by this key, or was changed since")]
pub struct NotSigned;

impl HeadKey {
    /// The key of this master key.
    ///
    /// # Errors
    /// [`NoHeadKey`] when the library refuses it.
    pub fn of(seal: &Seal) -> Result<Self, NoHeadKey> {
        let seed = Sha256::digest(seal.seal_once(KEY_ID, b"audit log head"));
        Ed25519KeyPair::from_seed_unchecked(&seed).map(Self).map_err(|_| NoHeadKey)
    }

    /// The public half, base64: what verifies, and may be known to all.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key())
    }

    /// Signs where the log ends now.
    pub fn sign(&self, head: &AuditHead, at: Timestamp) -> SignedHead {
        let (head, at) = (head.to_string(), at.rfc3339());
        let signature = STANDARD.encode(self.0.sign(&signed_text(&head, &at)));
        SignedHead { head, at, public_key: self.public_key(), signature }
    }
}

impl fmt::Debug for HeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadKey(…)")
    }
}

impl SignedHead {
    /// The head, if it was signed with the private half of `public_key`. The key that it names itself proves nothing.
    ///
    /// # Errors
    /// [`NotSigned`].
    pub fn verified(&self, public_key: &str) -> Result<AuditHead, NotSigned> {
        let key = STANDARD.decode(public_key.trim()).map_err(|_| NotSigned)?;
        let signature = STANDARD.decode(&self.signature).map_err(|_| NotSigned)?;
        let key = UnparsedPublicKey::new(&ED25519, key);
        key.verify(&signed_text(&self.head, &self.at), &signature).map_err(|_| NotSigned)?;
        self.head.parse().map_err(|_| NotSigned)
    }
}

fn signed_text(head: &str, at: &str) -> Vec<u8> {
    format!("sambac audit head 1\n{head}\n{at}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(number: i64) -> AuditHead {
        format!("{number}:{}", "a1".repeat(32)).parse().unwrap()
    }

    /// A head is verified by the public key alone; any change of it, and any other key, is refused.
    #[test]
    fn only_what_was_signed_is_verified() {
        let seal = Seal::throwaway().unwrap();
        let (key, other) = (HeadKey::of(&seal).unwrap(), HeadKey::of(&Seal::throwaway().unwrap()).unwrap());
        assert_eq!(HeadKey::of(&seal).unwrap().public_key(), key.public_key(), "the same after a restart");
        let signed = key.sign(&head(42), Timestamp(1_800_000_000_000_000));
        assert_eq!(signed.verified(&key.public_key()), Ok(head(42)));
        assert_eq!(signed.verified(&other.public_key()), Err(NotSigned));
        let forged = other.sign(&head(42), Timestamp(1_800_000_000_000_000));
        assert_eq!(forged.verified(&key.public_key()), Err(NotSigned), "its own word on the key counts for nothing");
        for changed in [
            SignedHead { head: head(41).to_string(), ..signed.clone() },
            SignedHead { at: "2027-01-15T08:00:01Z".to_owned(), ..signed.clone() },
            SignedHead { signature: String::new(), ..signed.clone() },
        ] {
            assert_eq!(changed.verified(&key.public_key()), Err(NotSigned), "{changed:?}");
        }
        assert_eq!(format!("{key:?}"), "HeadKey(…)");
    }
}
