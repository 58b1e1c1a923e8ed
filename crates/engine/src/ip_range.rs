//! CIDR ranges of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A CIDR range, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    address: IpAddr,
    prefix_bits: u8,
}

/// Bits of an IPv6 address before an IPv4 address that is mapped into it.
const MAPPED_BITS: u8 = 96;

impl IpRange {
    /// `10.0.0.0/8`, `2001:db8::/32` or one address. IPv4 that is written as mapped into IPv6 (`::ffff:192.0.2.0/120`) is that of
    /// IPv4; a range that would hold it whole and more beside is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.trim().parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits: u8 = bits.map_or(Some(most), |bits| bits.trim().parse().ok())?;
        if prefix_bits > most {
            return None;
        }
        match address {
            IpAddr::V6(mapped) if mapped.to_ipv4_mapped().is_some() => {
                let prefix_bits = prefix_bits.checked_sub(MAPPED_BITS)?;
                Some(Self { address: address.to_canonical(), prefix_bits })
            }
            _ => Some(Self { address, prefix_bits }),
        }
    }

    pub(crate) fn nobody() -> Self {
        Self { address: IpAddr::from([0, 0, 0, 0]), prefix_bits: 32 }
    }

    /// Whether `other` is inside. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => {
                first_bits_v4(mine, self.prefix_bits) == first_bits_v4(other, self.prefix_bits)
            }
            (IpAddr::V6(mine), IpAddr::V6(other)) => {
                first_bits_v6(mine, self.prefix_bits) == first_bits_v6(other, self.prefix_bits)
            }
            _ => false,
        }
    }

    /// Whether every address of `other` is inside.
    pub fn holds(&self, other: &Self) -> bool {
        self.prefix_bits <= other.prefix_bits && self.contains(other.address)
    }
}

fn first_bits_v4(address: Ipv4Addr, bits: u8) -> u64 {
    u64::from(address.to_bits()) >> (32 - u32::from(bits))
}

fn first_bits_v6(address: Ipv6Addr, bits: u8) -> u128 {
    address.to_bits().checked_shr(128 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> IpRange {
        IpRange::parse(text).expect("a range")
    }

    fn within(text: &str, address: &str) -> bool {
        range(text).contains(address.parse().expect("an address"))
    }

    #[test]
    fn ranges_hold_what_they_say() {
        assert!(within("192.0.2.0/24", "192.0.2.77") && !within("192.0.2.0/24", "192.0.3.1"));
        assert!(within("192.0.2.7", "192.0.2.7") && !within("192.0.2.7", "192.0.2.8"));
        assert!(within("0.0.0.0/0", "203.0.113.9") && !within("0.0.0.0/0", "2001:db8::1"));
        assert!(within("2001:db8::/32", "2001:db8:1::1") && !within("2001:db8::/32", "2001:db9::1"));
        assert!(within("::/0", "2001:db8::1"));
        assert!(within("192.0.2.0/24", "::ffff:192.0.2.5"), "an IPv4 address mapped into IPv6");
        assert!(within("::ffff:192.0.2.0/120", "192.0.2.5") && within("::ffff:192.0.2.5", "192.0.2.5"));
    }

    #[test]
    fn a_range_holds_what_is_no_wider() {
        assert!(
            range("192.0.2.0/24").holds(&range("192.0.2.128/25"))
                && range("192.0.2.0/24").holds(&range("192.0.2.0/24"))
        );
        assert!(
            !range("192.0.2.128/25").holds(&range("192.0.2.0/24"))
                && !range("192.0.2.0/24").holds(&range("192.0.3.0/24"))
        );
        assert!(!range("0.0.0.0/0").holds(&range("::/0")) && !range("::/0").holds(&range("0.0.0.0/0")));
        assert!(range("192.0.2.0/24").holds(&range("::ffff:192.0.2.9")));
    }

    #[test]
    fn what_is_no_range_does_not_parse() {
        for text in
            ["", "192.0.2.0/33", "192.0.2", "2001:db8::/129", "192.0.2.0/x", "::ffff:0.0.0.0/90", "192.0.2.0/-1"]
        {
            assert_eq!(IpRange::parse(text), None, "{text}");
        }
    }
}
