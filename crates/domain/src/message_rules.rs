//! What the messages of an account have to keep to, whatever way they come in: approved texts, registered senders; and how it takes
//! those who want no more of them.
//!
//! ```
//! use sambac_domain::message_rules::MessageRules;
//! let rules = MessageRules::from_json(r#"{"senders":"registered","sender":[{"name":"MyBank","countries":["GB"]}]}"#).unwrap();
//! let (gb, fr) = ("GB".parse().unwrap(), "FR".parse().unwrap());
//! let now = sambac_domain::Timestamp::EPOCH;
//! assert!(rules.sender(&"MyBank".parse().unwrap(), Some(gb), now).is_ok());
//! assert!(rules.sender(&"MyBank".parse().unwrap(), Some(fr), now).is_err());
//! ```

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::number::{Country, Sender};
use crate::opt_out::OptOutRules;
use crate::options::MessageOptions;
use crate::redaction::Redaction;
use crate::stored;
use crate::time::Timestamp;

/// Senders that one account may have.
const SENDERS_MAX: usize = 500;

/// The rules of an account. By default there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageRules {
    /// Which texts it may send.
    #[serde(skip_serializing_if = "TemplateRule::is_default")]
    pub templates: TemplateRule,
    /// By which senders.
    #[serde(skip_serializing_if = "SenderRule::is_default")]
    pub senders: SenderRule,
    /// The senders that it owns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sender: Vec<RegisteredSender>,
    /// How it has words like STOP taken.
    #[serde(skip_serializing_if = "OptOutRules::is_default")]
    pub opt_out: OptOutRules,
    /// What of its messages is kept no longer than it is needed, whatever they say themselves.
    #[serde(skip_serializing_if = "Redaction::is_none")]
    pub redact: Redaction,
}

/// Which texts an account may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateRule {
    /// Any.
    #[default]
    Optional,
    /// Those that one of its approved templates could have made; one-time codes have their profiles.
    Required,
}

/// By which senders an account may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderRule {
    /// By any.
    #[default]
    Any,
    /// By those that are registered for it and approved.
    Registered,
}

/// A sender that an account owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredSender {
    /// The sender, letter by letter.
    pub name: Sender,
    /// Where it is registered; empty: everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<Country>,
    /// How far its registration is.
    #[serde(default)]
    pub state: RegistrationState,
    /// The last day (UTC) that it holds; for ever if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Where its papers are, or whatever people want to know of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// How far the registration of a sender is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// Somebody has to decide on it.
    Pending,
    /// It may be used.
    #[default]
    Approved,
    /// It may not.
    Refused,
}

/// Why a sender may not be used; what comes nearer to being used comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum SenderFault {
    /// The account does not own it.
    #[error("it is not registered for the account")]
    NotRegistered,
    /// It is owned for some countries, and nobody knows where the number is at home.
    #[error("it is registered for some countries, and the number's is not known")]
    CountryUnknown,
    /// It owns it elsewhere.
    #[error("it is not registered for {0}")]
    NotInCountry(Country),
    /// It was decided against it.
    #[error("its registration was refused")]
    Refused,
    /// Its time is over.
    #[error("its registration has expired")]
    Expired,
    /// Nobody has decided.
    #[error("its registration waits for approval")]
    Pending,
}

impl MessageRules {
    /// Whether there is no rule.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
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

    /// Lays what the account says of all its messages over what one says of itself.
    pub fn lay_over(&self, options: &mut Option<Box<MessageOptions>>) {
        if !self.redact.is_none() {
            let options = options.get_or_insert_default();
            options.redact = options.redact.and(self.redact);
        }
    }

    /// Whether a message to a number of this country may have this sender.
    ///
    /// # Errors
    /// [`SenderFault`]: of several registrations, what is wrong with the one that comes nearest.
    pub fn sender(&self, sender: &Sender, country: Option<Country>, now: Timestamp) -> Result<(), SenderFault> {
        if self.senders == SenderRule::Any {
            return Ok(());
        }
        let mut nearest = SenderFault::NotRegistered;
        for own in self.sender.iter().filter(|own| own.name == *sender) {
            match own.fault(country, now) {
                None => return Ok(()),
                Some(fault) => nearest = nearest.max(fault),
            }
        }
        Err(nearest)
    }

