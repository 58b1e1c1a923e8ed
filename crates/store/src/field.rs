//! How each domain type is stored in one column.

use std::borrow::Cow;
use std::fmt;

use sambac_domain::ledger::{BalanceKind, HoldState, PostingKind, Verb};
use sambac_domain::mo::{MoMatch, MoStrategy, MoTarget};
use sambac_domain::payment::{PaymentState, TransferState};
use sambac_domain::{
    AccountEventId, AccountId, AdminKeyId, ApiKeyId, BatchId, BookId, ChargePolicy, ConnectorId, CostBookId, Country,
    Currency, Day, ErasureId, ErrorCode, EventId, HoldId, IntentId, InvitationId, IssuerId, Lane, MccMnc, MessageId,
    MessageState, MoId, MoRouteId, Msisdn, NetworkId, NoticeId, NumberPrefixId, OperatorGroupId, OperatorId, OptOutId,
    OtpId, OtpProfileId, OtpState, PasskeyId, PaymentId, PostingId, RateId, RateScope, ReceiptState, RequestKeyId,
    RouteId, RouteMatch, SegmentId, Sender, SenderForm, SessionId, SheetId, SigningKeyId, SmppAccountId, Strategy,
    TargetId, TariffId, TemplateId, Timestamp, TrafficClass, UserId, WebhookDeliveryId, WebhookId,
};

use crate::StoreError;
use crate::value::{Columns, Field, Value};

/// A secret as it is stored (ciphertext or hash). Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sealed<T>(pub T);

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

impl<T: Field> Field for Sealed<T> {
    const NULL: Value<'static> = T::NULL;

    fn value(&self) -> Value<'_> {
        self.0.value()
    }

    fn take(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        T::take(columns).map(Self)
    }
}

/// BIGINT: `$to` makes the number of a value, `$from` reads it back or refuses it.
macro_rules! big_int_fields {
    ($($name:ty: $to:expr, $from:expr;)+) => {$(
        impl $crate::value::Field for $name {
            const NULL: $crate::value::Value<'static> = $crate::value::Value::BigInt(None);

            fn value(&self) -> $crate::value::Value<'_> {
                let to: fn(&$name) -> i64 = $to;
                $crate::value::Value::BigInt(Some(to(self)))
            }

            fn take(columns: &mut $crate::value::Columns<'_>) -> Result<Self, $crate::StoreError> {
                let from: fn(i64) -> Option<$name> = $from;
                columns.parsed(from)
            }
        }
    )+};
}

/// SMALLINT, likewise.
macro_rules! small_int_fields {
    ($($name:ty: $to:expr, $from:expr;)+) => {$(
        impl $crate::value::Field for $name {
            const NULL: $crate::value::Value<'static> = $crate::value::Value::SmallInt(None);

            fn value(&self) -> $crate::value::Value<'_> {
                let to: fn(&$name) -> i16 = $to;
                $crate::value::Value::SmallInt(Some(to(self)))
            }

            fn take(columns: &mut $crate::value::Columns<'_>) -> Result<Self, $crate::StoreError> {
                let from: fn(i16) -> Option<$name> = $from;
                columns.parsed(from)
            }
        }
    )+};
}

/// TEXT, likewise.
macro_rules! text_fields {
    ($($name:ty: $to:expr, $from:expr;)+) => {$(
        impl $crate::value::Field for $name {
            const NULL: $crate::value::Value<'static> = $crate::value::Value::Text(None);

            fn value(&self) -> $crate::value::Value<'_> {
                let to: fn(&$name) -> std::borrow::Cow<'_, str> = $to;
                $crate::value::Value::Text(Some(to(self)))
            }

            fn take(columns: &mut $crate::value::Columns<'_>) -> Result<Self, $crate::StoreError> {
                let from: fn(String) -> Option<$name> = $from;
                columns.parsed(from)
            }
        }
    )+};
}
pub(crate) use {small_int_fields, text_fields};

/// Ids are stored as their numbers.
macro_rules! id_fields {
    ($($name:ty),+) => { big_int_fields! { $($name: |id| id.raw(), |raw| Some(<$name>::from_raw(raw));)+ } };
}

id_fields!(
    AccountEventId,
    AccountId,
    AdminKeyId,
    ApiKeyId,
    BatchId,
    ConnectorId,
    ErasureId,
    EventId,
    IntentId,
    InvitationId,
    PasskeyId,
    IssuerId,
    MessageId,
    MoId,
    MoRouteId,
    NetworkId,
    NoticeId,
    NumberPrefixId,
    OperatorId,
    OtpId,
    OtpProfileId,
    PaymentId,
    CostBookId,
    OperatorGroupId,
    HoldId,
    PostingId,
    RateId,
    RequestKeyId,
    RouteId,
    SegmentId,
    SessionId,
    SheetId,
    SigningKeyId,
    SmppAccountId,
    TariffId,
    TemplateId,
    OptOutId,
    WebhookDeliveryId,
    UserId,
    WebhookId
);

