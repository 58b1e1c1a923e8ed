//! The key that a receipt is found by: whose receipts are matched together, and the SMSC's id for the message.
//!
//! An index over one integer is a third of the size of one over two columns. The handset's number is no part of it: receipts
//! name it in national form, unswapped or not at all (Q-C13, Q-G3). It tells the candidates of one key apart instead
//! ([`crate::receipt::names_number`]).

/// A positive 63-bit hash that is the same on every machine and in every version.
///
/// `group` is the correlation group (the operator's connectors together, or those of one name), `comparable_id` the
/// smsc_message_id after the connector's rules.
pub fn receipt_key(group: i64, comparable_id: &str) -> i64 {
    let hash = fnv1a(FNV_OFFSET, &group.to_le_bytes());
    let hash = fnv1a(hash, comparable_id.as_bytes());
    (splitmix(hash) >> 1).cast_signed()
}

pub(crate) const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

pub(crate) fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

/// The finaliser of splitmix64: FNV leaves near keys near each other, this spreads them.
pub(crate) const fn splitmix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The values were reckoned by another program: rows on disk depend on them.
    #[test]
    fn keys_never_change() {
        assert_eq!(receipt_key(7, "A7F"), 5_743_043_506_453_833_231);
        assert_eq!(receipt_key(-1, ""), 5_461_381_724_457_326_186);
    }

    #[test]
    fn near_keys_are_apart() {
        let keys = (0..10_000_u64).map(|n| receipt_key(1 + n.cast_signed() % 10, &n.to_string()));
        let distinct: std::collections::HashSet<_> = keys.collect();
        assert_eq!(distinct.len(), 10_000);
    }

    proptest! {
        #[test]
        fn keys_are_positive_and_depend_on_all(group: i64, id in "[0-9A-F]{0,16}") {
            let key = receipt_key(group, &id);
            prop_assert!(key >= 0);
            prop_assert_ne!(key, receipt_key(group ^ 1, &id));
            prop_assert_ne!(key, receipt_key(group, &format!("{id}0")));
        }
    }
}
