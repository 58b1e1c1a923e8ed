//! A CDR as it is shown.

use sambac_domain::{Currency, ErrorCode, MessageState, TrafficClass};
use sambac_engine::cdr::charge_word;
use sambac_store::rows::CdrRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{self, Amount, Moment};

/// What became of one segment, as it was when its message ended.
#[derive(Serialize, ToSchema)]
#[schema(as = Cdr)]
pub(crate) struct Record {
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    /// Its number in the message, from 1.
    segment: u8,
    #[schema(example = "acc_01h2xcejqtf2n")]
    account: String,
    #[schema(example = "opr_01h2xcejqtf2n")]
    operator: String,
    #[schema(example = "con_01h2xcejqtf2n")]
    connector: String,
    /// MCC and MNC of the number's network, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "23415")]
    network: Option<String>,
    #[schema(example = "MyBank")]
    sender: String,
    /// The last four digits are masked, unless the key may see whole numbers.
    #[schema(example = "+44770090****")]
    to: String,
    #[schema(value_type = shown::Class)]
    class: TrafficClass,
    #[schema(value_type = shown::FinalState)]
    state: MessageState,
    /// Why it ended badly: a code of the error catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shown::Code>)]
    error: Option<&'static str>,
    /// The operator's own word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_error: Option<String>,
    /// The operator's id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    smsc_message_id: Option<String>,
    /// How often it was submitted.
    attempts: u8,
    /// Whether the handset may have got it twice.
    possible_duplicate: bool,
    price: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// What became of the price.
    #[schema(value_type = shown::Charge)]
    charge: &'static str,
    /// What the operator is to be paid for it, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Amount>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "EUR")]
    cost_currency: Option<Currency>,
    accepted_at: Moment,
    /// The last submit.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Moment>,
    final_at: Moment,
    /// When the operator says that it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<Moment>,
    /// The first of the messages that make up a long one, when the client made its segments itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
}

impl Record {
    /// `whole`: with the whole number.
    pub(super) fn new(row: &CdrRow, whole: bool) -> Self {
        Self {
            message_id: row.id.message().to_string(),
            segment: row.id.no(),
            account: row.account_id.to_string(),
            operator: row.operator_id.to_string(),
            connector: row.connector_id.to_string(),
            network: row.mcc_mnc.map(|network| network.to_string()),
            sender: row.sender.to_string(),
            to: if whole { format!("{:#}", row.destination) } else { row.destination.masked() },
            class: row.class,
            state: row.state,
            error: row.error.map(ErrorCode::code),
            operator_error: row.operator_error.clone(),
            smsc_message_id: row.smsc_message_id.clone(),
            attempts: row.attempts,
            possible_duplicate: row.possible_duplicate,
            price: Amount(row.price_micros),
            currency: row.currency,
            charge: charge_word(row.charge_state),
            cost: row.cost_micros.map(Amount),
            cost_currency: row.cost_currency,
            accepted_at: Moment(row.accepted_at),
            submitted_at: row.submitted_at.map(Moment),
            final_at: Moment(row.final_at),
            done_at: row.done_at.map(Moment),
            group: row.group_id.map(|id| id.to_string()),
        }
    }
}
