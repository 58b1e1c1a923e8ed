//! A message as it was accepted. It never changes and is shared as `Arc<Message>`; what becomes of it is
//! in its segments.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::class::{Lane, TrafficClass};
use crate::id::{AccountId, ApiKeyId, MessageId, RateId, RouteId, SegmentId, SmppAccountId};
use crate::money::Currency;
use crate::number::{MccMnc, Msisdn, Sender};
use crate::options::MessageOptions;
use crate::rating::{ChargePolicy, Cost};
use crate::redaction::Redaction;
use crate::text::Encoding;
use crate::time::Timestamp;

/// Which door a message came in by, and so where its outcome is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// The REST API.
    Rest {
        /// The key that was used.
        api_key: ApiKeyId,
    },
    /// A client's SMPP bind.
    Smpp {
        /// Who was bound.
        smpp_account: SmppAccountId,
    },
}

impl Origin {
    /// The number of the kind, as it is in the database: 0 REST, 1 SMPP.
    pub const fn code(self) -> i16 {
        match self {
            Self::Rest { .. } => 0,
            Self::Smpp { .. } => 1,
        }
    }

    /// The id behind it, as it is in the database.
    pub const fn raw(self) -> i64 {
        match self {
            Self::Rest { api_key } => api_key.raw(),
            Self::Smpp { smpp_account } => smpp_account.raw(),
        }
    }

    /// The origin of the two database numbers; `None` for an unknown kind.
    pub const fn from_parts(code: i16, raw: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Rest { api_key: ApiKeyId::from_raw(raw) }),
            1 => Some(Self::Smpp { smpp_account: SmppAccountId::from_raw(raw) }),
            _ => None,
        }
    }
}

/// What the handset shall show. `Debug` tells sizes only: an OTP has no business in a log.
#[derive(Clone, PartialEq, Eq)]
pub enum MessageBody {
    /// Characters, and the encoding chosen for them.
    Text {
        /// What was written.
        text: String,
        /// How it goes out.
        encoding: Encoding,
    },
    /// Octets of an ESME, passed on as they came.
    Octets {
        /// The short_message or message_payload.
        data: Vec<u8>,
        /// As the ESME set it.
        data_coding: u8,
        /// Whether the octets begin with a user data header.
        udhi: bool,
    },
}

/// A stored body that is cut, of another version, or not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored message body cannot be read")]
pub struct MalformedBody;

/// Nothing: a message whose text was not read yet, or is wiped.
impl Default for MessageBody {
    fn default() -> Self {
        Self::Octets { data: Vec::new(), data_coding: 0, udhi: false }
    }
}

const TEXT: u8 = 1;
const OCTETS: u8 = 2;
const OCTETS_UDHI: u8 = 3;

impl MessageBody {
    /// How it goes out; octets whose data_coding names no encoding count as binary.
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Text { encoding, .. } => *encoding,
            Self::Octets { data_coding, .. } => {
                Encoding::from_data_coding(*data_coding).map_or(Encoding::Binary, |(encoding, _)| encoding)
            }
        }
    }

    /// The compact form that is sealed and stored: a kind, a data_coding, and the text or octets.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (head, rest) = match self {
            Self::Text { text, encoding } => ([TEXT, encoding.data_coding()], text.as_bytes()),
            Self::Octets { data, data_coding, udhi: false } => ([OCTETS, *data_coding], data.as_slice()),
            Self::Octets { data, data_coding, udhi: true } => ([OCTETS_UDHI, *data_coding], data.as_slice()),
        };
        [&head, rest].concat()
    }

    /// Reads [`to_bytes`](Self::to_bytes) back.
    ///
    /// # Errors
    /// [`MalformedBody`] for anything that it did not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedBody> {
        let [kind, data_coding, rest @ ..] = bytes else { return Err(MalformedBody) };
        let (data_coding, rest) = (*data_coding, rest.to_vec());
        match *kind {
            TEXT => Ok(Self::Text {
                text: String::from_utf8(rest).map_err(|_| MalformedBody)?,
                encoding: encoding_of(data_coding).ok_or(MalformedBody)?,
            }),
            OCTETS | OCTETS_UDHI => Ok(Self::Octets { data: rest, data_coding, udhi: *kind == OCTETS_UDHI }),
            _ => Err(MalformedBody),
        }
    }
}

