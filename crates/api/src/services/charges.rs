//! `POST /charges`: take an amount at once, set it aside, take or give back what was set aside, give back what was taken.
//! `POST /charges/batch`: many of these, each for itself or all or none.
//!
//! Each is carried out once by its key, however often it comes, and a refusal stays a refusal. Reference:
//! `docs/reference/charges.md`.

mod answer;
mod order;
mod price;

use std::time::Duration;

use axum::Json;
use garde::Validate;
use sambac_domain::AccountId;
use sambac_domain::error::ErrorCode;
use sambac_domain::ledger::Command;
use sambac_engine::Engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Admin, admin_scope};
use crate::input::{self, IdempotencyKey};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

use answer::{Charge, ChargeResult, problem_of};
use order::ChargeOrder;
pub(crate) use price::{__path_price, price};

/// Orders of one batch at most.
const BATCH_MAX: usize = 500;
/// How long what is set aside stays so, unless another time is given.
const HELD: Duration = Duration::from_secs(900);

/// What the ledger refuses for good.
const REFUSED: &[ErrorCode] = &[
    ErrorCode::InsufficientFunds,
    ErrorCode::AccountSuspended,
    ErrorCode::NotFound,
    ErrorCode::HoldEnded,
    ErrorCode::HoldExpired,
    ErrorCode::AmountNotCovered,
    ErrorCode::CurrencyMismatch,
    ErrorCode::IdempotencyMismatch,
    ErrorCode::LinkedChargeRefused,
];

/// Many orders.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChargeBatch {
    /// All of them or none. Otherwise each is carried out or refused for itself.
    #[garde(skip)]
    #[serde(default)]
    #[schema(default = false)]
    linked: bool,
    /// In this order.
    #[garde(length(min = 1, max = BATCH_MAX), dive)]
    charges: Vec<KeyedOrder>,
}

/// An order with the key that makes it one.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(try_from = "serde_json::Map<String, serde_json::Value>")]
pub(crate) struct KeyedOrder {
    /// As the `Idempotency-Key` of a single charge: 1 to 255 visible ASCII characters.
    #[garde(length(min = 1, max = 255), custom(visible))]
    #[schema(min_length = 1, max_length = 255, example = "order-1984")]
    key: String,
    #[garde(dive)]
    #[serde(flatten)]
    order: ChargeOrder,
}

/// The key beside the fields of an order. Flattened, serde would pass over fields that nobody knows: a misspelt `amount` must not
/// take all.
impl TryFrom<serde_json::Map<String, serde_json::Value>> for KeyedOrder {
    type Error = serde_json::Error;

    fn try_from(mut fields: serde_json::Map<String, serde_json::Value>) -> Result<Self, serde_json::Error> {
        let key = fields.remove("key").unwrap_or_default();
        let key = String::deserialize(key).map_err(|error| serde::de::Error::custom(format!("key: {error}")))?;
        Ok(Self { key, order: ChargeOrder::deserialize(serde_json::Value::Object(fields))? })
    }
}

/// What became of each order, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChargeResults {
    charges: Vec<ChargeResult>,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSED, &[ErrorCode::QueueFull]])
    }
}

struct BatchRefusals;

impl utoipa::IntoResponses for BatchRefusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::QueueFull]])
    }
}

