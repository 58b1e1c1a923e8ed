//! National languages in septets: a header element names the tables that a segment is written in (3GPP TS 23.038, 6.2.1.2).
//!
//! A *locking* table takes the place of the default alphabet, a *single* table that of the extension table. Both are read
//! always; they are written where a connector allows it and a segment is saved.
//!
//! ```
//! use sambac_domain::text::{Shift, ShiftTable, udh};
//!
//! let (header, body) = udh::parse(&[3, 0x24, 1, 1, 0x1B, 0x53]).unwrap();
//! let shift = Shift::of(&header);
//! assert_eq!(shift, Shift { locking: None, single: Some(ShiftTable::Turkish) });
//! assert_eq!(shift.decode(body), "Ş");
//! ```

mod locking;
mod single;

use serde::{Deserialize, Serialize};

use super::gsm7::{self, ESCAPE, Septets};
use super::udh::{self, Udh};

/// A national language of GSM 03.38 (3GPP TS 23.038, section 6.2.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftTable {
    /// 1.
    Turkish = 1,
    /// 2; has no locking shift table.
    Spanish,
    /// 3.
    Portuguese,
    /// 4.
    Bengali,
    /// 5.
    Gujarati,
    /// 6.
    Hindi,
    /// 7.
    Kannada,
    /// 8.
    Malayalam,
    /// 9.
    Oriya,
    /// 10.
    Punjabi,
    /// 11.
    Tamil,
    /// 12.
    Telugu,
    /// 13.
    Urdu,
}

impl ShiftTable {
    /// All of them, by rising identifier.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The national language identifier, 1 to 13.
    #[must_use]
    pub const fn identifier(self) -> u8 {
        self as u8
    }

    /// The language of an identifier; `None` for those that are reserved.
    #[must_use]
    pub fn from_identifier(identifier: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.identifier() == identifier)
    }

    /// What takes the place of the default alphabet, by septet; `None` where the language has no such table.
    #[must_use]
    pub fn locking(self) -> Option<&'static [char; 128]> {
        Some(match self {
            Self::Turkish => &locking::TURKISH_LOCKING,
            Self::Spanish => return None,
            Self::Portuguese => &locking::PORTUGUESE_LOCKING,
            Self::Bengali => &locking::BENGALI_LOCKING,
            Self::Gujarati => &locking::GUJARATI_LOCKING,
            Self::Hindi => &locking::HINDI_LOCKING,
            Self::Kannada => &locking::KANNADA_LOCKING,
            Self::Malayalam => &locking::MALAYALAM_LOCKING,
            Self::Oriya => &locking::ORIYA_LOCKING,
            Self::Punjabi => &locking::PUNJABI_LOCKING,
            Self::Tamil => &locking::TAMIL_LOCKING,
            Self::Telugu => &locking::TELUGU_LOCKING,
            Self::Urdu => &locking::URDU_LOCKING,
        })
    }

    /// What may follow the escape: septets and their characters.
    pub fn single(self) -> impl Iterator<Item = (u8, char)> {
        let runs = match self {
            Self::Turkish => single::TURKISH_SINGLE,
            Self::Spanish => single::SPANISH_SINGLE,
            Self::Portuguese => single::PORTUGUESE_SINGLE,
            Self::Bengali => single::BENGALI_SINGLE,
            Self::Gujarati => single::GUJARATI_SINGLE,
            Self::Hindi => single::HINDI_SINGLE,
            Self::Kannada => single::KANNADA_SINGLE,
            Self::Malayalam => single::MALAYALAM_SINGLE,
            Self::Oriya => single::ORIYA_SINGLE,
            Self::Punjabi => single::PUNJABI_SINGLE,
            Self::Tamil => single::TAMIL_SINGLE,
            Self::Telugu => single::TELUGU_SINGLE,
            Self::Urdu => single::URDU_SINGLE,
        };
        runs.iter().flat_map(|(first, text)| (*first..).zip(text.chars()))
    }
}

