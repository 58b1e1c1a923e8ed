//! Persons who want no more messages: what they write to say so, and how an account has that taken.
//!
//! ```
//! use sambac_domain::opt_out::{OptOutRules, Wish};
//! let rules = OptOutRules::default();
//! assert_eq!(rules.wish("Stop."), Some(Wish::Stop));
//! assert_eq!(rules.wish("ARRÊT"), Some(Wish::Stop));
//! assert_eq!(rules.wish("Stop by tomorrow"), None);
//! ```

mod word;

use serde::{Deserialize, Serialize};

pub use word::{built_in, folded};

/// Words that one list may have.
const WORDS_MAX: usize = 100;
/// Characters of an answer: three segments at most.
const REPLY_CHARS_MAX: usize = 459;

/// How an account has keywords taken. By default they are, for all its senders, with the words of [`built_in`] and without answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptOutRules {
    /// Whether words from handsets are heeded.
    #[serde(skip_serializing_if = "KeywordRule::is_default")]
    pub keywords: KeywordRule,
    /// What a person is taken off by a word.
    #[serde(skip_serializing_if = "OptOutScope::is_default")]
    pub scope: OptOutScope,
    /// The words that end messages, instead of those that are built in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// The words that begin them again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<String>,
    /// The words that ask what this is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
    /// What is answered to the first; nothing when it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_reply: String,
    /// To the second.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub start_reply: String,
    /// To the third.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help_reply: String,
}

/// Whether words from handsets are heeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeywordRule {
    /// They are.
    #[default]
    On,
    /// They are messages like all others; what is on the list counts all the same.
    Off,
}

/// For what a word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptOutScope {
    /// For all messages of the account.
    #[default]
    Account,
    /// For those by the sender that was written to.
    Sender,
}

/// What a person asks for by a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// To know what this is.
    Help,
}

impl Wish {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stop, Self::Start, Self::Help];
}

impl OptOutRules {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What a person who writes this asks for. The word has to stand alone; case, accents and the punctuation around it do not matter.
    #[must_use]
    pub fn wish(&self, text: &str) -> Option<Wish> {
        if self.keywords == KeywordRule::Off {
            return None;
        }
        let word = folded(text)?;
        Wish::ALL.into_iter().find(|wish| match self.words(*wish) {
            [] => built_in(*wish).any(|own| own == word),
            words => words.iter().any(|own| folded(own).as_ref() == Some(&word)),
        })
    }

    /// What is answered; `None` when nothing is.
    #[must_use]
    pub fn reply(&self, wish: Wish) -> Option<&str> {
        let text = match wish {
            Wish::Stop => &self.stop_reply,
            Wish::Start => &self.start_reply,
            Wish::Help => &self.help_reply,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The account's own words, if it has some.
    #[must_use]
    pub fn words(&self, wish: Wish) -> &[String] {
        match wish {
            Wish::Stop => &self.stop,
            Wish::Start => &self.start,
            Wish::Help => &self.help,
        }
    }

    /// Everything that is wrong with them.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut taken: Vec<(&str, String)> = Vec::new();
        for (name, words) in [("stop", &self.stop), ("start", &self.start), ("help", &self.help)] {
            if words.len() > WORDS_MAX {
                faults.push(format!("messaging.opt_out.{name}: has more than {WORDS_MAX} words"));
            }
            for word in words.iter().take(WORDS_MAX) {
                let Some(bare) = folded(word) else {
                    faults.push(format!("messaging.opt_out.{name}: \"{word}\" is no word, or too long"));
                    continue;
                };
                match taken.iter().find(|(_, other)| *other == bare) {
                    Some((list, _)) if *list != name => {
                        faults.push(format!("messaging.opt_out.{name}: \"{word}\" is in the list {list}, too"));
                    }
                    _ => taken.push((name, bare)),
                }
            }
        }
        let replies = [("stop", &self.stop_reply), ("start", &self.start_reply), ("help", &self.help_reply)];
        for (name, reply) in replies {
            if reply.chars().count() > REPLY_CHARS_MAX || reply.chars().any(|it| it.is_control() && it != '\n') {
                let fault = format!("has more than {REPLY_CHARS_MAX} characters, or control characters");
                faults.push(format!("messaging.opt_out.{name}_reply: {fault}"));
            }
        }
        faults
    }
}

impl KeywordRule {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl OptOutScope {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests;
