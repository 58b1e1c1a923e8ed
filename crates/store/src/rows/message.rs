//! Messages.

use std::borrow::Cow;
use std::sync::Arc;

use sambac_domain::{
    AccountId, ChargePolicy, Cost, Currency, ErrorCode, MccMnc, Message, MessageBody, MessageId, MessageOptions,
    MessageState, Msisdn, OperatorId, Origin, RateId, RouteId, Sender, Timestamp, TrafficClass,
};

use super::{Record, row};
use crate::Sealed;
use crate::value::{Field as _, Value};

row! {
    /// A message as it is stored. Its state moves at accept and at the end only; in between its segments tell.
    MessageRow in "messages" {
        /// Its id.
        id: MessageId,
        /// Whose it is.
        account_id: AccountId,
        /// Kind of the way in ([`Origin`]).
        origin: i16,
        /// Id of the key or SMPP account it came through.
        origin_id: i64,
        /// The sender shown.
        sender: Sender,
        /// The number it goes to.
        destination: Msisdn,
        /// Traffic class.
        class: TrafficClass,
        /// The text, encrypted; `None` once it is final.
        body: Option<Sealed<Vec<u8>>>,
        /// How many segments.
        segment_count: u8,
        /// The network of the number, when known.
        mcc_mnc: Option<MccMnc>,
        /// The route it took.
        route_id: RouteId,
        /// The price line it was rated by.
        rate_id: RateId,
        /// Price of one segment, in micros.
        price_micros: i64,
        /// Currency of the price.
        currency: Currency,
        /// Whether the client asked for a receipt.
        receipt_wanted: bool,
        /// Which outcomes it asked for, as SMPP's registered_delivery.
        registered_delivery: u8,
        /// The client's own reference.
        client_ref: Option<String>,
        /// `accepted` until it is final.
        state: MessageState,
        /// Why it ended badly.
        error: Option<ErrorCode>,
        /// When it was accepted.
        accepted_at: Timestamp,
        /// Nothing is sent after this.
        expires_at: Timestamp,
        /// When it became final.
        final_at: Option<Timestamp>,
        /// The id that its client was given for it, when that is another message's.
        answered_id: Option<MessageId>,
        /// What few messages have ([`MessageOptions`]), as JSON.
        options: Option<String>,
        /// What its segments are paid for.
        charge_policy: ChargePolicy,
        /// The operator that it was first for, when its cost was known.
        cost_operator_id: Option<OperatorId>,
        /// The rate of that operator's cost book.
        cost_rate_id: Option<RateId>,
        /// What a charged segment was to cost, in micros.
        cost_micros: Option<i64>,
        /// Currency of the cost.
        cost_currency: Option<Currency>,
        /// What the operator is paid for.
        cost_policy: Option<ChargePolicy>,
    }
}

row! {
    /// A word by which a client finds a message again.
    MessageTagRow in "message_tags" {
        /// Whose message it is.
        owner_id: AccountId,
        /// The word.
        tag: String,
        /// The message.
        of_message: MessageId,
    }
}

/// A message to insert, without copying the accepted message.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The accepted message.
    pub message: Arc<Message>,
    /// Its body ([`MessageBody::to_bytes`]), encrypted. `None` when it is not to be kept.
    pub body: Option<Sealed<Vec<u8>>>,
    /// Where it starts: accepted or scheduled, or a final state at once.
    pub state: MessageState,
    /// Why it ended at once.
    pub error: Option<ErrorCode>,
    /// When it ended at once.
    pub final_at: Option<Timestamp>,
    /// The message's options as JSON, when it has any.
    pub options: Option<String>,
}

impl NewMessage {
    /// A message that starts as `accepted`.
    pub fn accepted(message: Arc<Message>, sealed_body: Vec<u8>) -> Self {
        Self::new(message, sealed_body, MessageState::Accepted)
    }

    /// A message that starts in `state`.
    pub fn new(message: Arc<Message>, sealed_body: Vec<u8>, state: MessageState) -> Self {
        let options = message.options.as_ref().map(|options| options.to_json());
        Self { message, body: Some(Sealed(sealed_body)), state, error: None, final_at: None, options }
    }
}

impl Record for NewMessage {
    const TABLE: &'static str = MessageRow::TABLE;
    const COLUMNS: &'static [&'static str] = MessageRow::COLUMNS;

    fn values<'a>(&'a self, values: &mut Vec<Value<'a>>) {
        let message = &*self.message;
        let cost = message.cost.as_ref();
        values.extend([
            message.id.value(),
            message.account_id.value(),
            Value::SmallInt(Some(message.origin.code())),
            Value::BigInt(Some(message.origin.raw())),
            message.sender.value(),
            message.destination.value(),
            message.class.value(),
            self.body.value(),
            message.segment_count.value(),
            message.mcc_mnc.value(),
            message.route_id.value(),
            message.rate_id.value(),
            message.price_micros.value(),
            message.currency.value(),
            message.receipt_wanted.value(),
            message.registered_delivery.value(),
            message.client_ref.value(),
            self.state.value(),
            self.error.value(),
            message.accepted_at.value(),
            message.expires_at.value(),
            self.final_at.value(),
            message.answered_id.value(),
            self.options.value(),
            message.charge_policy.value(),
            Value::BigInt(cost.map(|cost| cost.operator_id.raw())),
            Value::BigInt(cost.map(|cost| cost.rate_id.raw())),
            Value::BigInt(cost.map(|cost| cost.micros)),
            Value::Text(cost.map(|cost| Cow::Borrowed(cost.currency.as_str()))),
            Value::SmallInt(cost.map(|cost| cost.policy.code())),
        ]);
    }
}

impl MessageRow {
    /// The message again, with its decrypted body. `None` when the stored origin or options are unknown.
    pub fn into_message(self, body: MessageBody) -> Option<Message> {
        let options = self.options.as_deref().map(MessageOptions::from_json).transpose().ok()?;
        let cost = self.cost();
        Some(Message {
            id: self.id,
            account_id: self.account_id,
            origin: Origin::from_parts(self.origin, self.origin_id)?,
            sender: self.sender,
            destination: self.destination,
            class: self.class,
            body,
            segment_count: self.segment_count,
            mcc_mnc: self.mcc_mnc,
            route_id: self.route_id,
            rate_id: self.rate_id,
            price_micros: self.price_micros,
            currency: self.currency,
            accepted_at: self.accepted_at,
            expires_at: self.expires_at,
            client_ref: self.client_ref,
            receipt_wanted: self.receipt_wanted,
            answered_id: self.answered_id,
            registered_delivery: self.registered_delivery,
            options: options.map(Box::new),
            charge_policy: self.charge_policy,
            cost,
        })
    }

    /// Not to be sent before this, when its client said so.
    pub fn send_at(&self) -> Option<Timestamp> {
        MessageOptions::from_json(self.options.as_deref()?).ok()?.deliver_at
    }

    /// What a charged segment was to cost, when that was known.
    pub fn cost(&self) -> Option<Cost> {
        Some(Cost {
            operator_id: self.cost_operator_id?,
            rate_id: self.cost_rate_id?,
            micros: self.cost_micros?,
            currency: self.cost_currency?,
            policy: self.cost_policy?,
        })
    }
}
