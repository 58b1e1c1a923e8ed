//! What webhooks are signed with, after Standard Webhooks: a secret that both sides know (`v1`, HMAC-SHA256) or a key of which the
//! receiver knows the public half only (`v1a`, Ed25519).
//!
//! A secret's prefix says which it is: `whsec_`, or `whsk_` for a private key, which never leaves the platform. The signed text is the
//! event's id, the time and the body, joined by dots.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

/// Octets of a new secret; Standard Webhooks asks for 24 to 64.
const SECRET_OCTETS: usize = 32;
const SHARED: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// How a webhook is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA256 under a shared secret.
    V1,
    /// Ed25519.
    V1a,
}

impl Scheme {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::V1, Self::V1a];

    /// As it is written in signatures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1a => "v1a",
        }
    }

    /// The scheme of this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == word)
    }

    /// That of a webhook with this public key.
    pub fn of_public_key(public_key: &str) -> Self {
        if public_key.is_empty() { Self::V1 } else { Self::V1a }
    }
}

/// A new secret.
pub(crate) struct NewSecret {
    /// In its text form, as it is sealed.
    pub(crate) text: SecretString,
    /// What verifies its signatures; empty when that is the secret itself.
    pub(crate) public_key: String,
}

impl NewSecret {
    /// Of this scheme. `None` when the system gives no random numbers.
    pub(crate) fn generate(scheme: Scheme) -> Option<Self> {
        let mut octets = Zeroizing::new([0; SECRET_OCTETS]);
        OsRng.try_fill_bytes(octets.as_mut()).ok()?;
        let text = |prefix: &str| SecretString::from(format!("{prefix}{}", STANDARD.encode(octets.as_slice())));
        Some(match scheme {
            Scheme::V1 => Self { text: text(SHARED), public_key: String::new() },
            Scheme::V1a => {
                let pair = Ed25519KeyPair::from_seed_unchecked(octets.as_slice()).ok()?;
                let public_key = format!("{PUBLIC}{}", STANDARD.encode(pair.public_key().as_ref()));
                Self { text: text(PRIVATE), public_key }
            }
        })
    }

    /// What its owner must be told now or never; `None` when the public key is all they need.
    pub(crate) fn into_shown(self) -> Option<SecretString> {
        self.public_key.is_empty().then_some(self.text)
    }
}

/// The signature of an event, with the name of its scheme before it. `None` when the secret is none.
pub(super) fn sign(secret: &SecretString, event_id: &str, at_s: i64, body: &str) -> Option<String> {
    let signed = format!("{event_id}.{at_s}.{body}");
    let (scheme, signature) = match secret.expose_secret() {
        text if text.starts_with(SHARED) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &octets(text, SHARED)?);
            (Scheme::V1, STANDARD.encode(hmac::sign(&key, signed.as_bytes()).as_ref()))
        }
        text => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&octets(text, PRIVATE)?).ok()?;
            (Scheme::V1a, STANDARD.encode(pair.sign(signed.as_bytes()).as_ref()))
        }
    };
    Some(format!("{},{signature}", scheme.as_str()))
}

fn octets(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(text.strip_prefix(prefix)?).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    const BODY: &str = r#"{"type":"message.delivered"}"#;

    /// The signature of the example of the Standard Webhooks libraries is the one that they expect.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    /// What the private key signs the public key verifies, and nothing else does.
    #[test]
    fn a_public_key_verifies_what_its_webhook_is_sent() {
        let NewSecret { text, public_key } = NewSecret::generate(Scheme::V1a).expect("randomness");
        let signature = sign(&text, "aev_1", 1, BODY).expect("a signature");
        let octets = STANDARD.decode(signature.strip_prefix("v1a,").expect("its scheme")).expect("base64");
        let key = STANDARD.decode(public_key.strip_prefix("whpk_").expect("its prefix")).expect("base64");
        let key = UnparsedPublicKey::new(&ED25519, key);
        assert!(key.verify(format!("aev_1.1.{BODY}").as_bytes(), &octets).is_ok());
        assert!(key.verify(format!("aev_1.2.{BODY}").as_bytes(), &octets).is_err());
    }

    /// A shared secret has as many octets as Standard Webhooks asks for, and is told; a private key is not.
    #[test]
    fn only_a_shared_secret_is_told() {
        let shared = NewSecret::generate(Scheme::V1).expect("randomness").into_shown().expect("the secret");
        let length = octets(shared.expose_secret(), SHARED).expect("base64").len();
        assert!((24..=64).contains(&length), "{length}");
        assert!(NewSecret::generate(Scheme::V1a).expect("randomness").into_shown().is_none());
    }

    /// What is no secret signs nothing.
    #[test]
    fn a_spoilt_secret_signs_nothing() {
        for text in ["", "whsec_?", "whsk_AAAA", "plain"] {
            assert_eq!(sign(&SecretString::from(text.to_owned()), "aev_1", 1, BODY), None, "{text}");
        }
    }
}
