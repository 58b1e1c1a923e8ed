//! How values are shown outside: moments as RFC 3339 text, amounts as decimal text, never as floating-point numbers.

use std::borrow::Cow;

use sambac_domain::account_event::EventType;
use sambac_domain::error::ErrorCode;
use sambac_domain::number::shown_address;
use sambac_domain::payment::{PaymentState, TransferState};
use sambac_domain::{Currency, MessageState, Micros, Money, Timestamp, TrafficClass};
use sambac_store::rows::WebhookState;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A moment: `2026-11-23T10:00:00.123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) Timestamp);

/// An amount of money as its exact decimal value: `0.0125`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) i64);

/// A price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Price {
    /// Decimal text with two to six decimals.
    amount: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

impl Price {
    pub(crate) fn new(micros: i64, currency: Currency) -> Self {
        Self { amount: Amount(micros), currency }
    }
}

impl From<Money> for Price {
    fn from(money: Money) -> Self {
        Self::new(money.micros, money.currency)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let wrong = |_| D::Error::custom("must be a moment like 2026-11-23T10:00:00Z");
        let moment: jiff::Timestamp = text.parse().map_err(wrong)?;
        Ok(Self(Timestamp(moment.as_microsecond())))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Micros(self.0))
    }
}

/// An address as an operator wrote it, the last four digits of a number masked. Short codes and names are shown.
pub(crate) fn masked_address(address: &str) -> String {
    let mut shown = shown_address(address.trim_start_matches('+'));
    if shown.starts_with('+') {
        shown.truncate(shown.len().saturating_sub(4));
        shown.push_str("****");
    }
    shown
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        text("date-time", "2026-11-23T10:00:00.123Z").into()
    }
}

impl ToSchema for Moment {}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        text("decimal", "0.0125").into()
    }
}

impl ToSchema for Amount {}

fn text(format: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(utoipa::openapi::SchemaFormat::Custom(format.to_owned())))
        .examples([serde_json::Value::from(example)])
}

/// Declares how a value that is shown as one word of a list is described; the values themselves are the domain's.
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident $schema:literal like $example:literal $words:expr;)+) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words: Vec<&'static str> = $words;
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).examples([$example]).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($schema)
            }
        }
    )+};
}

words! {
    /// A message's or segment's state.
    State "MessageState" like "delivered" MessageState::ALL.map(MessageState::as_str).to_vec();
    /// A state that a message's own row is ever in; those between are its segments'.
    ListedState "ListedState" like "delivered" listed_states().map(MessageState::as_str).collect();
    /// A traffic class.
    Class "TrafficClass" like "otp" TrafficClass::ALL.map(TrafficClass::as_str).to_vec();
    /// An encoding of text.
    TextEncoding "TextEncoding" like "gsm7" vec!["gsm7", "latin1", "ucs2", "binary"];
    /// A code of the error catalogue.
    Code "ErrorCode" like "insufficient_funds" ErrorCode::ALL.iter().map(|code| code.code()).collect();
    /// A state in which a segment can end.
    FinalState "FinalState" like "delivered" final_states().map(MessageState::as_str).collect();
    /// How far a message from a handset is.
    InboundState "InboundState" like "taken" vec!["waiting", "taken", "undeliverable"];
    /// How far a payment is.
    Payment "PaymentState" like "succeeded" PaymentState::ALL.iter().map(|state| state.as_str()).collect();
    /// How far a bank transfer is.
    Transfer "TransferState" like "booked" TransferState::ALL.iter().map(|state| state.as_str()).collect();
    /// How far a one-time code is.
    Otp "OtpState" like "pending" sambac_domain::OtpState::ALL.map(sambac_domain::OtpState::as_str).to_vec();
    /// Of which characters a one-time code is made.
    OtpAlphabet "OtpAlphabet" like "digits" sambac_domain::otp::Alphabet::ALL.map(sambac_domain::otp::Alphabet::as_str).to_vec();
    /// How a one-time code goes to its person.
    OtpChannel "OtpChannel" like "sms" sambac_domain::otp::Channel::ALL.map(sambac_domain::otp::Channel::as_str).to_vec();
    /// What the test provider plays.
    Play "Play" like "success" sambac_engine::payment::Play::ALL.map(sambac_engine::payment::Play::as_str).to_vec();
    /// How far a version of a template is.
    TemplateState "TemplateState" like "approved" vec!["pending", "approved", "refused", "retired"];
    /// Whether a person gets messages.
    OptOutState "OptOutState" like "opted_out" vec!["opted_out", "opted_in"];
    /// Who said so: the person, by a word; the account, by a call or by a file.
    OptOutSource "OptOutSource" like "keyword" vec!["keyword", "api", "import"];
    /// What is kept no longer than it is needed: the text, until operators have it; the number, until the message has ended.
    RedactedPart "RedactedPart" like "text" vec!["text", "to"];
    /// How far a batch is.
    Batch "BatchState" like "ended" vec!["running", "ended"];
    /// What became of a price.
    Charge "Charge" like "captured" vec!["held", "captured", "voided"];
    /// What an account can be told of.
    EventWord "EventType" like "message.delivered" EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    /// How a webhook is signed.
    SignatureScheme "SignatureScheme" like "v1" sambac_engine::Scheme::ALL.map(sambac_engine::Scheme::as_str).to_vec();
    /// Whether a webhook is called.
    Calling "WebhookState" like "enabled" vec![WebhookState::Enabled.as_str(), WebhookState::Disabled.as_str()];
}

/// The states in which a message can end.
pub(crate) fn final_states() -> impl Iterator<Item = MessageState> {
    MessageState::ALL.into_iter().filter(|state| state.is_final())
}

/// Scheduled, routed, as a message is from the moment it is taken or due, and the final states.
pub(crate) fn listed_states() -> impl Iterator<Item = MessageState> {
    let listed =
        |state: &MessageState| state.is_final() || matches!(state, MessageState::Scheduled | MessageState::Routed);
    MessageState::ALL.into_iter().filter(listed)
}
