//! The columns of a file, in one list for every kind of file.

use std::borrow::Cow;

use sambac_domain::{MessageState, Timestamp};
use sambac_store::rows::{CdrRow, ChargeState};

use super::Numbers;

/// One column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) value: Value,
}

/// How a column's value is had from a record, by its form.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Text(fn(&CdrRow) -> Cow<'_, str>),
    /// The number, as the caller may see it: digits without a plus, which spreadsheets take for the begin of a formula.
    Number,
    OptionalText(fn(&CdrRow) -> Option<Cow<'_, str>>),
    Whole(fn(&CdrRow) -> i64),
    /// Micros of the row's currency.
    Amount(fn(&CdrRow) -> i64),
    OptionalAmount(fn(&CdrRow) -> Option<i64>),
    Flag(fn(&CdrRow) -> bool),
    Moment(fn(&CdrRow) -> Timestamp),
    OptionalMoment(fn(&CdrRow) -> Option<Timestamp>),
}

const fn column(name: &'static str, value: Value) -> Column {
    Column { name, value }
}

fn owned(text: &impl ToString) -> Cow<'static, str> {
    Cow::Owned(text.to_string())
}

/// All of them, in order. New ones come last: files that were written before are read by those that they have.
pub(super) const COLUMNS: [Column; 27] = [
    column("message_id", Value::Text(|row| owned(&row.id.message()))),
    column("segment", Value::Whole(|row| i64::from(row.id.no()))),
    column("account", Value::Text(|row| owned(&row.account_id))),
    column("operator", Value::Text(|row| owned(&row.operator_id))),
    column("connector", Value::Text(|row| owned(&row.connector_id))),
    column("network", Value::OptionalText(|row| row.mcc_mnc.as_ref().map(|network| owned(network)))),
    column("sender", Value::Text(|row| Cow::Borrowed(row.sender.as_str()))),
    column("to", Value::Number),
    column("class", Value::Text(|row| Cow::Borrowed(row.class.as_str()))),
    column("state", Value::Text(|row| Cow::Borrowed(MessageState::as_str(row.state)))),
    column("error", Value::OptionalText(|row| row.error.map(|error| Cow::Borrowed(error.code())))),
    column("operator_error", Value::OptionalText(|row| row.operator_error.as_deref().map(Cow::Borrowed))),
    column("smsc_message_id", Value::OptionalText(|row| row.smsc_message_id.as_deref().map(Cow::Borrowed))),
    column("attempts", Value::Whole(|row| i64::from(row.attempts))),
    column("possible_duplicate", Value::Flag(|row| row.possible_duplicate)),
    column("price", Value::Amount(|row| row.price_micros)),
    column("currency", Value::Text(|row| Cow::Borrowed(row.currency.as_str()))),
    column("charge", Value::Text(|row| Cow::Borrowed(charge_word(row.charge_state)))),
    column("accepted_at", Value::Moment(|row| row.accepted_at)),
    column("submitted_at", Value::OptionalMoment(|row| row.submitted_at)),
    column("final_at", Value::Moment(|row| row.final_at)),
    column("done_at", Value::OptionalMoment(|row| row.done_at)),
    column("block", Value::Whole(|row| row.block_id)),
    column("group", Value::OptionalText(|row| row.group_id.as_ref().map(|id| owned(id)))),
    column("cost_rate", Value::OptionalText(|row| row.cost_rate_id.as_ref().map(|id| owned(id)))),
    column("cost", Value::OptionalAmount(|row| row.cost_micros)),
    column("cost_currency", Value::OptionalText(|row| row.cost_currency.as_ref().map(|it| Cow::Borrowed(it.as_str())))),
];

/// What became of a price, as a word.
#[must_use]
pub const fn charge_word(state: ChargeState) -> &'static str {
    match state {
        ChargeState::Held => "held",
        ChargeState::Captured => "captured",
        ChargeState::Voided => "voided",
        ChargeState::Corrected => "corrected",
    }
}

/// The digits of a record's number, as they may be seen.
pub(super) fn number(row: &CdrRow, numbers: Numbers) -> String {
    match numbers {
        Numbers::Whole => row.destination.to_string(),
        Numbers::Masked => row.destination.masked().trim_start_matches('+').to_owned(),
    }
}
