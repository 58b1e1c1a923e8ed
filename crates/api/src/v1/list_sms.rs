//! `GET /v1/sms`: the account's messages, newest first.

use sambac_domain::error::ErrorCode;
use sambac_domain::number::{self, Sender};
use sambac_domain::{MessageState, Timestamp, TrafficClass};
use sambac_store::MessageFilter;
use sambac_store::rows::MessageRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::paging;
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Moment, Price};

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListSms {
    /// Messages on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only in this state: `scheduled`, `routed` (on its way) or a final one.
    #[param(value_type = Option<shown::ListedState>, inline)]
    state: Option<String>,
    /// Only to this number.
    #[param(example = "+447700900123")]
    to: Option<String>,
    /// Only from this sender.
    #[param(example = "MyBank")]
    from: Option<String>,
    /// Only with this reference of yours.
    reference: Option<String>,
    /// Only with this tag.
    #[param(example = "november")]
    tag: Option<String>,
    /// Only those that were taken at this moment or later.
    #[param(example = "2026-11-01T00:00:00Z")]
    since: Option<String>,
    /// Only those that were taken before this moment.
    #[param(example = "2026-12-01T00:00:00Z")]
    until: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct SmsPage {
    data: Vec<SmsSummary>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A message in a list. Its whole life is at `/v1/sms/{id}`.
#[derive(Serialize, ToSchema)]
struct SmsSummary {
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    /// `routed` until it is final, `scheduled` before it is due.
    #[schema(value_type = shown::ListedState)]
    state: MessageState,
    /// Why it ended badly: a code of the error catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shown::Code>)]
    error: Option<&'static str>,
    #[schema(example = "+447700900123")]
    to: String,
    #[schema(example = "MyBank")]
    from: String,
    #[schema(value_type = shown::Class)]
    class: TrafficClass,
    segments: u8,
    /// For all segments.
    price: Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    accepted_at: Moment,
    /// Not sent before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_at: Option<Moment>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// List messages.
#[utoipa::path(
    get,
    path = "/v1/sms",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(ListSms),
    responses((status = 200, description = "A page, newest first", body = SmsPage), Refusals)
)]
pub(crate) async fn list_sms(
    client: Authorised<scope::SmsRead>,
    Parameters(query): Parameters<ListSms>,
) -> Result<axum::Json<SmsPage>, Problem> {
    let mut filter = query.filter()?;
    filter.tests_only = client.is_test();
    let limit = filter.limit;
    // One more than asked for tells whether there is a next page.
    filter.limit += 1;
    let mut rows = client.engine().store().list_messages(client.account_id(), &filter).await?;
    let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
    Ok(axum::Json(SmsPage { data: rows.into_iter().map(SmsSummary::from).collect(), next_cursor }))
}

impl ListSms {
    fn filter(self) -> Result<MessageFilter, Problem> {
        let limit = paging::limit(self.limit)?;
        let before = paging::before(self.cursor)?;
        let state =
            self.state.map(|word| state_of(&word).ok_or_else(|| paging::bad("state", states_known()))).transpose()?;
        let destination = self
            .to
            .map(|text| number::parse(&text, None))
            .transpose()
            .map_err(|error| paging::bad("to", error.to_string()))?;
        let sender = self.from.map(|text| Sender::parse(&text)).transpose();
        let moment = |name, text: Option<String>| {
            let moment = text.map(|text| Timestamp::parse_rfc3339(&text).ok_or(()));
            moment.transpose().map_err(|()| paging::bad(name, "must be a moment like 2026-11-01T00:00:00Z".to_owned()))
        };
        Ok(MessageFilter {
            before,
            limit,
            state,
            destination,
            sender: sender.map_err(|error| paging::bad("from", error.to_string()))?,
            reference: self.reference,
            tag: self.tag,
            since: moment("since", self.since)?,
            until: moment("until", self.until)?,
            tests_only: false,
        })
    }
}

impl From<MessageRow> for SmsSummary {
    fn from(row: MessageRow) -> Self {
        let send_at = row.send_at();
        Self {
            message_id: row.id.to_string(),
            state: row.state,
            error: row.error.map(ErrorCode::code),
            to: format!("{:#}", row.destination),
            from: row.sender.as_str().to_owned(),
            class: row.class,
            segments: row.segment_count,
            price: Price::new(row.price_micros.saturating_mul(row.segment_count.into()), row.currency),
            reference: row.client_ref,
            accepted_at: Moment(row.accepted_at),
            send_at: send_at.map(Moment),
            final_at: row.final_at.map(Moment),
        }
    }
}

fn state_of(word: &str) -> Option<MessageState> {
    shown::listed_states().find(|state| state.as_str() == word)
}

fn states_known() -> String {
    format!("must be one of {}", shown::listed_states().map(MessageState::as_str).collect::<Vec<_>>().join(", "))
}
