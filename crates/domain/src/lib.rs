//! Pure types and decisions: money, ids, numbers, text, receipts, routing, rating, states, errors.

pub mod account_event;
mod as_text;
pub mod class;
pub mod content;
pub mod day;
pub mod error;
pub mod fraud;
pub mod id;
pub mod in_words;
pub mod ledger;
pub mod local_time;
pub mod message;
pub mod message_rules;
pub mod mo;
pub mod money;
pub mod number;
pub mod opt_out;
pub mod options;
pub mod otp;
pub mod payment;
pub mod planted;
mod prefix;
pub mod profile;
pub mod rating;
pub mod receipt;
pub mod receipt_key;
pub mod redaction;
pub mod routing;
pub mod sandbox;
pub mod spending;
pub mod state;
pub mod stored;
pub mod template;
pub mod text;
pub mod throughput;
pub mod time;
pub mod unique_map;

pub use class::{Lane, TrafficClass};
pub use day::{Day, DayError};
pub use error::ErrorCode;
pub use id::{
    AccountEventId, AccountId, AdminKeyId, ApiKeyId, BatchId, BookId, ConnectorId, CostBookId, ErasureId, EventId,
    HoldId, IdError, IdSource, IntentId, InvitationId, IssuerId, MessageId, MoId, MoRouteId, NetworkId, NoticeId,
    NumberPrefixId, OperatorGroupId, OperatorId, OptOutId, OrphanId, OtpId, OtpProfileId, PasskeyId, PaymentId,
    PostingId, RateId, RequestKeyId, RouteId, SegmentId, SessionId, SheetId, SigningKeyId, SmppAccountId, TargetId,
    TariffId, TemplateId, UserId, WebhookDeliveryId, WebhookId,
};
pub use message::{MalformedBody, Message, MessageBody, Origin};
pub use money::{Currency, Micros, Money, MoneyError, parse_micros};
pub use number::{Country, MccMnc, Msisdn, Sender, SenderForm};
pub use options::MessageOptions;
pub use otp::{OtpSettings, OtpState};
pub use rating::{ChargePolicy, Cost, PriceBook, Priced, Rate, RateQuery, RateScope, Sheet};
pub use receipt::ReceiptState;
pub use receipt_key::receipt_key;
pub use routing::{Route, RouteMatch, RouteQuery, RoutingTable, Strategy};
pub use state::MessageState;
pub use throughput::Throughput;
pub use time::Timestamp;
