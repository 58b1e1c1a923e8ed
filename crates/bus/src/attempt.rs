//! The attempts made at a segment, and what the next one goes without: one number of the outbox row.
//!
//! ```
//! use sambac_bus::Attempt;
//! use sambac_domain::profile::Without;
//!
//! let attempt = Attempt::new(2).without(Without::Times);
//! assert_eq!(Attempt::from_raw(attempt.raw()), attempt);
//! assert!(attempt.is_without(Without::Times) && !attempt.is_without(Without::Tlvs));
//! assert_eq!(attempt.count(), 2);
//! ```

use sambac_domain::profile::Without;

/// As kept in the row: the count in the low eight bits, a mark for each of the fields that are left out above them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt(u16);

impl Attempt {
    /// So many attempts were made; the next one goes with every field.
    #[must_use]
    pub const fn new(count: u8) -> Self {
        Self(count as u16)
    }

    /// As kept in the row.
    #[must_use]
    pub const fn from_raw(raw: u16) -> Self {
        Self(raw)
    }

    /// To be kept in the row.
    #[must_use]
    pub const fn raw(self) -> u16 {
        self.0
    }

    /// Attempts made.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// The same marks after so many attempts.
    #[must_use]
    pub const fn counted(self, count: u8) -> Self {
        Self(self.0 & 0xff00 | count as u16)
    }

    /// Leaves these fields out, too.
    #[must_use]
    pub const fn without(self, without: Without) -> Self {
        Self(self.0 | mark(without))
    }

    /// Whether these fields are left out.
    #[must_use]
    pub const fn is_without(self, without: Without) -> bool {
        self.0 & mark(without) != 0
    }
}

const fn mark(without: Without) -> u16 {
    match without {
        Without::Times => 0x100,
        Without::Tlvs => 0x200,
    }
}
