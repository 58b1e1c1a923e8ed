//! Secrets: those that are made (shown once, stored only sealed or hashed), and where those come from that are given.

use rand::Rng as _;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret as _, SecretString};

/// Where secrets come from that what is wanted does not hold.
pub struct Secrets<'a> {
    /// Looks up an environment variable.
    pub variable: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Whether keys and SMPP passwords that are stored are replaced by new ones.
    pub renew: bool,
}

/// A secret for its owner.
#[derive(Debug)]
pub struct Issued {
    /// `smpp_password`, `api_key`, `admin_key` or `webhook_secret`.
    pub kind: &'static str,
    /// Of which thing: a system_id, a key's name, a URL.
    pub of: String,
    /// The account's name; empty for a key of the admin API.
    pub account: String,
    /// The secret.
    pub secret: SecretString,
}

impl Issued {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// Eight characters, the most that SMPP 3.4 allows, without those that are easily mistaken: 47 bits.
pub(super) fn smpp_password() -> SecretString {
    const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut random = OsRng.unwrap_err();
    let letters = (0..8).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
    SecretString::from(letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_fit_smpp_and_differ() {
        let (one, other) = (smpp_password(), smpp_password());
        assert_eq!(one.expose_secret().len(), 8);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[test]
    fn a_secret_is_not_printed() {
        let issued = Issued { kind: "api_key", of: "k".into(), account: "a".into(), secret: smpp_password() };
        assert!(!format!("{issued:?}").contains(issued.expose()));
    }
}
