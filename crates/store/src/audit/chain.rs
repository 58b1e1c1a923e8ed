//! How entries are sealed, and how it is found out that one is not what was sealed.
//!
//! An entry's hash is SHA-256 of the hash before it and all its columns, each with its length, so that no two entries are written
//! alike. Nobody needs a key to check it; what keeps the whole from being made anew is a head that was signed and taken elsewhere.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::NewAudit;
use crate::rows::AuditRow;

/// What the first entry seals.
const BEGINNING: &str = "sambac audit log 1";

/// Where the log ends: its last number and hash. As text: `42:9f86d0…`, `0` for an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last entry, and of all; 0 for none.
    pub entries: i64,
    /// Its hash.
    pub hash: String,
}

/// That something is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the head of an audit log, such as 42:9f86d081884c…")]
pub struct NotAHead;

impl AuditHead {
    pub(super) fn of(row: &AuditRow) -> Self {
        Self { entries: row.id, hash: row.hash.clone() }
    }

    /// The row of the entry after this head.
    pub(super) fn next(&self, entry: NewAudit) -> AuditRow {
        let NewAudit { at, actor, action, subject, account_id, address, detail } = entry;
        let row = AuditRow {
            id: self.entries + 1,
            at,
            actor,
            action,
            subject,
            account_id,
            address,
            detail,
            hash: String::new(),
        };
        AuditRow { hash: sealed(&self.hash, &row), ..row }
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries == 0 { f.write_str("0") } else { write!(f, "{}:{}", self.entries, self.hash) }
    }
}

impl FromStr for AuditHead {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        if text == "0" {
            return Ok(Self::default());
        }
        let (entries, hash) = text.split_once(':').ok_or(NotAHead)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|octet| octet.is_ascii_hexdigit());
        let entries = entries.parse().ok().filter(|number| *number > 0 && is_hash).ok_or(NotAHead)?;
        Ok(Self { entries, hash: hash.to_owned() })
    }
}

/// What is wrong with the log, the first thing that is found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// The entry is not what was sealed, or one before it is not.
    #[error("entry {0} is not what was sealed")]
    Changed(i64),
    /// Another number was to come: entries were removed, put in or moved.
    #[error("entry {expected} was to come, and {found} did")]
    OutOfOrder {
        /// The number that was to come.
        expected: i64,
        /// The one that came.
        found: i64,
    },
    /// A head that was kept knows more entries than there are.
    #[error("the log ends with entry {found}, but a head was kept of entry {kept}: its end was cut off")]
    CutOff {
        /// The last one there is.
        found: i64,
        /// The one that was kept.
        kept: i64,
    },
    /// A head that was kept is of another log, or of this one before it was made anew.
    #[error("entry {0} is another one than the head that was kept")]
    OtherThanKept(i64),
}

/// Goes through a log from its beginning, entry by entry.
///
/// ```text
/// let mut verifier = AuditVerifier::new(kept_heads);
/// for row in rows { verifier.take(row)?; }
/// let head = verifier.end()?;
/// ```
#[derive(Debug)]
pub struct AuditVerifier {
    head: AuditHead,
    /// Heads that were kept elsewhere, the latest first.
    kept: Vec<AuditHead>,
}

impl AuditVerifier {
    /// That also holds the log against these heads, which were kept elsewhere.
    pub fn new(mut kept: Vec<AuditHead>) -> Self {
        kept.retain(|head| head.entries > 0);
        kept.sort_by_key(|head| std::cmp::Reverse(head.entries));
        Self { head: AuditHead::default(), kept }
    }

    /// The next entry.
    ///
    /// # Errors
    /// [`AuditFault`]; nothing after it can be trusted.
    pub fn take(&mut self, row: &AuditRow) -> Result<(), AuditFault> {
        let expected = self.head.entries + 1;
        if row.id != expected {
            return Err(AuditFault::OutOfOrder { expected, found: row.id });
        }
        if sealed(&self.head.hash, row) != row.hash {
            return Err(AuditFault::Changed(row.id));
        }
        while let Some(kept) = self.kept.pop_if(|kept| kept.entries == row.id) {
            if !kept.hash.eq_ignore_ascii_case(&row.hash) {
                return Err(AuditFault::OtherThanKept(row.id));
            }
        }
        self.head = AuditHead::of(row);
        Ok(())
    }

    /// That was all. Answers where the log ends.
    ///
    /// # Errors
    /// [`AuditFault::CutOff`].
    pub fn end(self) -> Result<AuditHead, AuditFault> {
        match self.kept.last() {
            Some(kept) => Err(AuditFault::CutOff { found: self.head.entries, kept: kept.entries }),
            None => Ok(self.head),
        }
    }
}

fn sealed(before: &str, row: &AuditRow) -> String {
    let mut digest = Sha256::new();
    let mut put = |octets: &[u8]| {
        digest.update((octets.len() as u64).to_le_bytes());
        digest.update(octets);
    };
    put(if before.is_empty() { BEGINNING.as_bytes() } else { before.as_bytes() });
    put(&row.id.to_le_bytes());
    put(&row.at.0.to_le_bytes());
    put(row.actor.as_bytes());
    put(row.action.as_bytes());
    put(row.subject.as_bytes());
    match row.account_id {
        Some(id) => put(&id.raw().to_le_bytes()),
        None => put(&[]),
    }
    put(row.address.as_bytes());
    put(row.detail.as_bytes());
    hex(&digest.finalize())
}

fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use sambac_domain::{AccountId, Timestamp};

    use super::*;

    const ENTRIES: i64 = 100_000;

    fn entry(number: i64) -> NewAudit {
        NewAudit {
            at: Timestamp(1_800_000_000_000_000 + number * 1_000),
            actor: format!("admin key {}", number % 7),
            action: "config.change".to_owned(),
            subject: format!("version {number}"),
            account_id: (number % 3 == 0).then(|| AccountId::from_raw(number << 8)),
            address: "192.0.2.1".to_owned(),
            detail: "{}".to_owned(),
        }
    }

    static LOG: LazyLock<Vec<AuditRow>> = LazyLock::new(|| {
        let mut head = AuditHead::default();
        let rows = (1..=ENTRIES).map(|number| {
            let row = head.next(entry(number));
            head = AuditHead::of(&row);
            row
        });
        rows.collect()
    });

    fn verified<'r>(rows: impl Iterator<Item = &'r AuditRow>, kept: &[AuditHead]) -> Result<AuditHead, AuditFault> {
        let mut verifier = AuditVerifier::new(kept.to_vec());
        rows.into_iter().try_for_each(|row| verifier.take(row))?;
        verifier.end()
    }

    fn head() -> AuditHead {
        AuditHead::of(&LOG[LOG.len() - 1])
    }

    #[test]
    fn a_log_that_nobody_touched_is_what_was_sealed() {
        assert_eq!(verified(LOG.iter(), &[head(), AuditHead::of(&LOG[17]), AuditHead::default()]), Ok(head()));
        assert_eq!(verified([].iter(), &[]), Ok(AuditHead::default()));
        assert_eq!(head().to_string().parse(), Ok(head()));
        assert_eq!(("0".parse(), "7:x".parse::<AuditHead>()), (Ok(AuditHead::default()), Err(NotAHead)));
    }

    /// What an intruder with the whole database can do to one entry; with `anew`, all hashes and numbers from there on are made anew,
    /// as somebody would who knows how.
    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Actor,
        Action,
        Subject,
        Time,
        Account,
        Address,
        Detail,
        Hash,
        Delete,
        Insert,
        Swap,
        Truncate,
    }

    const DEEDS: [Deed; 12] = [
        Deed::Actor,
        Deed::Action,
        Deed::Subject,
        Deed::Time,
        Deed::Account,
        Deed::Address,
        Deed::Detail,
        Deed::Hash,
        Deed::Delete,
        Deed::Insert,
        Deed::Swap,
        Deed::Truncate,
    ];

    fn before(place: usize) -> AuditHead {
        place.checked_sub(1).map(|before| AuditHead::of(&LOG[before])).unwrap_or_default()
    }

    /// The first rows from `place` on as the deed leaves them, and how many of the log they stand for.
    fn done(deed: Deed, place: usize) -> (Vec<AuditRow>, usize) {
        let mut rows = LOG[place..(place + 2).min(LOG.len())].to_vec();
        let (count, first) = (rows.len(), &mut rows[0]);
        match deed {
            Deed::Actor => first.actor.push('x'),
            Deed::Action => first.action.push('x'),
            Deed::Subject => first.subject.push('x'),
            Deed::Time => first.at.0 += 1,
            Deed::Account => first.account_id = Some(AccountId::from_raw(1)),
            Deed::Address => first.address.push('1'),
            Deed::Detail => first.detail.push(' '),
            Deed::Hash => first.hash = "0".repeat(64),
            Deed::Delete => drop(rows.remove(0)),
            Deed::Insert => rows.insert(0, LOG[place].clone()),
            Deed::Swap if count > 1 => rows.swap(0, 1),
            Deed::Swap | Deed::Truncate => return (Vec::new(), LOG.len() - place),
        }
        (rows, count)
    }

    fn made_anew(place: usize, rows: &mut [AuditRow]) {
        let mut head = before(place);
        for row in rows {
            row.id = head.entries + 1;
            row.hash = sealed(&head.hash, row);
            head = AuditHead::of(row);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is done to any of 100,000 entries is found: at its place, or by the head that was kept.
        #[test]
        fn any_deed_to_any_entry_is_found(deed in prop::sample::select(DEEDS.to_vec()), place in 0..LOG.len(), anew in prop::bool::weighted(0.1)) {
            let (mut rows, count) = done(deed, place);
            rows.extend_from_slice(&LOG[place + count..]);
            // A hash that is made anew is the one that was there.
            let anew = anew && !matches!(deed, Deed::Hash | Deed::Truncate);
            if anew {
                made_anew(place, &mut rows);
            }
            let mut verifier = AuditVerifier { head: before(place), ..AuditVerifier::new(vec![head()]) };
            let taken = rows.iter().try_for_each(|row| verifier.take(row));
            let verified = taken.and_then(|()| verifier.end());
            prop_assert!(verified.is_err(), "{deed:?} at {place}, anew: {anew}");
        }
    }
}