/// Charge an account.
///
/// `debit` takes an amount at once. `hold` sets it aside until `expires_in_s` is over; `capture` takes what was set aside, or a
/// part of it; `void` gives back what is left. `refund` gives back what was taken. The answer is given when all of it is durable.
#[utoipa::path(
    post,
    path = "/charges",
    tag = "Charges",
    security(("admin_key" = ["charges:write"])),
    params(("Idempotency-Key" = String, Header, description = "Makes a repetition of this request give the first answer again. Needed.")),
    request_body = ChargeOrder,
    responses((status = 200, description = "Done, now or when it first came", body = Charge), Refusals)
)]
pub(crate) async fn charge(
    service: Admin<admin_scope::ChargesWrite>,
    IdempotencyKey(key): IdempotencyKey,
    input::Json(order): input::Json<ChargeOrder>,
) -> Result<Json<Charge>, Problem> {
    let missing = || {
        let problem = Problem::new(ErrorCode::InvalidRequest).detail("a charge needs a key");
        problem.parameter("Idempotency-Key", "must be given, so that the charge is made once")
    };
    let command = command(service.engine(), key.ok_or_else(missing)?, &order, "")?;
    let account = command.account;
    let outcomes = service.engine().charge(vec![command], false).await?;
    let outcome = outcomes.into_iter().next().ok_or(ErrorCode::Internal)?;
    match outcome.answer {
        Ok(done) => Ok(Json(Charge::new(account, &done, outcome.replayed))),
        Err(refusal) => Err(problem_of(&refusal)),
    }
}

/// Charge many times.
///
/// Each order is as one of `POST /charges`, with its key in it. With `linked` all of them are carried out or none: the one that
/// is refused says why, the others that they went with it, and all of that stays so for their keys.
#[utoipa::path(
    post,
    path = "/charges/batch",
    tag = "Charges",
    security(("admin_key" = ["charges:write"])),
    request_body = ChargeBatch,
    responses((status = 200, description = "What became of each", body = ChargeResults), BatchRefusals)
)]
pub(crate) async fn charge_batch(
    service: Admin<admin_scope::ChargesWrite>,
    input::Json(batch): input::Json<ChargeBatch>,
) -> Result<Json<ChargeResults>, Problem> {
    let engine = service.engine();
    let commands = batch
        .charges
        .iter()
        .enumerate()
        .map(|(place, keyed)| command(engine, keyed.key.clone(), &keyed.order, &format!("/charges/{place}")));
    let commands: Vec<Command> = commands.collect::<Result<_, _>>()?;
    let accounts: Vec<AccountId> = commands.iter().map(|command| command.account).collect();
    let outcomes = engine.charge(commands, batch.linked).await?;
    let charges = accounts.into_iter().zip(outcomes).map(|(account, outcome)| ChargeResult::new(account, &outcome));
    Ok(Json(ChargeResults { charges: charges.collect() }))
}

fn visible(key: &str, _: &()) -> garde::Result {
    let fits = key.bytes().all(|octet| octet.is_ascii_graphic());
    fits.then_some(()).ok_or_else(|| garde::Error::new("must be visible ASCII characters"))
}

/// The order as the ledger takes it. What is wrong with it is told at `pointer` and not kept: it is no order yet.
fn command(engine: &Engine, key: String, order: &ChargeOrder, pointer: &str) -> Result<Command, Problem> {
    let account = order.account();
    let snapshot = engine.snapshot();
    let (Some(own), Some(balance)) = (snapshot.account(account), engine.balance(account)) else {
        return Err(Problem::new(ErrorCode::NotFound)
            .detail("there is no such account")
            .at(format!("{pointer}/account"), "is unknown"));
    };
    if order.is_new_money() && !own.active {
        return Err(ErrorCode::AccountSuspended.into());
    }
    if order.currency().is_some_and(|currency| currency != balance.currency) {
        let detail = format!("the account pays in {}", balance.currency);
        return Err(Problem::new(ErrorCode::CurrencyMismatch).at(format!("{pointer}/currency"), detail));
    }
    let fingerprint = engine.fingerprint(account, order.canonical().as_bytes());
    let expires_at = |ttl: Option<u32>| {
        let held = ttl.map_or(HELD, |seconds| Duration::from_secs(seconds.into()));
        engine.clock().now().saturating_add(held)
    };
    let order = order.order(expires_at).map_err(|(field, detail)| {
        Problem::new(ErrorCode::InvalidRequest).detail("an order is not valid").at(format!("{pointer}/{field}"), detail)
    })?;
    Ok(Command { account, key, fingerprint, order })
}