/// The tables that a segment is written in; the default ones where none is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Shift {
    /// In the place of the default alphabet.
    pub locking: Option<ShiftTable>,
    /// In the place of the extension table.
    pub single: Option<ShiftTable>,
}

impl Shift {
    /// The default alphabet with its extension table.
    pub const NONE: Self = Self { locking: None, single: None };

    /// What a header names. A reserved identifier is ignored (23.040, 9.2.3.24.15): the text is read in the default tables.
    #[must_use]
    pub fn of(header: &Udh<'_>) -> Self {
        let named = |iei| {
            let of = |element: udh::Element<'_>| match element.data {
                [identifier] if element.iei == iei => ShiftTable::from_identifier(*identifier),
                _ => None,
            };
            header.elements().filter_map(of).last()
        };
        Self { locking: named(udh::LOCKING_SHIFT), single: named(udh::SINGLE_SHIFT) }
    }

    /// Adds the elements that name the tables to a header.
    pub fn write(self, elements: &mut impl Extend<u8>) {
        let named = [(udh::SINGLE_SHIFT, self.single), (udh::LOCKING_SHIFT, self.locking)];
        for (iei, table) in named {
            elements.extend(table.map(|table| [iei, 1, table.identifier()]).into_iter().flatten());
        }
    }

    /// Octets of what [`write`](Self::write) adds.
    #[must_use]
    pub fn octets(self) -> usize {
        3 * (usize::from(self.single.is_some()) + usize::from(self.locking.is_some()))
    }

    /// The septets of one character, `None` when neither table has it.
    #[must_use]
    pub fn septets_of(self, character: char) -> Option<Septets> {
        let one = match self.locking.and_then(ShiftTable::locking) {
            Some(table) => position(table, character),
            None => match gsm7::septets_of(character) {
                Some(Septets::One(septet)) => Some(septet),
                _ => None,
            },
        };
        one.map(Septets::One).or_else(|| self.escaped(character).map(Septets::Escaped))
    }

    /// Writes a text in unpacked septets; `None` when neither table has one of its characters.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len());
        for character in text.chars() {
            match self.septets_of(character)? {
                Septets::One(septet) => out.push(septet),
                Septets::Escaped(septet) => out.extend([ESCAPE, septet]),
            }
        }
        Some(out)
    }

    /// Reads unpacked septets, whatever they hold, by the rules of [`gsm7::decode`].
    #[must_use]
    pub fn decode(self, octets: &[u8]) -> String {
        if self == Self::NONE {
            return gsm7::decode(octets);
        }
        let mut out = String::with_capacity(octets.len() * 2);
        let mut rest = octets.iter().copied();
        while let Some(octet) = rest.next() {
            out.push(match octet {
                ESCAPE => rest.next().map_or(' ', |septet| self.extended(septet)),
                septet => self.plain(septet),
            });
        }
        out
    }

    fn escaped(self, character: char) -> Option<u8> {
        match self.single {
            Some(table) => table.single().find(|(_, found)| *found == character).map(|(septet, _)| septet),
            None => gsm7::EXTENSION.iter().find(|(_, found)| *found == character).map(|(septet, _)| *septet),
        }
    }

    fn plain(self, septet: u8) -> char {
        let table = self.locking.and_then(ShiftTable::locking).unwrap_or(&gsm7::DEFAULT);
        table.get(usize::from(septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn extended(self, septet: u8) -> char {
        let found = match self.single {
            _ if septet == ESCAPE => Some(' '),
            Some(table) => table.single().find(|(code, _)| *code == septet).map(|(_, character)| character),
            None => gsm7::EXTENSION.iter().find(|(code, _)| *code == septet).map(|(_, character)| *character),
        };
        found.unwrap_or_else(|| self.plain(septet))
    }
}

/// The septet of a character; reserved places stand for none.
fn position(table: &[char; 128], character: char) -> Option<u8> {
    let found = (character != locking::NONE).then(|| table.iter().position(|one| *one == character))?;
    found.and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests;
