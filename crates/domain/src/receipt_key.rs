//! The key that a receipt is found by: who sent it, the SMSC's id for the message, and the handset's number.
//!
//! An index over one integer is a third of the size of one over three columns, and a row that shares the
//! key by accident is told apart by comparing the columns themselves.

/// A positive 63-bit hash that is the same on every machine and in every version.
///
/// `group` is the correlation group (the connector, or the operator's connectors together),
/// `normalised_id` the smsc_message_id after the connector's rules, `destination` the E.164 digits.
pub fn receipt_key(group: i64, normalised_id: &str, destination: u64) -> i64 {
    let hash = fnv1a(FNV_OFFSET, &group.to_le_bytes());
    let hash = fnv1a(hash, &destination.to_le_bytes());
    let hash = fnv1a(hash, normalised_id.as_bytes());
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
        assert_eq!(receipt_key(7, "A7F", 447_700_900_123), 7_503_901_425_303_382_608);
        assert_eq!(receipt_key(-1, "", 0), 4_297_319_970_402_611_308);
    }

    #[test]
    fn near_keys_are_apart() {
        let keys = (0..10_000_u64).map(|n| receipt_key(1, &n.to_string(), 447_700_900_000 + n % 100));
        let distinct: std::collections::HashSet<_> = keys.collect();
        assert_eq!(distinct.len(), 10_000);
    }

    proptest! {
        #[test]
        fn keys_are_positive_and_depend_on_all(group: i64, id in "[0-9A-F]{0,16}", destination: u64) {
            let key = receipt_key(group, &id, destination);
            prop_assert!(key >= 0);
            prop_assert_ne!(key, receipt_key(group ^ 1, &id, destination));
            prop_assert_ne!(key, receipt_key(group, &format!("{id}0"), destination));
            prop_assert_ne!(key, receipt_key(group, &id, destination ^ 1));
        }
    }
}
