//! Identifiers: 63-bit numbers ordered by time inside, short prefixed texts outside.
//!
//! Layout from the top: 41 bits of milliseconds since 2024-01-01, 6 bits of node, 8 bits of sequence,
//! 8 bits of zero. The zero bits are where a message's segments put their number, so a segment's id
//! sorts beside its message's and needs no lookup to find it.
//!
//! ```
//! use sambac_domain::{IdSource, MessageId, Timestamp};
//! let ids = IdSource::new(0, 0);
//! let id = MessageId::from_raw(ids.next(Timestamp::from_secs(1_800_000_000)));
//! assert_eq!(id.to_string().len(), "msg_".len() + 13);
//! assert_eq!(id.to_string().parse(), Ok(id));
//! ```

mod client;
mod source;
mod text;

pub use client::{client_message_id, parse_client_message_id};
pub use source::IdSource;
pub use text::IdError;

use std::fmt;
use std::str::FromStr;

use crate::as_text::serde_as_text;

macro_rules! define_ids {
    ($($(#[doc = $doc:literal])+ $name:ident $prefix:literal;)+) => {$(
        $(#[doc = $doc])+
        #[doc = concat!("\n\nText and serde form: `", $prefix, "` and 13 characters, in the number's order.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// What the text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// The id of this number, as it is in the database.
            pub const fn from_raw(raw: i64) -> Self {
                Self(raw)
            }

            /// The number, as it is in the database.
            pub const fn raw(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(text::Digits::of(self.0).as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = text.strip_prefix($prefix).ok_or(IdError::Prefix { expected: $prefix })?;
                text::parse(digits).map(Self)
            }
        }

        serde_as_text!($name);
    )+};
}

define_ids! {
    /// One accepted message; its segments' ids are derived from it.
    MessageId "msg_";
    /// A request with one text for many recipients.
    BatchId "bat_";
    /// A customer account: owner of a wallet, keys, binds and messages.
    AccountId "acc_";
    /// A mobile operator or aggregator that we have a contract with.
    OperatorId "opr_";
    /// A configured link to an operator's SMSC.
    ConnectorId "con_";
    /// A routing rule.
    RouteId "rte_";
    /// A price list.
    TariffId "trf_";
    /// One line of a price sheet.
    RateId "rat_";
    /// What an operator is paid: a price book of ours.
    CostBookId "cst_";
    /// One version of a price list or of an operator's costs.
    SheetId "sht_";
    /// Networks that belong together, whatever their codes.
    OperatorGroupId "grp_";
    /// What people say of a network.
    NetworkId "net_";
    /// What people say of numbers that begin so.
    NumberPrefixId "npx_";
    /// An issuer of tokens outside.
    IssuerId "iss_";
    /// A person who uses the consoles.
    UserId "usr_";
    /// A person who is logged in.
    SessionId "ses_";
    /// A passkey of a person.
    PasskeyId "psk_";
    /// A link by which a person chooses a password.
    InvitationId "inv_";
    /// A key that signs requests of an API key.
    RequestKeyId "rqk_";
    /// A REST API key.
    ApiKeyId "key_";
    /// A key of the admin API.
    AdminKeyId "adm_";
    /// A client's SMPP account (system_id and password).
    SmppAccountId "smp_";
    /// A registered webhook address.
    WebhookId "whk_";
    /// Something that an account is told of.
    AccountEventId "aev_";
    /// An attempt to tell a webhook.
    WebhookDeliveryId "wdl_";
    /// A ledger posting.
    PostingId "pst_";
    /// An amount set aside, or taken at once, on the word of another service.
    HoldId "hld_";
    /// A payment received.
    PaymentId "pay_";
    /// The erasing of a person's number.
    ErasureId "era_";
    /// A line of a message's history.
    EventId "evt_";
    /// A notification to a client: a webhook call or a deliver_sm.
    NoticeId "ntc_";
    /// A note, durable before the write, that segments are about to be submitted.
    IntentId "int_";
    /// A receipt that matches nothing.
    OrphanId "orp_";
    /// A message from a handset.
    MoId "mo_";
    /// A rule for messages from handsets.
    MoRouteId "mor_";
    /// A one-time code that was sent, and waits to be checked.
    OtpId "otp_";
    /// One version of a text that an account has approved.
    TemplateId "tpl_";
    /// A person who wants no more messages of an account.
    OptOutId "out_";
    /// How an account's one-time codes are made and told.
    OtpProfileId "opf_";
    /// A key that signs what others verify.
    SigningKeyId "sgk_";
}

/// One segment of a message: the message's id with the segment's number in its low 8 bits.
///
/// Text and serde form: the message's id, a slash and the number, as in `msg_…/2`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(i64);

impl SegmentId {
    /// Segment `no` (1 to 255) of `message`.
    pub const fn new(message: MessageId, no: u8) -> Self {
        Self((message.0 & !0xff) | no as i64)
    }

    /// The segment of this number, as it is in the database.
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// The number, as it is in the database.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The message that this is a part of.
    pub const fn message(self) -> MessageId {
        MessageId(self.0 & !0xff)
    }

    /// Which part of the message, from 1.
    pub const fn no(self) -> u8 {
        self.0.to_le_bytes()[0]
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.message(), self.no())
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SegmentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (message, no) = text.split_once('/').ok_or(IdError::Segment)?;
        let message: MessageId = message.parse()?;
        match no.parse() {
            Ok(no @ 1..) if message.0 & 0xff == 0 && !no_is_padded(text) => Ok(Self::new(message, no)),
            _ => Err(IdError::Segment),
        }
    }
}

/// `+2` and `02` parse as a number, but each segment has one text only.
fn no_is_padded(text: &str) -> bool {
    text.rsplit('/').next().is_some_and(|no| no.starts_with(['0', '+']))
}

serde_as_text!(SegmentId);

/// Whose queue an outbox row is in: a connector's, an SMPP account's or a webhook's raw id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TargetId(pub i64);

impl TargetId {
    /// The number, as it is in the database.
    pub const fn raw(self) -> i64 {
        self.0
    }
}

/// Whose sheets: a tariff's or a cost book's raw id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub i64);

impl From<TariffId> for BookId {
    fn from(id: TariffId) -> Self {
        Self(id.0)
    }
}

impl From<CostBookId> for BookId {
    fn from(id: CostBookId) -> Self {
        Self(id.0)
    }
}

impl From<ConnectorId> for TargetId {
    fn from(id: ConnectorId) -> Self {
        Self(id.0)
    }
}

impl From<SmppAccountId> for TargetId {
    fn from(id: SmppAccountId) -> Self {
        Self(id.0)
    }
}

impl From<WebhookId> for TargetId {
    fn from(id: WebhookId) -> Self {
        Self(id.0)
    }
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_refused() {
        let prefix = IdError::Prefix { expected: "msg_" };
        for (text, error) in [
            ("", prefix),
            ("acc_0000000000001", prefix),
            ("MSG_0000000000001", prefix),
            ("msg_", IdError::Length),
            ("msg_000000000001", IdError::Length),
            ("msg_00000000000001", IdError::Length),
            ("msg_000000000000u", IdError::Character),
            ("msg_000000000000A", IdError::Character),
            ("msg_00000000000é", IdError::Character),
            ("msg_8000000000000", IdError::Range),
            ("msg_zzzzzzzzzzzzz", IdError::Range),
        ] {
            assert_eq!(text.parse::<MessageId>(), Err(error), "{text}");
        }
        assert_eq!("msg_7zzzzzzzzzzzz".parse(), Ok(MessageId::from_raw(i64::MAX)));
    }

    #[test]
    fn a_segment_is_beside_its_message() {
        let message = MessageId::from_raw(77 << 8);
        let segment = SegmentId::new(message, 2);
        assert_eq!((segment.raw(), segment.message(), segment.no()), (77 << 8 | 2, message, 2));
        assert_eq!(segment.to_string(), format!("{message}/2"));
        assert_eq!(segment.to_string().parse(), Ok(segment));
        for no in ["", "0", "00", "02", "+2", "-1", "256", "2/2"] {
            assert_eq!(format!("{message}/{no}").parse::<SegmentId>(), Err(IdError::Segment), "{no}");
        }
        assert_eq!(message.to_string().parse::<SegmentId>(), Err(IdError::Segment));
    }

    #[test]
    fn serde_is_the_text() {
        let account = AccountId::from_raw(33);
        assert_eq!(serde_json::to_string(&account).unwrap(), "\"acc_0000000000011\"");
        assert_eq!(serde_json::from_str::<AccountId>("\"acc_0000000000011\"").unwrap(), account);
        assert!(serde_json::from_str::<AccountId>("33").is_err());
        assert!(serde_json::from_str::<AccountId>("\"msg_0000000000011\"").is_err());
        assert_eq!(serde_json::to_string(&TargetId::from(ConnectorId::from_raw(9))).unwrap(), "9");
    }

    proptest! {
        #[test]
        fn texts_go_round_and_sort_like_numbers(a in 0..=i64::MAX, b in 0..=i64::MAX) {
            let (a, b) = (MessageId::from_raw(a), MessageId::from_raw(b));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn segments_go_round(message in 0..=i64::MAX >> 8, no in 1..=255_u8) {
            let segment = SegmentId::new(MessageId::from_raw(message << 8), no);
            prop_assert_eq!(segment.to_string().parse(), Ok(segment));
            prop_assert_eq!(SegmentId::from_raw(segment.raw()), segment);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,24}") {
            let text = format!("msg_{text}");
            if let Ok(id) = text.parse::<MessageId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