/// Only the four that [`Encoding::data_coding`] writes.
fn encoding_of(data_coding: u8) -> Option<Encoding> {
    [Encoding::Gsm7, Encoding::Latin1, Encoding::Ucs2, Encoding::Binary]
        .into_iter()
        .find(|encoding| encoding.data_coding() == data_coding)
}

impl fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, encoding } => {
                write!(f, "Text({} characters, {encoding})", text.chars().count())
            }
            Self::Octets { data, data_coding, .. } => {
                write!(f, "Octets({} octets, data_coding {data_coding})", data.len())
            }
        }
    }
}

/// One accepted message. What it says is not written with the rest: it travels sealed, beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Ours.
    pub id: MessageId,
    /// Who pays.
    pub account_id: AccountId,
    /// Where it came from.
    pub origin: Origin,
    /// What the handset shows as the sender.
    pub sender: Sender,
    /// Where it goes.
    pub destination: Msisdn,
    /// Which lane and rules it has.
    pub class: TrafficClass,
    /// What it says.
    #[serde(skip)]
    pub body: MessageBody,
    /// How many segments are submitted.
    pub segment_count: u8,
    /// The destination's network as far as it was known.
    pub mcc_mnc: Option<MccMnc>,
    /// The route that was chosen.
    pub route_id: RouteId,
    /// The rate that gave the price.
    pub rate_id: RateId,
    /// Price of one segment, in micros.
    pub price_micros: i64,
    /// Of the price.
    pub currency: Currency,
    /// When the client was promised it.
    pub accepted_at: Timestamp,
    /// After this nothing is sent any more.
    pub expires_at: Timestamp,
    /// The client's own reference, given back in notifications.
    pub client_ref: Option<String>,
    /// Whether the client is told the outcome.
    pub receipt_wanted: bool,
    /// The id that its client was given for it, when that is another message's: all messages of one `submit_multi` are known
    /// by the first one's.
    pub answered_id: Option<MessageId>,
    /// Which outcomes it asked for, as SMPP's registered_delivery (3.4 §5.2.17): 1 all final ones, 2 failures, 3 successes, and
    /// 0x10 intermediate ones beside.
    pub registered_delivery: u8,
    /// What few messages have.
    pub options: Option<Box<MessageOptions>>,
    /// What its segments are paid for.
    pub charge_policy: ChargePolicy,
    /// What a charged segment was to cost us by the operator that it was first for, when that was known.
    pub cost: Option<Cost>,
}

impl Message {
    /// The ids of its segments, in order.
    pub fn segment_ids(&self) -> impl ExactSizeIterator<Item = SegmentId> + use<> {
        let id = self.id;
        (1..=self.segment_count).map(move |no| SegmentId::new(id, no))
    }

    /// The id that its client knows it by.
    pub fn client_id(&self) -> MessageId {
        self.answered_id.unwrap_or(self.id)
    }

    /// What of it is kept no longer than it is needed.
    pub fn redaction(&self) -> Redaction {
        self.options.as_ref().map_or(Redaction::default(), |options| options.redact)
    }

    /// The number that is kept of it when it has ended.
    pub fn kept_destination(&self) -> Msisdn {
        if self.redaction().to { self.destination.erased() } else { self.destination }
    }

    /// Whose wallet holds its price.
    pub fn payer(&self) -> AccountId {
        self.options.as_ref().and_then(|options| options.wallet_of).unwrap_or(self.account_id)
    }

    /// How many segments its text is cut into.
    pub fn cut_segments(&self) -> u8 {
        self.options.as_ref().and_then(|options| options.cut).unwrap_or(self.segment_count)
    }

    /// How many segments its client is charged: more than are submitted when the operator does the cutting.
    pub fn charged_segments(&self) -> u8 {
        self.options.as_ref().and_then(|options| options.parts).unwrap_or(self.segment_count)
    }

    /// Price of one charged segment, in micros: that of a submitted one is a multiple of it.
    pub fn charged_price_micros(&self) -> i64 {
        let per_submitted = i64::from(self.charged_segments() / self.segment_count.max(1)).max(1);
        self.price_micros / per_submitted
    }

    /// The lane it waits in.
    pub const fn lane(&self) -> Lane {
        self.class.lane()
    }

