//! What an account can be told of, by webhook or stream: the one list of event types, and sets of them.
//!
//! ```
//! use sambac_domain::account_event::{EventType, EventTypes};
//! let wanted = EventTypes::of([EventType::MessageDelivered]);
//! assert!(wanted.has(EventType::MessageDelivered) && !wanted.has(EventType::BalanceLow));
//! assert_eq!(EventType::parse("balance.low"), Some(EventType::BalanceLow));
//! ```

use crate::state::MessageState;

macro_rules! event_types {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal,)+) => {
        /// What has happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType { $($(#[doc = $doc])+ $name,)+ }

        impl EventType {
            /// Every type there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As clients read it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What it tells of, as a sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

event_types! {
    /// A message has reached its handset.
    MessageDelivered "message.delivered",
    /// The operator has taken a message, and was not asked to tell more.
    MessageDeliveredToOperator "message.delivered_to_operator",
    /// The operator gave a message up.
    MessageUndelivered "message.undelivered",
    /// A message's validity ended before it was delivered.
    MessageExpired "message.expired",
    /// The operator refused a message.
    MessageRejected "message.rejected",
    /// A message could not be sent.
    MessageFailed "message.failed",
    /// A message was withdrawn.
    MessageCanceled "message.canceled",
    /// A message from a handset was taken by a route.
    MessageReceived "message.received",
    /// A person wants no more messages, or is to get none: what is not a one-time code is refused from now on.
    RecipientOptedOut "recipient.opted_out",
    /// A person who wanted no more messages gets them again.
    RecipientOptedIn "recipient.opted_in",
    /// The wallet has as little as the account's limits say, or less.
    BalanceLow "balance.low",
    /// The account owes for longer than its limits allow: it cannot send.
    AccountSuspended "account.suspended",
    /// The account can send again.
    AccountResumed "account.resumed",
    /// A webhook is called no more: its receiver said that it is gone, or took nothing for five days.
    WebhookDisabled "webhook.disabled",
    /// A test that was asked for; sent whatever the webhook wants, and never by itself.
    WebhookTest "webhook.test",
}

impl EventType {
    /// The type that `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// What is told when a message has come to this state; `None` when it has not ended.
    pub const fn of_state(state: MessageState) -> Option<Self> {
        Some(match state {
            MessageState::Delivered => Self::MessageDelivered,
            MessageState::DeliveredToOperator => Self::MessageDeliveredToOperator,
            MessageState::Undelivered => Self::MessageUndelivered,
            MessageState::Expired => Self::MessageExpired,
            MessageState::Rejected => Self::MessageRejected,
            MessageState::Failed => Self::MessageFailed,
            MessageState::Canceled => Self::MessageCanceled,
            _ => return None,
        })
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Some of the types there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventTypes(u32);

impl EventTypes {
    /// All of them, also those that a later program adds.
    pub const EVERY: Self = Self(u32::MAX);

    /// These.
    pub fn of(types: impl IntoIterator<Item = EventType>) -> Self {
        Self(types.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }

    /// Those that a list of words names; an empty list means all. A word that this program does not know names none, so a list of
    /// nothing else means nothing.
    pub fn named<S: AsRef<str>>(words: &[S]) -> Self {
        if words.is_empty() {
            return Self::EVERY;
        }
        Self::of(words.iter().filter_map(|word| EventType::parse(word.as_ref())))
    }

    /// Whether this type is among them.
    pub const fn has(self, kind: EventType) -> bool {
        self.0 & kind.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word is read back as what it was written of, and the bits suffice.
    #[test]
    fn words_and_bits_are_of_one_type_each() {
        assert!(EventType::ALL.len() <= 32);
        for &kind in EventType::ALL {
            assert_eq!(EventType::parse(kind.as_str()), Some(kind));
            let only = EventTypes::of([kind]);
            let among: Vec<_> = EventType::ALL.iter().filter(|other| only.has(**other)).collect();
            assert_eq!(among, [&kind]);
        }
        assert_eq!(EventType::parse("message.lost"), None);
    }

    /// A list that cannot be read wants nothing, an empty one everything.
    #[test]
    fn a_list_of_unknown_words_wants_nothing() {
        assert!(EventTypes::named::<&str>(&[]).has(EventType::WebhookDisabled));
        let none = EventTypes::named(&["message.lost"]);
        assert!(EventType::ALL.iter().all(|kind| !none.has(*kind)));
    }

    /// A client is told of every end that a message can have, under the state's own name.
    #[test]
    fn every_final_state_has_its_type() {
        for state in MessageState::ALL {
            let told = EventType::of_state(state).map(EventType::as_str);
            let expected = state.is_final().then(|| format!("message.{}", state.as_str()));
            assert_eq!(told, expected.as_deref());
        }
    }
}
