//! One-time codes: one file per endpoint. What a code looks like to its client is here.

mod again;
mod check;
mod funnel;
mod profiles;
mod show;
mod start;
mod used;

use sambac_domain::Money;
use sambac_domain::error::ErrorCode;
use sambac_engine::otp::OtpView;
use sambac_engine::refusal::Refusal;
use sambac_store::rows::OtpSendRow;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;
use crate::problem::Problem;
use crate::shown::{self, Moment, Price};

/// The routes of one-time codes.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(start::start_otp))
        .routes(routes!(funnel::otp_funnel))
        .routes(routes!(show::show_otp))
        .routes(routes!(check::check_otp))
        .routes(routes!(again::resend_otp))
        .routes(routes!(again::next_otp))
        .routes(routes!(again::cancel_otp))
        .routes(routes!(used::otp_used))
        .routes(routes!(profiles::add_otp_profile, profiles::list_otp_profiles))
        .routes(routes!(profiles::change_otp_profile, profiles::remove_otp_profile))
}

/// A refusal as it is told here. What is not there reads alike, whether its id is one or not.
fn told(refusal: Refusal) -> Problem {
    if refusal.code == ErrorCode::NotFound { Problem::new(ErrorCode::NotFound) } else { refusal.into() }
}

/// A one-time code. The code itself is told to its person only.
#[derive(Serialize, ToSchema)]
pub(crate) struct Otp {
    /// Names it from now on.
    #[schema(example = "otp_01h2xcejqtf2n")]
    id: String,
    #[schema(value_type = shown::Otp)]
    state: &'static str,
    /// Where it goes.
    #[schema(example = "+447700900123")]
    to: String,
    /// The profile that it was made by.
    #[schema(example = "default")]
    profile: String,
    /// Whether it is bound to an amount and a payee.
    is_payment: bool,
    created_at: Moment,
    /// Until when it holds.
    expires_at: Moment,
    /// It may be sent again from then on, as long as `sends_left` is above 0.
    resend_at: Moment,
    /// How often it can still be sent.
    sends_left: u8,
    /// How often it can still be tried.
    attempts_left: u8,
    /// When its next way begins by itself, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
    /// The messages that told it, oldest first.
    sends: Vec<OtpSend>,
    /// Once it was right: the signed evidence of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// Held for the message that this request has sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    /// The code, when it was just sent to a number of the sandbox with a test key: there is no handset to read it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_code: Option<String>,
}

/// A message that told a code.
#[derive(Serialize, ToSchema)]
pub(crate) struct OtpSend {
    /// Its life is told at `/v1/sms/{id}`.
    #[schema(example = "msg_01h2xcejqtf2n")]
    message_id: String,
    #[schema(value_type = shown::OtpChannel)]
    channel: String,
    /// Which of the profile's steps, from 0.
    step: u8,
    at: Moment,
}

impl From<OtpView> for Otp {
    fn from(view: OtpView) -> Self {
        let row = view.row;
        let attempts = u8::try_from(row.attempts).unwrap_or(u8::MAX);
        Self {
            id: row.id.to_string(),
            state: row.state.as_str(),
            to: format!("{:#}", row.destination),
            profile: row.profile,
            is_payment: row.link_hash.is_some(),
            created_at: Moment(row.created_at),
            expires_at: Moment(row.expires_at),
            resend_at: Moment(row.resend_at),
            sends_left: row.sends_max.saturating_sub(row.sends),
            attempts_left: row.attempts_max.saturating_sub(attempts),
            next_at: row.next_at.map(Moment),
            ended_at: row.ended_at.map(Moment),
            sends: view.sends.into_iter().map(OtpSend::from).collect(),
            receipt: None,
            sandbox_code: view.sandbox_code.map(|code| code.expose_secret().to_owned()),
            price: view.price.map(|Money { micros, currency }| Price::new(micros, currency)),
        }
    }
}

impl From<OtpSendRow> for OtpSend {
    fn from(row: OtpSendRow) -> Self {
        let OtpSendRow { id, channel, step, at, .. } = row;
        Self { message_id: id.to_string(), channel, step, at: Moment(at) }
    }
}
