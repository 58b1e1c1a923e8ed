//! What a message's text may not carry: card numbers, bank account numbers, addresses of unknown sites.
//!
//! The rules are an account's; they look at the text as the handset will show it, never at its octets. What is found is passed, made
//! unreadable, or a reason to refuse, and a refusal says what was found without repeating it.
//!
//! ```
//! use sambac_domain::content::{ContentRules, Handling, Verdict};
//!
//! let rules = ContentRules { card_numbers: Handling::Mask, ..ContentRules::default() };
//! let verdict = rules.inspect("Card 4111 1111 1111 1111 is blocked");
//! assert_eq!(verdict, Verdict::Masked("Card **** **** **** 1111 is blocked".to_owned()));
//! ```

mod card_number;
mod host;
mod iban;
mod joined;
mod link;
mod mask;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::as_text::serde_as_text;
use crate::stored;

pub use host::{HostPattern, MalformedHost};

/// What becomes of a text with something in it. Text and serde form: `allow`, `mask`, `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Handling {
    /// It is sent as it is.
    #[default]
    Allow,
    /// All but the last four characters of what was found become `*`.
    Mask,
    /// The message is refused.
    Block,
}

/// The rules of an account. By default there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentRules {
    /// Payment card numbers: 13 to 19 digits of an issuer's range whose last digit is right (ISO/IEC 7812, Luhn). PCI DSS 4.2.2 keeps them
    /// out of messages.
    #[serde(skip_serializing_if = "Handling::is_default")]
    pub card_numbers: Handling,
    /// International bank account numbers of their country's length whose check digits are right (ISO 13616).
    #[serde(skip_serializing_if = "Handling::is_default")]
    pub ibans: Handling,
    /// The sites that a text may link to; `None` for any, empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_hosts: Option<Vec<HostPattern>>,
}

/// What was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// A payment card number.
    CardNumber,
    /// An international bank account number.
    Iban,
    /// A link to a site that is not listed.
    Link,
}

/// What the rules say of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent as it is.
    Clean,
    /// It is sent like this.
    Masked(String),
    /// It is refused: for what, and where that begins, in characters from 0.
    Blocked {
        /// What was found.
        what: Forbidden,
        /// Where it begins, in characters.
        at: usize,
    },
}

impl ContentRules {
    /// Whether there is no rule, so that a text need not be looked at.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.card_numbers == Handling::Allow && self.ibans == Handling::Allow && self.link_hosts.is_none()
    }

    /// The rules as they are stored; no text is no rules.
    ///
    /// # Errors
    /// What is wrong with the text. Who cannot read a rule must not go without it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        stored::read(text).map_err(|error| error.to_string())
    }

    /// As they are stored: no rules are an empty text.
    #[must_use]
    pub fn to_json(&self) -> String {
        stored::written(self)
    }

    /// Looks at a text. What blocks comes before what masks, wherever either is.
    #[must_use]
    pub fn inspect(&self, text: &str) -> Verdict {
        let ibans = self.ibans_of(text);
        let cards = self.cards_of(text, &ibans);
        let link = self.link_hosts.as_ref().and_then(|allowed| link::stranger(text, allowed));
        let blocked = first(self.card_numbers, &cards, Forbidden::CardNumber)
            .or_else(|| first(self.ibans, &ibans, Forbidden::Iban))
            .or_else(|| link.map(|at| (Forbidden::Link, at)));
        if let Some((what, octet)) = blocked {
            let at = text.get(..octet).map_or(0, |before| before.chars().count());
            return Verdict::Blocked { what, at };
        }
        match self.masked(text, cards, ibans) {
            Cow::Borrowed(_) => Verdict::Clean,
            Cow::Owned(masked) => Verdict::Masked(masked),
        }
    }

    fn ibans_of(&self, text: &str) -> Vec<Range<usize>> {
        let wanted = self.ibans != Handling::Allow || self.card_numbers != Handling::Allow;
        if wanted { iban::find(text) } else { Vec::new() }
    }

    /// The digits of an account number are no card number.
    fn cards_of(&self, text: &str, ibans: &[Range<usize>]) -> Vec<Range<usize>> {
        if self.card_numbers == Handling::Allow {
            return Vec::new();
        }
        let mut cards = card_number::find(text);
        cards.retain(|card| !ibans.iter().any(|iban| iban.start < card.end && card.start < iban.end));
        cards
    }

    fn masked<'a>(&self, text: &'a str, cards: Vec<Range<usize>>, ibans: Vec<Range<usize>>) -> Cow<'a, str> {
        let mut found = cards;
        if self.ibans == Handling::Mask {
            found.extend(ibans);
        }
        mask::all_but_the_end(text, &mut found)
    }
}

/// What no handset shows: whoever reads the text reads on over it.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
    )
}

fn first(handling: Handling, found: &[Range<usize>], what: Forbidden) -> Option<(Forbidden, usize)> {
    let first = found.first().filter(|_| handling == Handling::Block)?;
    Some((what, first.start))
}

impl Handling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Mask, Self::Block];

    /// The word outside.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Mask => "mask",
            Self::Block => "block",
        }
    }

    fn is_default(&self) -> bool {
        *self == Self::Allow
    }
}

/// The text is no [`Handling`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be allow, mask or block")]
pub struct UnknownHandling;

impl fmt::Display for Handling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Handling {
    type Err = UnknownHandling;

    fn from_str(text: &str) -> Result<Self, UnknownHandling> {
        Self::ALL.into_iter().find(|handling| handling.as_str() == text).ok_or(UnknownHandling)
    }
}

serde_as_text!(Handling);

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CardNumber => "a payment card number",
            Self::Iban => "a bank account number (IBAN)",
            Self::Link => "a link to a site that is not on the list",
        })
    }
}

#[cfg(test)]
mod tests;