    /// Whether nothing may be sent any more at `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Price of all segments, in micros; `None` past 64 bits.
    pub fn total_micros(&self) -> Option<i64> {
        self.price_micros.checked_mul(i64::from(self.segment_count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message() -> Message {
        Message {
            id: MessageId::from_raw(5 << 8),
            account_id: AccountId::from_raw(1),
            origin: Origin::Rest { api_key: ApiKeyId::from_raw(2) },
            sender: "Bank".parse().unwrap(),
            destination: Msisdn::from_u64(447_700_900_123).unwrap(),
            class: TrafficClass::Otp,
            body: MessageBody::Text { text: "Your code is 123456".to_owned(), encoding: Encoding::Gsm7 },
            segment_count: 3,
            mcc_mnc: None,
            route_id: RouteId::from_raw(3),
            rate_id: RateId::from_raw(4),
            price_micros: 12_500,
            currency: "EUR".parse().unwrap(),
            accepted_at: Timestamp(0),
            expires_at: Timestamp::from_secs(300),
            client_ref: None,
            receipt_wanted: true,
            answered_id: None,
            registered_delivery: 1,
            options: None,
            charge_policy: ChargePolicy::Delivered,
            cost: None,
        }
    }

    #[test]
    fn segments_price_and_validity() {
        let message = message();
        let numbers: Vec<_> = message.segment_ids().map(|id| (id.message(), id.no())).collect();
        assert_eq!(numbers, [(message.id, 1), (message.id, 2), (message.id, 3)]);
        assert_eq!((message.total_micros(), message.lane()), (Some(37_500), Lane(0)));
        assert_eq!(Message { price_micros: i64::MAX, ..message.clone() }.total_micros(), None);
        assert!(message.is_expired(Timestamp::from_secs(300)) && !message.is_expired(Timestamp(299_999_999)));
    }

    #[test]
    fn a_log_line_tells_neither_text_nor_number() {
        let shown = format!("{:?}", message());
        assert!(!shown.contains("123456") && !shown.contains("0123"), "{shown}");
        assert!(shown.contains("Text(19 characters, gsm7)"), "{shown}");
    }

    #[test]
    fn origins_go_round() {
        let rest = Origin::Rest { api_key: ApiKeyId::from_raw(2) };
        let smpp = Origin::Smpp { smpp_account: SmppAccountId::from_raw(3) };
        for (origin, code, raw) in [(rest, 0, 2), (smpp, 1, 3)] {
            assert_eq!((origin.code(), origin.raw()), (code, raw));
            assert_eq!(Origin::from_parts(code, raw), Some(origin));
            assert_eq!(serde_json::from_value::<Origin>(serde_json::to_value(origin).unwrap()).unwrap(), origin);
        }
        assert_eq!(Origin::from_parts(2, 1), None);
    }

    #[test]
    fn bodies_that_we_did_not_write_are_refused() {
        for bytes in [&[][..], &[1], &[0, 0, 65], &[4, 0, 65], &[1, 7, 65], &[1, 0, 0xff]] {
            assert_eq!(MessageBody::from_bytes(bytes), Err(MalformedBody), "{bytes:?}");
        }
    }

    #[test]
    fn octets_have_the_encoding_of_their_data_coding() {
        let of = |data_coding| MessageBody::Octets { data: Vec::new(), data_coding, udhi: false }.encoding();
        assert_eq!([of(0), of(3), of(8), of(4)], [Encoding::Gsm7, Encoding::Latin1, Encoding::Ucs2, Encoding::Binary]);
        assert_eq!(message().body.encoding(), Encoding::Gsm7);
    }

    proptest! {
        #[test]
        fn texts_go_round(text: String, which in 0..4_usize) {
            let encoding = [Encoding::Gsm7, Encoding::Latin1, Encoding::Ucs2, Encoding::Binary][which];
            let body = MessageBody::Text { text, encoding };
            prop_assert_eq!(MessageBody::from_bytes(&body.to_bytes()), Ok(body));
        }

        #[test]
        fn octets_go_round(data: Vec<u8>, data_coding: u8, udhi: bool) {
            let body = MessageBody::Octets { data, data_coding, udhi };
            prop_assert_eq!(MessageBody::from_bytes(&body.to_bytes()), Ok(body));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(body) = MessageBody::from_bytes(&bytes) {
                prop_assert_eq!(body.to_bytes(), bytes);
            }
        }
    }
}
