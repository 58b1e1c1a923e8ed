//! Optional parameters of an incoming PDU, by the names that the connector's profile gives them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::profile::{TlvKind, TlvRule};

/// Every parameter with all its values, in their order (Q-H7): by its name, read as its rule says, or by its tag in
/// hexadecimal (Q-H6).
#[must_use]
pub fn parameters<'a>(
    tlvs: impl IntoIterator<Item = (u16, &'a [u8])>,
    rules: &[TlvRule],
) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tag, value) in tlvs {
        let rule = rules.iter().find(|rule| rule.tag_number() == Some(tag));
        let name = rule.map_or_else(|| format!("0x{tag:04X}"), |rule| rule.name.clone());
        let shown = rule.map_or_else(|| hex(value), |rule| read(rule.kind, value));
        all.entry(name).or_default().push(shown);
    }
    all
}

/// Integers have 1, 2 or 4 octets whatever the specification says (Q-H4); strings end at their first NUL, if they have one
/// (Q-H5). What does not fit its kind is kept as octets.
fn read(kind: TlvKind, value: &[u8]) -> String {
    match kind {
        TlvKind::Int1 | TlvKind::Int2 | TlvKind::Int4 => match value.len() {
            1 | 2 | 4 => value.iter().fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet)).to_string(),
            _ => hex(value),
        },
        TlvKind::CString | TlvKind::Text => {
            let end = value.iter().position(|octet| *octet == 0).unwrap_or(value.len());
            String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
        }
        TlvKind::Octets => hex(value),
    }
}

fn hex(value: &[u8]) -> String {
    value.iter().fold(String::with_capacity(value.len() * 2), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(tag: &str, name: &str, kind: TlvKind) -> TlvRule {
        TlvRule { tag: tag.to_owned(), name: name.to_owned(), kind, value: None, required: false, octets_max: 0 }
    }

    #[test]
    fn parameters_are_named_read_and_kept_all() {
        let rules = [
            rule("0x0204", "reference", TlvKind::Int2),
            rule("0x1400", "cell", TlvKind::CString),
            rule("0x1401", "blob", TlvKind::Octets),
        ];
        let tlvs = [
            (0x0204, &[7][..]),
            (0x0204, &[0, 0, 1, 2]),
            (0x0204, &[1, 2, 3]),
            (0x1400, b"234-10\0\0"),
            (0x1400, b"234-15"),
            (0x1401, &[0xAB]),
            (0x0BAD, &[1, 0xFF]),
        ];
        let all = parameters(tlvs, &rules);
        let shown: Vec<_> = all.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
        assert_eq!(shown, ["0x0BAD=01ff", "blob=ab", "cell=234-10,234-15", "reference=7,258,010203"]);
    }
}
