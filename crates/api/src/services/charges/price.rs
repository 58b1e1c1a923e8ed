//! `POST /charges/price`: what a message would cost an account, without sending or holding anything.

use axum::Json;
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::message::Origin;
use sambac_domain::number::{self, Sender};
use sambac_domain::{AccountId, ApiKeyId, Currency, TrafficClass};
use sambac_engine::submit::{Content, SubmitRequest};
use sambac_engine::tariff::QuotedCost;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Admin, admin_scope};
use crate::input;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Price};

/// A message to be priced.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceEnquiry {
    /// Who would pay.
    #[garde(skip)]
    #[schema(value_type = String, example = "acc_01h2xcejqtf2n")]
    account: AccountId,
    /// Where it would go.
    #[garde(skip)]
    #[schema(example = "+447700900123")]
    to: String,
    /// What the handset would show.
    #[garde(skip)]
    #[schema(example = "MyBank")]
    from: String,
    /// The text.
    #[garde(length(chars, min = 1))]
    #[schema(example = "Your code is 123456")]
    text: String,
    /// What the message is for.
    #[garde(skip)]
    #[serde(default = "transactional")]
    #[schema(value_type = shown::Class, default = "transactional")]
    class: TrafficClass,
}

/// What it would cost.
#[derive(Serialize, ToSchema)]
pub(crate) struct PriceAnswer {
    /// Segments it would take.
    segments: u8,
    /// For all of them.
    price: Price,
    /// The line of the tariff.
    #[schema(example = "rat_01h2xcejqtf2n")]
    rate: String,
    /// MCC and MNC of the destination's network, as far as known.
    #[schema(example = "001-01")]
    network: Option<String>,
    /// Whether the wallet covers it now.
    affordable: bool,
    /// What the operators of its connectors would be paid, in the order in which they would be tried, as far as it is known.
    costs: Vec<ConnectorCost>,
}

/// What the operator of a connector would be paid.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectorCost {
    /// The connector.
    #[schema(example = "con_01h2xcejqtf2n")]
    connector: String,
    /// For all segments.
    cost: Price,
    /// The line of the operator's cost book.
    #[schema(example = "rat_01h2xcejqtf2n")]
    rate: String,
    /// What would be left of the price; not given when the cost is in another currency.
    margin: Option<Price>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        let own = [
            ErrorCode::InvalidDestination,
            ErrorCode::InvalidSender,
            ErrorCode::MessageTooLong,
            ErrorCode::NoRoute,
            ErrorCode::NoPrice,
            ErrorCode::MarginTooLow,
            ErrorCode::PriceAboveMaximum,
            ErrorCode::AccountSuspended,
            ErrorCode::NotFound,
        ];
        openapi::problems(&[ANY_CALL, ANY_BODY, &own])
    }
}

/// Ask for a price.
#[utoipa::path(
    post,
    path = "/charges/price",
    tag = "Charges",
    security(("admin_key" = ["balances:read"])),
    request_body = PriceEnquiry,
    responses((status = 200, description = "What the message would cost now", body = PriceAnswer), Refusals)
)]
pub(crate) async fn price(
    service: Admin<admin_scope::BalancesRead>,
    input::Json(enquiry): input::Json<PriceEnquiry>,
) -> Result<Json<PriceAnswer>, Problem> {
    if service.engine().snapshot().account(enquiry.account).is_none() {
        return Err(Problem::new(ErrorCode::NotFound).at("/account", "is unknown"));
    }
    let quote = service.engine().quote(enquiry.request()?)?;
    Ok(Json(PriceAnswer {
        segments: quote.segments,
        price: quote.price.into(),
        rate: quote.priced.rate_id.to_string(),
        network: quote.mcc_mnc.map(|network| network.to_string()),
        affordable: quote.affordable,
        costs: quote.costs.iter().map(|cost| ConnectorCost::new(cost, quote.price.currency)).collect(),
    }))
}

impl ConnectorCost {
    fn new(quoted: &QuotedCost, currency: Currency) -> Self {
        Self {
            connector: quoted.connector_id.to_string(),
            cost: quoted.cost.into(),
            rate: quoted.rate_id.to_string(),
            margin: quoted.margin_micros.map(|micros| Price::new(micros, currency)),
        }
    }
}

impl PriceEnquiry {
    fn request(self) -> Result<SubmitRequest, Problem> {
        let destination = number::parse(&self.to, None)
            .map_err(|_| Problem::new(ErrorCode::InvalidDestination).at("/to", "is not an international number"))?;
        let sender = Sender::parse(&self.from)
            .map_err(|_| Problem::new(ErrorCode::InvalidSender).at("/from", "is no sender"))?;
        Ok(SubmitRequest {
            account_id: self.account,
            // Nothing is sent: no credentials are meant.
            origin: Origin::Rest { api_key: ApiKeyId::from_raw(0) },
            sender,
            destination,
            content: Content::Text(self.text, None),
            class: self.class,
            validity: None,
            client_ref: None,
            receipt_wanted: false,
            registered_delivery: 0,
            price_micros_max: None,
            test_only: false,
            idempotency: None,
            options: None,
            part: None,
        })
    }
}

fn transactional() -> TrafficClass {
    TrafficClass::Transactional
}
