//! What a client is told, by `deliver_sm` or webhook: one durable way for every kind of news.
//!
//! A notice is stored as JSON in its outbox row, with its kind. Rows of before there was more than one kind name none: they
//! tell of outcomes.

use sambac_domain::account_event::EventType;
use sambac_domain::id::{AccountEventId, AccountId, MessageId, MoId};
use sambac_domain::money::Currency;
use sambac_domain::receipt::ReceiptState;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// News for one target of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", from = "Stored")]
pub enum Notice {
    /// What became of a message that the client sent.
    Outcome(Box<Outcome>),
    /// A message from a handset. Its text is not in the outbox: whoever hands it over reads it where it is kept.
    Received(Received),
    /// An event that is kept: whoever hands it over reads it where it is.
    Event(EventRef),
}

/// An event that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRef {
    /// Whose.
    pub account_id: AccountId,
    /// Which.
    pub event_id: AccountEventId,
}

/// What there may be to tell of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// Its wallet has as little as its limits say, or less.
    #[serde(rename = "balance.low")]
    BalanceLow,
    /// It owes for longer than its limits allow: it cannot send.
    #[serde(rename = "account.suspended")]
    Suspended,
    /// It owes nothing any more: it can send again.
    #[serde(rename = "account.resumed")]
    Resumed,
}

impl AccountEvent {
    /// Its place in the list of all events.
    pub const fn kind(self) -> EventType {
        match self {
            Self::BalanceLow => EventType::BalanceLow,
            Self::Suspended => EventType::AccountSuspended,
            Self::Resumed => EventType::AccountResumed,
        }
    }

    /// As clients read it.
    pub const fn as_str(self) -> &'static str {
        self.kind().as_str()
    }
}

/// News of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountNews {
    /// Whose.
    pub account_id: AccountId,
    /// What has happened.
    pub event: AccountEvent,
    /// When.
    pub at: Timestamp,
    /// What was in its wallet then, in micros.
    pub available_micros: i64,
    /// Of both amounts.
    pub currency: Currency,
    /// From which amount on its wallet counts as low, in micros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_balance_micros: Option<i64>,
}

/// A message from a handset, to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The message.
    pub mo_id: MoId,
}

/// The news of one message's final state, so told that delivering needs no other read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The message.
    pub message_id: MessageId,
    /// The id that its client knows it by, when that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_id: Option<MessageId>,
    /// Whose it is.
    pub account_id: AccountId,
    /// Sender as submitted.
    pub sender: String,
    /// Destination in E.164 digits, without plus.
    pub destination: String,
    /// The state reached.
    pub state: MessageState,
    /// Code of the error catalogue or the operator's own, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Segments charged.
    pub segments: u8,
    /// The client's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When the state was reached.
    pub final_at: Timestamp,
    /// When it was reached by the operator's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// Segments delivered.
    #[serde(default)]
    pub delivered: u8,
    /// The operator's own code of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_error: Option<String>,
    /// Set when this is news of a message on its way: what the operator says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediate: Option<ReceiptState>,
    /// The beginning of the message, sealed under its id, for clients that want it in their receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_sealed: Option<String>,
    /// The event that tells it, for clients of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<AccountEventId>,
    /// Whether it was told before, and is told again on request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

impl Outcome {
    /// The id that its client knows the message by.
    pub fn client_id(&self) -> MessageId {
        self.answered_id.unwrap_or(self.message_id)
    }
}

/// What may be in an outbox row.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Told(Told),
    /// Without a kind, as rows were before there was more than one.
    Outcome(Box<Outcome>),
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Told {
    Outcome(Box<Outcome>),
    Received(Received),
    Event(EventRef),
}

impl From<Stored> for Notice {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Told(Told::Outcome(outcome)) | Stored::Outcome(outcome) => Self::Outcome(outcome),
            Stored::Told(Told::Received(received)) => Self::Received(received),
            Stored::Told(Told::Event(event)) => Self::Event(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"message_id":"msg_0000000000080","account_id":"acc_0000000000001","sender":"BANK",
        "destination":"999000000001","state":"delivered","segments":1,"accepted_at":1,"final_at":2}"#;

    #[test]
    fn rows_without_a_kind_are_outcomes_and_new_rows_name_theirs() {
        let old: Notice = serde_json::from_str(OLD).unwrap();
        let Notice::Outcome(outcome) = &old else { panic!("{old:?}") };
        assert_eq!((outcome.sender.as_str(), outcome.state), ("BANK", MessageState::Delivered));
        let new = serde_json::to_string(&old).unwrap();
        assert!(new.starts_with(r#"{"kind":"outcome","message_id":"#), "{new}");
        assert_eq!(serde_json::from_str::<Notice>(&new).unwrap(), old);
    }

    #[test]
    fn a_message_from_a_handset_is_named_only() {
        let notice = Notice::Received(Received { mo_id: MoId::from_raw(1 << 8) });
        let text = serde_json::to_string(&notice).unwrap();
        assert_eq!(text, r#"{"kind":"received","mo_id":"mo_0000000000080"}"#);
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
    }

    #[test]
    fn an_event_that_is_kept_is_named_only() {
        let notice = Notice::Event(EventRef {
            account_id: AccountId::from_raw(1 << 8),
            event_id: AccountEventId::from_raw(2 << 8),
        });
        let text = serde_json::to_string(&notice).unwrap();
        assert_eq!(text, r#"{"kind":"event","account_id":"acc_0000000000080","event_id":"aev_00000000000g0"}"#);
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice);
    }

    #[test]
    fn what_is_no_notice_is_refused() {
        for text in ["", "{}", r#"{"kind":"other"}"#, r#"{"kind":"outcome"}"#] {
            assert!(serde_json::from_str::<Notice>(text).is_err(), "{text}");
        }
    }
}