    /// Everything that is wrong with the rules themselves.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.opt_out.faults();
        if self.sender.len() > SENDERS_MAX {
            faults.push(format!("messaging.sender: has more than {SENDERS_MAX}"));
        }
        for (no, own) in self.sender.iter().enumerate() {
            let clash = self.sender.iter().take(no).any(|other| own.clashes_with(other));
            if clash {
                faults.push(format!("messaging.sender: \"{}\" is there twice for the same country", own.name));
            }
        }
        faults
    }
}

impl RegisteredSender {
    fn fault(&self, country: Option<Country>, now: Timestamp) -> Option<SenderFault> {
        let is_here = self.countries.is_empty() || country.is_some_and(|country| self.countries.contains(&country));
        match self.state {
            _ if !is_here => Some(country.map_or(SenderFault::CountryUnknown, SenderFault::NotInCountry)),
            RegistrationState::Pending => Some(SenderFault::Pending),
            RegistrationState::Refused => Some(SenderFault::Refused),
            RegistrationState::Approved if self.until.is_some_and(|last| last < Day::of(now)) => {
                Some(SenderFault::Expired)
            }
            RegistrationState::Approved => None,
        }
    }

    /// Whether both are for the same sender in one country.
    #[must_use]
    pub fn clashes_with(&self, other: &Self) -> bool {
        let anywhere = self.countries.is_empty() || other.countries.is_empty();
        self.name == other.name && (anywhere || self.countries.iter().any(|country| other.countries.contains(country)))
    }

    /// Whether it is approved, so that nobody else can have it.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.state == RegistrationState::Approved
    }
}

impl TemplateRule {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl SenderRule {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> MessageRules {
        MessageRules::from_json(json).unwrap()
    }

    const SENDERS: &str = r#"{"senders":"registered","sender":[
        {"name":"MyBank","countries":["GB","DE"],"until":"2027-01-15","note":"paper 17"},
        {"name":"MyBank","countries":["FR"],"state":"pending"},
        {"name":"MyBank","countries":["IT"],"state":"refused"},
        {"name":"447700900999"}]}"#;

    #[test]
    fn rules_are_stored_as_words_and_none_as_nothing() {
        for text in [
            r#"{"templates":"required"}"#,
            r#"{"senders":"registered"}"#,
            r#"{"opt_out":{"scope":"sender","stop":["x"]}}"#,
        ] {
            assert_eq!(rules(text).to_json(), text);
        }
        assert_eq!(rules(&rules(SENDERS).to_json()), rules(SENDERS));
        assert_eq!((MessageRules::default().to_json(), rules("")), (String::new(), MessageRules::default()));
        for text in
            [r#"{"templates":"sometimes"}"#, r#"{"from":"any"}"#, r#"{"sender":[{"name":"much too long a name"}]}"#]
        {
            assert!(MessageRules::from_json(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sender_is_registered_for_its_country_and_time() {
        use SenderFault::{CountryUnknown, Expired, NotInCountry, NotRegistered, Pending, Refused};
        let rules = rules(SENDERS);
        // 2027-01-15 and the day after.
        let (last, after) = (Timestamp(1_800_000_000_000_000), Timestamp(1_800_086_400_000_000));
        let us: Country = "US".parse().unwrap();
        for (sender, country, at, expected) in [
            ("MyBank", Some("GB"), last, Ok(())),
            ("MyBank", Some("DE"), last, Ok(())),
            ("MyBank", Some("GB"), after, Err(Expired)),
            ("MyBank", Some("FR"), last, Err(Pending)),
            ("MyBank", Some("IT"), last, Err(Refused)),
            ("MyBank", Some("US"), last, Err(NotInCountry(us))),
            ("MyBank", None, last, Err(CountryUnknown)),
            ("MYBANK", Some("GB"), last, Err(NotRegistered)),
            ("447700900999", Some("US"), after, Ok(())),
            ("447700900999", None, after, Ok(())),
        ] {
            let told = rules.sender(&sender.parse().unwrap(), country.map(|it| it.parse().unwrap()), at);
            assert_eq!(told, expected, "{sender} {country:?}");
        }
        assert_eq!(MessageRules::default().sender(&"Anybody".parse().unwrap(), None, last), Ok(()));
    }

    #[test]
    fn a_sender_is_owned_once_in_a_country() {
        assert_eq!(rules(SENDERS).faults(), Vec::<String>::new());
        let twice = rules(r#"{"sender":[{"name":"A","countries":["GB"]},{"name":"A"},{"name":"B"},{"name":"a"}]}"#);
        assert_eq!(twice.faults(), ["messaging.sender: \"A\" is there twice for the same country"]);
    }
}
