//! `POST /v1/sms/quote`: what a message would cost, to one number or to many, without sending, holding or storing anything.

use std::collections::BTreeMap;

use axum::Json;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::rating::ChargePolicy;
use sambac_domain::redaction::Redaction;
use sambac_domain::text::{Encoding, Ports};
use sambac_domain::{Currency, TrafficClass};
use sambac_engine::submit;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sms_request::{ApplicationPorts, SendSms, TextEncoding, hexadecimal, transactional};
use crate::access::{Authorised, scope};
use crate::input;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::{FieldError, Problem};
use crate::shown::{self, Moment, Price};

/// A message to be priced: what of it decides its price.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": ["+447700900123"], "from": "MyBank", "text": "Your parcel comes today." }))]
pub(crate) struct QuoteSms {
    /// Destinations as international numbers, with or without the plus.
    #[garde(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100, example = json!(["+447700900123"]))]
    to: Vec<String>,
    /// What the handset shows: a number, a short code, or up to 11 characters.
    #[garde(skip)]
    #[schema(example = "MyBank")]
    from: String,
    /// The text. Needed unless `data` is given.
    #[garde(skip)]
    #[schema(min_length = 1, example = "Your code is 123456")]
    text: Option<String>,
    /// How the text is encoded; chosen by its characters when left out.
    #[garde(skip)]
    #[schema(value_type = Option<shown::TextEncoding>)]
    encoding: Option<TextEncoding>,
    /// What the message is for.
    #[garde(skip)]
    #[serde(default = "transactional")]
    #[schema(value_type = shown::Class, default = "transactional")]
    class: TrafficClass,
    /// Refuse when all segments together would cost more, in your account's currency.
    #[garde(skip)]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "0.05")]
    max_price: Option<String>,
    /// Octets instead of a text, in hexadecimal.
    #[garde(length(min = 2, max = 71_400), inner(custom(hexadecimal)))]
    #[schema(pattern = "^([0-9A-Fa-f]{2})+$", max_length = 71_400)]
    data: Option<String>,
    /// data_coding of `data`; by default 4 (binary).
    #[garde(skip)]
    data_coding: Option<u8>,
    /// A user data header for `data` in hexadecimal, its length octet first.
    #[garde(length(min = 2, max = 280), inner(custom(hexadecimal)))]
    #[schema(pattern = "^([0-9A-Fa-f]{2})+$", max_length = 280)]
    udh: Option<String>,
    /// Message class: 0 is shown at once and not kept (flash), 1 is kept on the handset, 2 on the SIM, 3 on a device behind it.
    #[garde(range(max = 3))]
    #[schema(maximum = 3)]
    message_class: Option<u8>,
    /// Application ports, for a program on the handset: they take room.
    #[garde(skip)]
    #[schema(value_type = Option<ApplicationPorts>)]
    ports: Option<Ports>,
}

/// What it would cost.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotedSms {
    /// One for each number, in their order.
    data: Vec<QuotedNumber>,
    /// Segments to all numbers that would be taken.
    segments: u32,
    /// For all of them.
    total: Price,
    /// Whether your balance covers the total now.
    #[schema(example = true)]
    affordable: bool,
}

/// What a message to one number would cost, or why it would be refused.
#[derive(Serialize, ToSchema)]
struct QuotedNumber {
    /// The number as it was given.
    #[schema(example = "+447700900123")]
    to: String,
    /// What it would cost; not there when it would be refused.
    quote: Option<NumberQuote>,
    /// Why it would be refused.
    refusal: Option<NumberRefusal>,
}

/// A price and where it comes from.
#[derive(Serialize, ToSchema)]
struct NumberQuote {
    /// How it would be encoded.
    #[schema(value_type = shown::TextEncoding)]
    encoding: Encoding,
    /// Segments it takes; each is charged.
    segments: u8,
    /// For one segment.
    price_per_segment: Price,
    /// For all segments.
    price: Price,
    /// When a segment is paid for: `submit`, `accepted`, `delivered` or `verified`.
    #[schema(value_type = String, example = "delivered")]
    charge: ChargePolicy,
    /// MCC and MNC of the destination's network, as far as known.
    #[schema(example = "00101")]
    network: Option<String>,
    /// The line of your price sheet.
    #[schema(example = "rat_01h2xcejqtf2n")]
    rate: String,
    /// The sheet that counts now.
    #[schema(example = "sht_01h2xcejqtf2n")]
    sheet: String,
    /// When another sheet counts, where one is to come: ask again then.
    holds_until: Option<Moment>,
}

/// Why a message to one number would be refused, as sending it would be.
#[derive(Serialize, ToSchema)]
struct NumberRefusal {
    /// What programs match on.
    #[schema(value_type = shown::Code)]
    code: &'static str,
    /// The HTTP status that sending would be answered with.
    #[schema(example = 422)]
    status: u16,
    /// A few words for people.
    title: &'static str,
    /// What is particular to this case.
    detail: Option<String>,
    /// The fields to blame, as sending would name them.
    errors: Vec<FieldError>,
}

