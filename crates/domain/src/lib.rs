//! Pure types and decisions: money, ids, numbers, text, receipts, routing, rating, states, errors.

mod as_text;
pub mod class;
pub mod error;
pub mod id;
pub mod money;
pub mod number;
pub mod receipt;
pub mod receipt_key;
pub mod state;
pub mod text;
pub mod time;

pub use class::{Lane, TrafficClass};
pub use error::ErrorCode;
pub use id::{
    AccountId, ApiKeyId, ConnectorId, EventId, IdError, IdSource, IntentId, MessageId, NoticeId, OperatorId,
    PaymentId, PostingId, RateId, RouteId, SegmentId, SmppAccountId, TargetId, TariffId, WebhookId,
};
pub use money::{Currency, Micros, Money, MoneyError, parse_micros};
pub use receipt_key::receipt_key;
pub use state::MessageState;
pub use time::Timestamp;
