//! By what a delivery is known again: when its acknowledgement was lost, an SMSC brings it once more, by any bind.

use super::{Part, Reference};
use crate::receipt_key::{FNV_OFFSET, fnv1a, splitmix};

/// What makes two deliveries the same.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint<'a> {
    /// The correlation group: connectors by which one SMSC may deliver.
    pub group: i64,
    /// The handset, normalised.
    pub source: &'a str,
    /// The number written to, normalised.
    pub destination: &'a str,
    /// The user data.
    pub part: &'a Part,
    /// Which part of which long message it is.
    pub reference: Option<Reference>,
    /// The handset's own reference (`user_message_reference`), where the SMSC passes it on: it tells a message that is sent
    /// twice from one that is delivered twice.
    pub user_reference: Option<u32>,
}

impl Fingerprint<'_> {
    /// A positive 63-bit hash that is the same on every machine.
    #[must_use]
    pub fn key(&self) -> i64 {
        let hash = address_hash(self.group, self.source, self.destination);
        let hash = fnv1a(hash, &[self.part.data_coding, u8::from(self.part.udh)]);
        let hash = match self.reference {
            Some(reference) => fnv1a(hash, &reference.octets()),
            None => hash,
        };
        let hash = fnv1a(hash, &self.user_reference.unwrap_or_default().to_be_bytes());
        positive(fnv1a(hash, &self.part.octets))
    }
}

/// The key that the parts of one long message share.
#[must_use]
pub fn assembly_key(group: i64, source: &str, destination: &str, reference: Reference) -> i64 {
    let hash = address_hash(group, source, destination);
    let [high, low, total, _] = reference.octets();
    positive(fnv1a(hash, &[high, low, total]))
}

fn address_hash(group: i64, source: &str, destination: &str) -> u64 {
    let hash = fnv1a(FNV_OFFSET, &group.to_le_bytes());
    let hash = fnv1a(hash, source.as_bytes());
    // What no address holds: so that no part of one can pass for a part of the other.
    let hash = fnv1a(hash, &[0]);
    fnv1a(fnv1a(hash, destination.as_bytes()), &[0])
}

fn positive(hash: u64) -> i64 {
    (splitmix(hash) >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: Reference = Reference { reference: 7, total: 3, no: 2 };

    fn part(octets: &[u8]) -> Part {
        Part { no: 2, data_coding: 0, udh: false, octets: octets.to_vec() }
    }

    /// Rows on disk depend on these values.
    #[test]
    fn keys_depend_on_everything() {
        let part_a = part(b"yes");
        let base = Fingerprint {
            group: 1,
            source: "447700900123",
            destination: "12345",
            part: &part_a,
            reference: Some(REFERENCE),
            user_reference: None,
        };
        let (other_text, other_coding) = (part(b"no"), Part { data_coding: 8, ..part_a.clone() });
        let others = [
            Fingerprint { group: 2, ..base },
            Fingerprint { source: "447700900124", ..base },
            Fingerprint { destination: "12346", ..base },
            Fingerprint { source: "44770090012", destination: "312345", ..base },
            Fingerprint { part: &other_text, ..base },
            Fingerprint { part: &other_coding, ..base },
            Fingerprint { reference: None, ..base },
            Fingerprint { reference: Some(Reference { no: 3, ..REFERENCE }), ..base },
            Fingerprint { user_reference: Some(1), ..base },
        ];
        assert_eq!(base.key(), base.key());
        assert!(others.iter().all(|other| other.key() != base.key() && other.key() > 0));
    }

    #[test]
    fn parts_of_one_message_share_a_key() {
        let key = |reference| assembly_key(1, "447700900123", "12345", reference);
        assert_eq!(key(REFERENCE), key(Reference { no: 1, ..REFERENCE }));
        assert_ne!(key(REFERENCE), key(Reference { reference: 8, ..REFERENCE }));
        assert_ne!(key(REFERENCE), key(Reference { total: 4, ..REFERENCE }));
    }
}