/// What is refused here, beside what may be refused anywhere.
const REFUSALS: &[ErrorCode] = &[
    ErrorCode::InvalidDestination,
    ErrorCode::InvalidSender,
    ErrorCode::SenderNotRegistered,
    ErrorCode::MessageEmpty,
    ErrorCode::MessageTooLong,
    ErrorCode::TextNotEncodable,
    ErrorCode::ParameterInvalid,
    ErrorCode::PriceAboveMaximum,
    ErrorCode::NoRoute,
    ErrorCode::NoPrice,
    ErrorCode::MarginTooLow,
    ErrorCode::RecipientOptedOut,
    ErrorCode::ContentForbidden,
    ErrorCode::TemplateRequired,
    ErrorCode::AccountSuspended,
    ErrorCode::NotFound,
];

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSALS])
    }
}

/// Ask what a message would cost.
///
/// Nothing is sent, held or stored. The same checks are made as for sending; a balance that is too low refuses nothing here, and
/// is told as `affordable`. With one number a refusal is the answer; with several each number has its own.
#[utoipa::path(
    post,
    path = "/v1/sms/quote",
    tag = "Messages",
    security(("key" = ["sms:send"]), ("key_header" = ["sms:send"])),
    request_body = QuoteSms,
    responses((status = 200, description = "What it would cost now", body = QuotedSms), Refusals)
)]
pub(crate) async fn quote_sms(
    client: Authorised<scope::SmsSend>,
    input::Json(wanted): input::Json<QuoteSms>,
) -> Result<Json<QuotedSms>, Problem> {
    let engine = client.engine();
    let balance = engine.balance(client.account_id()).ok_or(ErrorCode::NotFound)?;
    let currency = balance.currency;
    let mut quoted = Quoted { total_micros: 0, segments: 0, currency, data: Vec::with_capacity(wanted.to.len()) };
    for to in &wanted.to {
        let request = wanted.to_number(to.clone()).into_request(&client, None);
        let quote = request.and_then(|request| Ok(engine.quote(request)?));
        match quote {
            Err(refused) if wanted.to.len() == 1 => return Err(refused),
            quote => quoted.add(to, quote)?,
        }
    }
    let affordable = balance.allows(quoted.total_micros);
    Ok(Json(QuotedSms {
        data: quoted.data,
        segments: quoted.segments,
        total: Price::new(quoted.total_micros, currency),
        affordable,
    }))
}

impl QuoteSms {
    /// The message as it would be sent to one of the numbers.
    fn to_number(&self, to: String) -> SendSms {
        SendSms {
            to,
            from: self.from.clone(),
            text: self.text.clone(),
            encoding: self.encoding,
            class: self.class,
            max_price: self.max_price.clone(),
            data: self.data.clone(),
            data_coding: self.data_coding,
            udh: self.udh.clone(),
            message_class: self.message_class,
            ports: self.ports,
            validity_s: None,
            template: None,
            template_version: None,
            locale: None,
            variables: BTreeMap::new(),
            tags: Vec::new(),
            send_at: None,
            zone: None,
            reference: None,
            redact: Redaction::default(),
            dry_run: true,
            receipt: true,
            protocol_id: None,
            replace_if_present: false,
            priority: None,
            service_type: None,
            default_message_id: None,
            tlvs: BTreeMap::new(),
        }
    }
}

/// What has been added up so far.
struct Quoted {
    total_micros: i64,
    segments: u32,
    currency: Currency,
    data: Vec<QuotedNumber>,
}

impl Quoted {
    fn add(&mut self, to: &str, quote: Result<submit::Quote, Problem>) -> Result<(), Problem> {
        let (quote, refusal) = match quote {
            Ok(quote) => {
                let sum = self.total_micros.checked_add(quote.price.micros);
                self.total_micros = sum.ok_or(ErrorCode::PriceAboveMaximum)?;
                self.segments += u32::from(quote.segments);
                (Some(NumberQuote::new(&quote, self.currency)), None)
            }
            Err(problem) => (None, Some(NumberRefusal::new(&problem))),
        };
        self.data.push(QuotedNumber { to: to.to_owned(), quote, refusal });
        Ok(())
    }
}

impl NumberQuote {
    fn new(quote: &submit::Quote, currency: Currency) -> Self {
        let holds_until = quote.priced.to;
        Self {
            encoding: quote.encoding,
            segments: quote.segments,
            price_per_segment: Price::new(quote.priced.price_micros, currency),
            price: quote.price.into(),
            charge: quote.priced.policy,
            network: quote.mcc_mnc.map(|network| network.to_string()),
            rate: quote.priced.rate_id.to_string(),
            sheet: quote.priced.sheet_id.to_string(),
            holds_until: (holds_until < sambac_domain::Timestamp::MAX).then_some(Moment(holds_until)),
        }
    }
}

impl NumberRefusal {
    fn new(problem: &Problem) -> Self {
        let code = problem.code();
        Self {
            code: code.code(),
            status: code.http_status(),
            title: code.title(),
            detail: problem.told().map(str::to_owned),
            errors: problem.errors().to_vec(),
        }
    }
}
