//! Segments on their way to the node that sends them.

use std::sync::Arc;

use sambac_domain::class::Lane;
use sambac_domain::id::{ConnectorId, IntentId, SegmentId};
use sambac_domain::message::Message;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Unreadable, VERSION, read};

/// Segments of one intent and one lane: stored as about to be sent, before they were published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    version: u16,
    /// Whose binds they go by.
    pub connector: ConnectorId,
    /// How urgent they are: 0 one-time codes, 1 transactional, 2 marketing.
    pub lane: Lane,
    /// By which they were stored as about to be sent.
    pub intent: IntentId,
    /// When that was, by the clock of who has the ledger.
    pub announced_at: Timestamp,
    /// The lease of whoever had the connector then, as far as was known: it has seen every copy. 0: not known.
    #[serde(default)]
    pub epoch: i64,
    /// It may have been published before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// In the order in which they are to go.
    pub messages: Vec<Carried>,
}

/// A message with some of its segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// All but its text.
    #[serde(serialize_with = "written", deserialize_with = "shared")]
    pub message: Arc<Message>,
    /// Its text, sealed for the message's id, in base64.
    pub text: String,
    /// What is to be sent of it.
    pub segments: Vec<CarriedSegment>,
}

/// A segment to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedSegment {
    /// Its number in the message, from 1.
    pub no: u8,
    /// Attempts before, and what it goes without: an [`Attempt`](crate::Attempt).
    #[serde(default)]
    pub attempt: u16,
}

impl Batch {
    /// A batch that was never published.
    pub fn new(connector: ConnectorId, lane: Lane, intent: IntentId, announced_at: Timestamp, epoch: i64) -> Self {
        Self { version: VERSION, connector, lane, intent, announced_at, epoch, again: false, messages: Vec::new() }
    }

    /// The same, told as something that may have been published before.
    #[must_use]
    pub fn once_more(mut self) -> Self {
        self.again = true;
        self
    }

    /// As it is in a queue.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads [`to_json`](Self::to_json) back.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_json(octets: &[u8]) -> Result<Self, Unreadable> {
        read(octets)
    }

    /// How many segments it has.
    pub fn len(&self) -> usize {
        self.messages.iter().map(|carried| carried.segments.len()).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its segments, in their order.
    pub fn segments(&self) -> impl Iterator<Item = SegmentId> {
        let of = |carried: &Carried| {
            let id = carried.message.id;
            carried.segments.iter().map(move |segment| SegmentId::new(id, segment.no)).collect::<Vec<_>>()
        };
        self.messages.iter().flat_map(of)
    }
}

fn written<S: Serializer>(message: &Arc<Message>, serializer: S) -> Result<S::Ok, S::Error> {
    Message::serialize(message, serializer)
}

fn shared<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Message>, D::Error> {
    Message::deserialize(deserializer).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use sambac_domain::TrafficClass;
    use sambac_domain::id::{AccountId, ApiKeyId, MessageId, RateId, RouteId};
    use sambac_domain::message::{MessageBody, Origin};
    use sambac_domain::rating::ChargePolicy;
    use sambac_domain::text::Encoding;

    use super::*;

    fn message() -> Message {
        Message {
            id: MessageId::from_raw(5 << 8),
            account_id: AccountId::from_raw(1),
            origin: Origin::Rest { api_key: ApiKeyId::from_raw(2) },
            sender: "Bank".parse().unwrap(),
            destination: sambac_domain::Msisdn::from_u64(447_700_900_123).unwrap(),
            class: TrafficClass::Otp,
            body: MessageBody::Text { text: "Your code is 123456".to_owned(), encoding: Encoding::Gsm7 },
            segment_count: 2,
            mcc_mnc: Some("23410".parse().unwrap()),
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

    fn batch() -> Batch {
        let segments = vec![CarriedSegment { no: 1, attempt: 0 }, CarriedSegment { no: 2, attempt: 3 }];
        let carried = Carried { message: Arc::new(message()), text: "c2VhbGVk".to_owned(), segments };
        let batch = Batch::new(ConnectorId::from_raw(7), Lane(0), IntentId::from_raw(9 << 8), Timestamp(3), 5);
        Batch { messages: vec![carried], ..batch }
    }

    /// A person can read what is in a queue, but for the text.
    #[test]
    fn what_is_in_a_queue_can_be_read_but_for_the_text() {
        let json = String::from_utf8(batch().to_json()).unwrap();
        for told in [
            "\"version\":1",
            "\"class\":\"otp\"",
            "447700900123",
            "\"lane\":0",
            "\"text\":\"c2VhbGVk\"",
            "\"attempt\":3",
        ] {
            assert!(json.contains(told), "{told} is not in {json}");
        }
        assert!(!json.contains("123456") && !json.contains("again"), "{json}");
    }

    #[test]
    fn a_batch_goes_round_without_its_text() {
        let read = Batch::from_json(&batch().to_json()).unwrap();
        let without = Message { body: MessageBody::default(), ..message() };
        assert_eq!((read.messages[0].message.as_ref(), read.len()), (&without, 2));
        let ids: Vec<_> = read.segments().map(|segment| (segment.message(), segment.no())).collect();
        assert_eq!(ids, [(without.id, 1), (without.id, 2)]);
    }

    /// What a later version adds is passed over; a later version itself is refused by its number.
    #[test]
    fn other_versions_are_read_or_refused_by_name() {
        let json = String::from_utf8(batch().to_json()).unwrap();
        let added = json.replacen("\"lane\":0", "\"lane\":0,\"colour\":\"green\"", 1);
        assert_eq!(Batch::from_json(added.as_bytes()).unwrap().len(), 2);
        let later = json.replacen("\"version\":1", "\"version\":2", 1);
        assert!(matches!(Batch::from_json(later.as_bytes()), Err(Unreadable::Later(2))));
        assert!(matches!(Batch::from_json(b"{}"), Err(Unreadable::Malformed(_))));
    }
}
