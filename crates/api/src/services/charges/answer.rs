//! What a charge came to, and the problem that a refusal is.

use sambac_domain::error::ErrorCode;
use sambac_domain::ledger::{Done, HoldState, Refusal, Verb};
use sambac_domain::money::Micros;
use sambac_domain::{AccountId, Currency};
use sambac_engine::ChargeOutcome;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::shown::{Amount, Code, Moment};

/// A charge right after the order was carried out.
#[derive(Serialize, ToSchema)]
pub(crate) struct Charge {
    /// Names it from now on.
    #[schema(example = "hld_01h2xcejqtf2n")]
    charge: String,
    #[schema(example = "acc_01h2xcejqtf2n")]
    account: String,
    /// What was done.
    #[schema(value_type = ActionWord)]
    action: &'static str,
    /// How far it was then.
    #[schema(value_type = StateWord)]
    state: &'static str,
    /// How much this order moved.
    moved: Amount,
    /// How much was set aside, or taken at once.
    amount: Amount,
    /// Taken of it.
    captured: Amount,
    /// Given back of that.
    refunded: Amount,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// When what is set aside goes back by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Moment>,
    /// When it was done.
    done_at: Moment,
    /// Whether it was done before, and this is the answer of then.
    replayed: bool,
}

/// What became of one order of a batch: the charge, or why there is none.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChargeResult {
    /// The HTTP status that the order would have had alone.
    #[schema(example = 200)]
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<Charge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ChargeProblem>,
}

/// Why an order of a batch was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChargeProblem {
    #[schema(value_type = Code)]
    code: &'static str,
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Whether it was refused before, and this is the answer of then.
    replayed: bool,
}

/// An action that was carried out.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a word")]
enum ActionWord {
    Debit,
    Hold,
    Capture,
    Void,
    Refund,
}

/// A state of a charge.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a word")]
enum StateWord {
    Open,
    Captured,
    Voided,
    Expired,
}

impl Charge {
    pub(super) fn new(account: AccountId, done: &Done, replayed: bool) -> Self {
        Self {
            charge: done.hold.to_string(),
            account: account.to_string(),
            action: done.verb.as_str(),
            state: done.state.0.as_str(),
            moved: Amount(done.moved_micros),
            amount: Amount(done.amount_micros),
            captured: Amount(done.captured_micros),
            refunded: Amount(done.refunded_micros),
            currency: done.currency,
            expires_at: done.expires_at.map(Moment).filter(|_| done.verb != Verb::Debit),
            done_at: Moment(done.at),
            replayed,
        }
    }
}

impl ChargeResult {
    pub(super) fn new(account: AccountId, outcome: &ChargeOutcome) -> Self {
        match &outcome.answer {
            Ok(done) => Self { status: 200, charge: Some(Charge::new(account, done, outcome.replayed)), problem: None },
            Err(refusal) => {
                let (code, detail) = told(refusal);
                let problem =
                    ChargeProblem { code: code.code(), title: code.title(), detail, replayed: outcome.replayed };
                Self { status: code.http_status(), charge: None, problem: Some(problem) }
            }
        }
    }
}

/// The problem that a refusal of the ledger is.
pub(super) fn problem_of(refusal: &Refusal) -> Problem {
    let (code, detail) = told(refusal);
    match detail {
        Some(detail) => Problem::new(code).detail(detail),
        None => Problem::new(code),
    }
}

fn told(refusal: &Refusal) -> (ErrorCode, Option<String>) {
    match refusal {
        Refusal::NoWallet => (ErrorCode::NotFound, Some("the account has no wallet".to_owned())),
        Refusal::UnknownHold => (ErrorCode::NotFound, Some("the account has no such charge".to_owned())),
        Refusal::Insufficient => (ErrorCode::InsufficientFunds, None),
        Refusal::TooLarge => (ErrorCode::AmountNotCovered, Some("a sum would be too large".to_owned())),
        Refusal::Nothing => (ErrorCode::InvalidRequest, Some("the amount must be above zero".to_owned())),
        Refusal::Ended(state) => (ErrorCode::HoldEnded, Some(format!("it is {}", ended(state.0)))),
        Refusal::Overdue => (ErrorCode::HoldExpired, None),
        Refusal::AboveLeft(left) => (ErrorCode::AmountNotCovered, Some(format!("{} is left", Micros(*left)))),
        Refusal::Linked(place) => {
            (ErrorCode::LinkedChargeRefused, Some(format!("number {place} of the group, counted from 0, was refused")))
        }
        Refusal::KeyUsed => (ErrorCode::IdempotencyMismatch, None),
    }
}

const fn ended(state: HoldState) -> &'static str {
    state.as_str()
}
