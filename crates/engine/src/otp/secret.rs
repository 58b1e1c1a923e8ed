//! What makes a code of a salt, and the hash that is kept of one. Keys and codes print nothing.

use hmac::{Hmac, KeyInit, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sambac_domain::fraud::{RateKey, RateKeyKind};
use sambac_domain::id::OtpId;
use sambac_domain::otp::{CodeForm, Link};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::api_key::NoRandomness;
use crate::seal::Seal;

/// Ids that no row has: what is sealed under them are keys of their own.
const CODE_KEY_ID: i64 = -3;
const CHECK_KEY_ID: i64 = -4;
/// Octets of a salt.
const SALT_OCTETS: usize = 32;
/// Blocks of 32 octets that a code may take. One takes more than two of them with a chance below 2^-80.
const BLOCKS_MAX: u8 = 16;

/// The keys of all codes.
#[derive(Clone)]
pub(crate) struct OtpKeys {
    code: Hmac<Sha256>,
    check: Hmac<Sha256>,
}

impl OtpKeys {
    /// Those that follow from the master key.
    pub(crate) fn new(seal: &Seal) -> Self {
        let key = |id| {
            let mut block = [0; 64];
            block[..32].copy_from_slice(&Sha256::digest(seal.seal_once(id, &[0; 32])));
            Hmac::<Sha256>::new(&block.into())
        };
        Self { code: key(CODE_KEY_ID), check: key(CHECK_KEY_ID) }
    }

    /// The code of this salt.
    pub(crate) fn code(&self, id: OtpId, salt: &[u8], form: CodeForm) -> Option<SecretString> {
        let blocks = (0..BLOCKS_MAX).flat_map(|block| {
            let mut mac = self.code.clone();
            mac.update(&id.raw().to_be_bytes());
            mac.update(salt);
            mac.update(&[block]);
            mac.finalize().into_bytes()
        });
        form.of_octets(blocks).map(SecretString::from)
    }

    /// What the guard knows a caller's key by.
    pub(crate) fn rate_key(&self, kind: RateKeyKind, key: &str) -> RateKey {
        let mut mac = self.check.clone();
        // No code has an id below zero.
        mac.update(&i64::MIN.to_be_bytes());
        mac.update(kind.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(key.as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        RateKey { kind, digest: digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)) }
    }

    /// What is kept of a code: it is good for this id, this amount and this payee, and for nothing else.
    pub(crate) fn hash(&self, id: OtpId, code: &str, link: Option<&Link>) -> [u8; 32] {
        let mut mac = self.check.clone();
        mac.update(&id.raw().to_be_bytes());
        mac.update(&(code.len() as u64).to_be_bytes());
        mac.update(code.as_bytes());
        mac.update(&Link::canonical(link));
        mac.finalize().into_bytes().into()
    }
}

/// A salt from the system's random numbers.
///
/// # Errors
/// [`NoRandomness`] when it has none to give.
pub(crate) fn new_salt() -> Result<Vec<u8>, NoRandomness> {
    let mut salt = vec![0; SALT_OCTETS];
    OsRng.try_fill_bytes(&mut salt).map_err(|_| NoRandomness)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use sambac_domain::otp::Alphabet;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::constant_time::same;

    fn keys() -> OtpKeys {
        OtpKeys::new(&Seal::throwaway().expect("randomness"))
    }

    #[test]
    fn the_same_salt_gives_the_same_code_and_another_key_another_one() {
        let (keys, id, form) = (keys(), OtpId::from_raw(256), CodeForm { alphabet: Alphabet::Digits, length: 10 });
        let salt = new_salt().expect("randomness");
        let code =
            |keys: &OtpKeys, id, salt: &[u8]| keys.code(id, salt, form).expect("a code").expose_secret().to_owned();
        let first = code(&keys, id, &salt);
        assert_eq!(code(&keys, id, &salt), first);
        assert_ne!(code(&keys, OtpId::from_raw(512), &salt), first);
        assert_ne!(code(&keys, id, &new_salt().expect("randomness")), first);
        assert_ne!(code(&OtpKeys::new(&Seal::throwaway().expect("randomness")), id, &salt), first);
    }

    #[test]
    fn codes_are_spread_evenly() {
        // 20,000 codes of 4 digits: each digit comes 8,000 times on average, with a deviation of 85.
        let (keys, form) = (keys(), CodeForm { alphabet: Alphabet::Digits, length: 4 });
        let mut counts = HashMap::<char, i64>::new();
        for id in 0..20_000 {
            let code = keys.code(OtpId::from_raw(id << 8), b"the same salt", form).expect("a code");
            code.expose_secret().chars().for_each(|digit| *counts.entry(digit).or_default() += 1);
        }
        assert!(counts.len() == 10 && counts.values().all(|count| (count - 8_000).abs() < 6 * 85), "{counts:?}");
    }

    #[test]
    fn a_hash_is_good_for_one_id_code_amount_and_payee() {
        let (keys, id) = (keys(), OtpId::from_raw(256));
        let link = |amount, payee| Link::new(amount, "EUR".parse().expect("a currency"), payee).expect("a link");
        let (a, b, c) = (link(1, "Shop"), link(2, "Shop"), link(1, "Other"));
        let hash = keys.hash(id, "123456", Some(&a));
        assert!(same(&hash, &keys.hash(id, "123456", Some(&a))));
        for other in [
            keys.hash(id, "123456", Some(&b)),
            keys.hash(id, "123456", Some(&c)),
            keys.hash(id, "123456", None),
            keys.hash(id, "123457", Some(&a)),
            keys.hash(OtpId::from_raw(512), "123456", Some(&a)),
        ] {
            assert!(!same(&hash, &other));
        }
    }
}
