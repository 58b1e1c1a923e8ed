//! The key of the chain, and the digests made with it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sambac_domain::Msisdn;
use sha2::{Digest as _, Sha256};

/// Octets of a block's hash.
pub(super) const HASH_OCTETS: usize = 32;
/// Octets of a key of HMAC-SHA-256.
const HASH_BLOCK_OCTETS: usize = 64;
/// Octets kept of the digest of a number on an opt-out list.
pub const OPT_OUT_OCTETS: usize = 16;
/// Octets kept of a row's digest. Without the key none can be tried out, so 64 bits are enough.
pub(super) const ROW_OCTETS: usize = 8;

/// The key that digests are made with. It is derived from the master key and never stored; its `Debug` shows nothing.
#[derive(Clone)]
pub struct ChainKey {
    start: Hmac<Sha256>,
    /// Seeds the one-octet sums that tell which column differs; no secret depends on them.
    tint: u64,
}

impl ChainKey {
    /// A key of any octets that nobody can guess.
    pub fn new(secret: &[u8]) -> Self {
        let mut block = [0; HASH_BLOCK_OCTETS];
        block.iter_mut().zip(Sha256::digest(secret)).for_each(|(octet, of_secret)| *octet = of_secret);
        let start = Hmac::<Sha256>::new(&block.into());
        let mut key = Self { start, tint: 0 };
        let tint = key.digest(&[b"tint"]);
        key.tint = tint.iter().take(8).fold(0, |tint, octet| (tint << 8) | u64::from(*octet));
        key
    }

    /// By which a number that was erased can be told when somebody asks with it, and not without the key.
    #[must_use]
    pub fn digest_of(&self, number: Msisdn) -> Vec<u8> {
        self.digest(&[b"erased number", number.to_string().as_bytes()]).to_vec()
    }

    /// By which a number on an opt-out list is known again, when the list has forgotten the number itself.
    #[must_use]
    pub fn opt_out_digest(&self, number: Msisdn) -> [u8; OPT_OUT_OCTETS] {
        let digest = self.digest(&[b"opted out", number.digits().as_bytes()]);
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// HMAC-SHA-256 of these parts, one after the other.
    pub(super) fn digest(&self, parts: &[&[u8]]) -> [u8; HASH_OCTETS] {
        let mut mac = self.start.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// One octet that depends on a column's place and value.
    pub(super) fn tint(&self, place: usize, value: &[u8]) -> u8 {
        let seed = self.tint ^ (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (words, rest) = value.as_chunks::<8>();
        let hash = words.iter().fold(seed, |hash, word| mixed(hash, u64::from_le_bytes(*word)));
        let hash = rest.iter().fold(hash, |hash, octet| mixed(hash, u64::from(*octet)));
        let folded = hash ^ (hash >> 32);
        let folded = folded ^ (folded >> 16);
        (folded ^ (folded >> 8)) as u8
    }
}

fn mixed(hash: u64, next: u64) -> u64 {
    let product = (hash ^ next).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 29)
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_depend_on_key_and_parts() {
        let (one, other) = (ChainKey::new(b"one"), ChainKey::new(b"other"));
        assert_eq!(one.digest(&[b"ab"]), one.digest(&[b"a", b"b"]));
        assert_ne!(one.digest(&[b"ab"]), other.digest(&[b"ab"]));
        assert_ne!(one.digest(&[b"ab"]), one.digest(&[b"ac"]));
        assert_eq!(format!("{one:?}"), "ChainKey(…)");
    }

    #[test]
    fn tints_tell_most_values_apart() {
        let key = ChainKey::new(b"one");
        let same = (0..1_000_u32).filter(|n| key.tint(1, &n.to_le_bytes()) == key.tint(1, &(n + 1).to_le_bytes()));
        assert!(same.count() < 30, "about one in 256 may be the same");
    }
}
