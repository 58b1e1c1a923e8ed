//! What is kept of a message no longer than it is needed: its text until operators have it, its number until it has ended.
//!
//! ```
//! use sambac_domain::redaction::Redaction;
//! let redaction: Redaction = serde_json::from_str(r#"["to"]"#).unwrap();
//! assert!(redaction.to && !redaction.text);
//! ```

use serde::{Deserialize, Serialize};

/// What is kept no longer. Serde form: a list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<RedactedPart>", into = "Vec<RedactedPart>")]
pub struct Redaction {
    /// The text is wiped once operators have taken all segments, and is in no receipt.
    pub text: bool,
    /// The last seven digits of the number become zeros when the message ends.
    pub to: bool,
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactedPart {
    /// Its text.
    Text,
    /// Its number.
    To,
}

impl Redaction {
    /// Whether all is kept as usual.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        !self.text && !self.to
    }

    /// What either says.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { text: self.text || other.text, to: self.to || other.to }
    }
}

impl From<Vec<RedactedPart>> for Redaction {
    fn from(parts: Vec<RedactedPart>) -> Self {
        Self { text: parts.contains(&RedactedPart::Text), to: parts.contains(&RedactedPart::To) }
    }
}

impl From<Redaction> for Vec<RedactedPart> {
    fn from(redaction: Redaction) -> Self {
        let text = redaction.text.then_some(RedactedPart::Text);
        text.into_iter().chain(redaction.to.then_some(RedactedPart::To)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_words() {
        for (text, redaction) in [
            ("[]", Redaction::default()),
            (r#"["text"]"#, Redaction { text: true, to: false }),
            (r#"["text","to"]"#, Redaction { text: true, to: true }),
        ] {
            assert_eq!(serde_json::to_string(&redaction).unwrap(), text);
            assert_eq!(serde_json::from_str::<Redaction>(text).unwrap(), redaction);
        }
        assert!(serde_json::from_str::<Redaction>(r#"["from"]"#).is_err());
        let (text, to) = (Redaction { text: true, to: false }, Redaction { text: false, to: true });
        assert_eq!((text.and(to), text.and(text)), (Redaction { text: true, to: true }, text));
    }
}