big_int_fields! {
    BookId: |book| book.0, |raw| Some(BookId(raw));
    TargetId: |target| target.0, |raw| Some(TargetId(raw));
    Timestamp: |at| at.0, |micros| Some(Timestamp(micros));
    u16: |number| i64::from(*number), |number| u16::try_from(number).ok();
    u32: |number| i64::from(*number), |number| u32::try_from(number).ok();
    i32: |number| i64::from(*number), |number| i32::try_from(number).ok();
    Msisdn: |number| i64::try_from(number.as_u64()).unwrap_or(i64::MAX), |number| Msisdn::from_u64(u64::try_from(number).ok()?);
}

small_int_fields! {
    i16: |number| *number, Some;
    u8: |number| i16::from(*number), |number| u8::try_from(number).ok();
    Lane: |lane| i16::from(lane.0), |code| u8::try_from(code).ok().map(Lane);
    TrafficClass: |class| class.code(), TrafficClass::from_code;
    ChargePolicy: |policy| policy.code(), ChargePolicy::from_code;
    SenderForm: |form| form.code(), SenderForm::from_code;
    HoldState: |state| state.code(), HoldState::from_code;
    OtpState: |state| state.code(), OtpState::from_code;
    MessageState: |state| state.code(), MessageState::from_code;
    ReceiptState: |state| i16::from(state.message_state()), |code| ReceiptState::from_message_state(u8::try_from(code).ok()?);
}

text_fields! {
    BalanceKind: |kind| Cow::Borrowed(kind.as_str()), |word| BalanceKind::from_word(&word);
    PostingKind: |kind| Cow::Borrowed(kind.as_str()), |word| PostingKind::from_word(&word);
    Verb: |verb| Cow::Borrowed(verb.as_str()), |word| Verb::from_word(&word);
    PaymentState: |state| Cow::Borrowed(state.as_str()), |word| PaymentState::from_word(&word);
    TransferState: |state| Cow::Borrowed(state.as_str()), |word| TransferState::from_word(&word);
    Day: |day| Cow::Owned(day.to_string()), |text| text.parse().ok();
    Currency: |currency| Cow::Borrowed(currency.as_str()), |text| text.parse().ok();
    MccMnc: |network| Cow::Owned(network.to_string()), |text| text.parse().ok();
    Country: |country| Cow::Owned(country.to_string()), |text| text.parse().ok();
    RateScope: |scope| Cow::Owned(scope.to_string()), |text| text.parse().ok();
    Sender: |sender| Cow::Borrowed(sender.as_str()), |text| text.parse().ok();
    ErrorCode: |error| Cow::Borrowed(error.code()), |text| text.parse().ok();
    RouteMatch: json_of, json_from;
    Strategy: json_word, json_from_word;
    Vec<AccountId>: json_of, json_from;
    Vec<ConnectorId>: json_of, json_from;
    MoMatch: json_of, json_from;
    MoStrategy: json_word, json_from_word;
    Vec<MoTarget>: json_of, json_from;
    Vec<String>: json_of, json_from;
    Vec<SegmentId>: |segments| segments_of(segments), segments_from;
}

fn json_of<T: serde::Serialize>(value: &T) -> Cow<'static, str> {
    // These types have text keys only and cannot fail; an empty text would be refused on reading.
    Cow::Owned(serde_json::to_string(value).unwrap_or_default())
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of every reader of a text column")]
fn json_from<T: serde::de::DeserializeOwned>(text: String) -> Option<T> {
    serde_json::from_str(&text).ok()
}

/// A unit variant's serde name without the quotes of JSON.
fn json_word<T: serde::Serialize>(value: &T) -> Cow<'static, str> {
    Cow::Owned(json_of(value).trim_matches('"').to_owned())
}

fn json_from_word<T: serde::de::DeserializeOwned>(text: String) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text)).ok()
}

/// Segment ids are kept as numbers: this list is written for every burst of submits.
fn segments_of(segments: &[SegmentId]) -> Cow<'static, str> {
    json_of(&segments.iter().map(|id| id.raw()).collect::<Vec<_>>())
}

fn segments_from(text: String) -> Option<Vec<SegmentId>> {
    json_from::<Vec<i64>>(text).map(|ids| ids.into_iter().map(SegmentId::from_raw).collect())
}
