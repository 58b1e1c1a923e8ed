//! The rows of every table as plain structs, ids and enums typed. A struct's fields are the table's columns.
//!
//! ```
//! use sambac_domain::{OperatorId, Timestamp};
//! use sambac_store::rows::OperatorRow;
//! let operator = OperatorRow { id: OperatorId::from_raw(256), name: "Example Mobile".into(), created_at: Timestamp(0) };
//! assert_eq!(operator.clone(), operator);
//! ```

mod account;
mod account_event;
mod admin;
mod archive;
mod audit;
mod batch;
mod breakage;
mod catalogue;
mod connector;
mod delivery;
mod erasure;
mod event_cursor;
mod issuer;
mod ledger;
mod message;
mod mo;
mod opt_out;
mod otp;
mod outbox;
mod payment;
mod price;
mod reconcile;
mod request_key;
mod route;
mod signing;
mod spending;
mod template;
mod user;
mod webhook_log;
mod words;

pub use account::{AccountRow, ApiKeyRow, ApiKeyUseRow, SmppAccountRow, WebhookRow};
pub use account_event::AccountEventRow;
pub use admin::{AdminKeyRow, AlertRow, ConfigVersionRow};
pub use archive::{CdrArchiveRow, CdrArchiveState};
pub use audit::AuditRow;
pub use batch::{BatchRecipientRow, BatchRow};
pub use breakage::BreakageRow;
pub use catalogue::{NetworkRow, NumberPrefixRow, OperatorGroupRow};
pub use connector::{AskedState, BindKind, ConnectorOrderRow, ConnectorRow, OperatorRow};
pub use delivery::{CdrRow, EventRow, IntentRow, OrphanRow, SegmentRow};
pub use erasure::ErasureRow;
pub use event_cursor::EventCursorRow;
pub use issuer::IssuerRow;
pub use ledger::{
    BalanceRow, BlockRow, ChargeRow, ChargeState, HoldRow, LeaseRow, LedgerCommandRow, PaymentRow, PostingRow, ShardRow,
};
pub use message::{MessageRow, MessageTagRow, NewMessage};
pub use mo::{MoDeliveryRow, MoDeliveryState, MoRouteRow, MoRow, MoSegmentRow, MoState};
pub use opt_out::{OptOutRow, OptOutSource, OptOutState};
pub use otp::{OtpProfileRow, OtpRow, OtpSendRow, OtpStopRow, OtpUseRow};
pub use outbox::{IdempotencyRow, OutboxKey, OutboxKind, OutboxRow};
pub use payment::{BankTransferRow, PaymentEventRow, PaymentIntentRow};
pub use price::{CostBookRow, RateRow, SheetRow, TariffRow};
pub use reconcile::{BreakRow, BreakSource, BreakState, ComparedMessage, ComparedSegment, StatementLine, StatementRow};
pub use request_key::{RequestKeyRow, RequestNonceRow};
pub use route::RouteRow;
pub use signing::SigningKeyRow;
pub use spending::{DebtRow, LowWalletRow, SpendingRow};
pub use template::{TemplateRow, TemplateState};
pub use user::{InvitationRow, PasskeyRow, SessionRow, UserRow};
pub use webhook_log::{DeadLetterKey, DeadLetterRow, WebhookDeliveryRow};
pub use words::{AccessState, WebhookState};

pub use sambac_domain::ledger::{BalanceKind, PostingKind};

use crate::StoreError;
use crate::value::{Columns, Field, Value};

/// A row that can be written: its table, its columns and their values in that order. `id` comes first.
pub(crate) trait Record {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>);
}

/// A row that can be read, from left to right. `SOURCE` names it when a value is unreadable.
pub(crate) trait Row: Sized {
    const SOURCE: &'static str;
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError>;
}

/// Declares a row struct and how it is read and written, from one list of columns.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident in $table:literal { $($(#[$doc:meta])* $column:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$doc])* pub $column: $type,)+ }

        impl $crate::rows::Record for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            fn values<'a>(&'a self, values: &mut Vec<$crate::value::Value<'a>>) {
                values.extend([$($crate::value::Field::value(&self.$column)),+]);
            }
        }

        impl $crate::rows::Row for $name {
            const SOURCE: &'static str = $table;

            fn read(columns: &mut $crate::value::Columns<'_>) -> Result<Self, $crate::StoreError> {
                Ok(Self { $($column: columns.take()?,)+ })
            }
        }
    };
}
pub(crate) use row;

/// The result of a query that is no table's row.
macro_rules! tuple_rows {
    ($(($($column:ident),+))+) => {$(
        impl<$($column: Field),+> Row for ($($column,)+) {
            const SOURCE: &'static str = "query";

            fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
                Ok(($(columns.take::<$column>()?,)+))
            }
        }
    )+};
}

tuple_rows! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F, G) }
