//! `GET /v1/sms/{id}`: a message's whole life.

use sambac_domain::error::ErrorCode;
use sambac_domain::{MessageId, MessageState, TrafficClass};
use sambac_store::MessageView;
use sambac_store::rows::{ChargeRow, ChargeState, MessageTagRow, SegmentRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::life::{self, LifeEvent};
use crate::access::{Authorised, scope};
use crate::input::Id;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Moment, Price};

/// A message and everything that happened to it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sms {
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    /// How far it is: while it is open, as far as the segment that is least far.
    #[schema(value_type = shown::State)]
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
    /// MCC and MNC of the destination's network, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "001-01")]
    network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Words by which it is found again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// For all segments.
    price: Price,
    /// The route it was given to.
    #[schema(example = "rte_01h2xcejqtf2n")]
    route: String,
    accepted_at: Moment,
    /// Not sent before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<Moment>,
    /// Not sent after this.
    expires_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_at: Option<Moment>,
    segments: Vec<Segment>,
    /// Oldest first.
    timeline: Vec<LifeEvent>,
}

/// One segment.
#[derive(Serialize, ToSchema)]
struct Segment {
    /// From 1.
    no: u8,
    #[schema(value_type = shown::State)]
    state: MessageState,
    /// Where it goes or went.
    #[schema(example = "con_01h2xcejqtf2n")]
    connector: String,
    /// The operator's id for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    smsc_message_id: Option<String>,
    /// How often it was submitted.
    attempts: u8,
    /// Whether the handset may have got it twice.
    possible_duplicate: bool,
    /// The operator's last answer, as SMPP writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0x00000000")]
    command_status: Option<String>,
    /// Why it ended badly: a code of the error catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shown::Code>)]
    error: Option<&'static str>,
    /// The operator's own word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_error: Option<String>,
    /// What became of its price.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shown::Charge>)]
    charge: Option<&'static str>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Show a message's life.
///
/// Another account's message is answered exactly like one that does not exist.
#[utoipa::path(
    get,
    path = "/v1/sms/{id}",
    tag = "Messages",
    security(("key" = ["sms:read"]), ("key_header" = ["sms:read"])),
    params(("id" = String, Path, description = "The message", example = "msg_01h2xcejqtf2n")),
    responses((status = 200, description = "Its state, segments and time line", body = Sms), Refusals)
)]
pub(crate) async fn show_sms(
    client: Authorised<scope::SmsRead>,
    Id(id): Id<MessageId>,
) -> Result<axum::Json<Sms>, Problem> {
    let store = client.engine().store();
    let view = store.message(client.account_id(), id).await?.ok_or(ErrorCode::NotFound)?;
    if !client.reaches(view.row.destination) {
        return Err(ErrorCode::NotFound.into());
    }
    let tags = store.message_tags(view.row.id).await?;
    Ok(axum::Json(Sms::from(view).with_tags(tags)))
}

impl Sms {
    pub(super) fn with_tags(self, tags: Vec<MessageTagRow>) -> Self {
        Self { tags: tags.into_iter().map(|row| row.tag).collect(), ..self }
    }
}

impl From<MessageView> for Sms {
    fn from(view: MessageView) -> Self {
        let timeline = life::of(&view);
        let state = state(&view);
        let row = view.row;
        let send_at = row.send_at();
        Self {
            message_id: row.id.to_string(),
            state,
            error: row.error.map(ErrorCode::code),
            to: format!("{:#}", row.destination),
            from: row.sender.as_str().to_owned(),
            class: row.class,
            network: row.mcc_mnc.map(|network| format!("{network:#}")),
            reference: row.client_ref,
            tags: Vec::new(),
            price: Price::new(row.price_micros.saturating_mul(row.segment_count.into()), row.currency),
            route: row.route_id.to_string(),
            accepted_at: Moment(row.accepted_at),
            send_at: send_at.map(Moment),
            expires_at: Moment(row.expires_at),
            final_at: row.final_at.map(Moment),
            segments: view.segments.iter().map(|segment| Segment::new(segment, &view.charges)).collect(),
            timeline,
        }
    }
}

/// The row's state moves at the end only; until then the segments tell.
fn state(view: &MessageView) -> MessageState {
    if view.row.state.is_final() {
        return view.row.state;
    }
    let states: Vec<_> = view.segments.iter().map(|segment| segment.state).collect();
    MessageState::combine(&states)
}

impl Segment {
    fn new(row: &SegmentRow, charges: &[ChargeRow]) -> Self {
        Self {
            no: row.id.no(),
            state: row.state,
            connector: row.connector_id.to_string(),
            smsc_message_id: row.smsc_message_id.clone(),
            attempts: row.attempts,
            possible_duplicate: row.possible_duplicate,
            command_status: row.command_status.map(|status| format!("{status:#010x}")),
            error: row.error.map(ErrorCode::code),
            operator_error: row.operator_error.clone(),
            charge: charges.iter().find(|charge| charge.id == row.id).map(word),
        }
    }
}

/// A charge that was put right reads as what it came to in the end.
fn word(charge: &ChargeRow) -> &'static str {
    match charge.state {
        ChargeState::Held => "held",
        ChargeState::Captured => "captured",
        ChargeState::Corrected if charge.captured_micros > 0 => "captured",
        ChargeState::Voided | ChargeState::Corrected => "voided",
    }
}
