//! `GET /ledger/statement` and `GET /ledger/trial-balance`: what was in the ledger at any past moment, from postings, which never
//! change.

use axum::Json;
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, Currency};
use sambac_engine::ledger::{self, Statement, StatementError, TrialBalance};
use sambac_store::{StatementLine, TrialLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{Amount, Moment};
use crate::v1::paging::bad;

/// Which account, and from when to when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Span {
    /// Whose.
    #[param(example = "acc_01h2xcejqtf2n")]
    account: String,
    /// From this moment on.
    #[param(value_type = Moment)]
    from: Moment,
    /// Before this moment.
    #[param(value_type = Moment)]
    to: Moment,
}

/// At what moment.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct At {
    /// What was posted before it counts.
    #[param(value_type = Moment)]
    at: Moment,
}

/// What moved in an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountStatement {
    #[schema(example = "acc_01h2xcejqtf2n")]
    account: String,
    from: Moment,
    to: Moment,
    balances: Vec<StatementBalance>,
}

/// One of the account's ledger accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatementBalance {
    /// `wallet`, or `held`: what is set aside.
    #[schema(example = "wallet")]
    balance: &'static str,
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// What was in it before the span.
    opening: Amount,
    /// What was in it at the end.
    closing: Amount,
    /// By kind of posting; kinds that did nothing in the span are left out.
    lines: Vec<StatementMoved>,
}

/// What the postings of one kind moved.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatementMoved {
    /// `hold`, `capture`, `void`, `expire`, `debit`, `correct`, `refund` or `credit`.
    #[schema(example = "credit")]
    kind: &'static str,
    /// What came.
    credit: Amount,
    /// What went.
    debit: Amount,
    /// How many there were.
    postings: i64,
}

/// All ledger accounts, by currency.
#[derive(Serialize, ToSchema)]
#[schema(as = TrialBalance)]
pub(crate) struct Trial {
    at: Moment,
    currencies: Vec<TrialCurrency>,
}

/// Those of one currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrialCurrency {
    /// ISO 4217.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// All credits.
    credit: Amount,
    /// All debits.
    debit: Amount,
    /// Whether they are the same, as they must be.
    balanced: bool,
    lines: Vec<TrialOfKind>,
}

/// Those that are for one thing.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrialOfKind {
    /// What they are for.
    #[schema(example = "revenue")]
    balance: &'static str,
    /// How many of them have postings.
    accounts: i64,
    credit: Amount,
    debit: Amount,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// Show what moved in an account.
#[utoipa::path(
    get,
    path = "/ledger/statement",
    tag = "Balances",
    security(("admin_key" = ["balances:read"])),
    params(Span),
    responses((status = 200, description = "What was there, what moved, and what was left", body = AccountStatement), Refusals)
)]
pub(crate) async fn show_statement(
    service: Admin<admin_scope::BalancesRead>,
    Parameters(span): Parameters<Span>,
) -> Result<Json<AccountStatement>, Problem> {
    let Span { account, from, to } = span;
    let id: AccountId = account.parse().map_err(|_| bad("account", "is no account's id".to_owned()))?;
    if from.0 >= to.0 {
        return Err(bad("to", "must be later than from".to_owned()));
    }
    let statements = ledger::statement(service.engine().store(), id, from.0, to.0).await.map_err(failed)?;
    let balances = statements.iter().map(StatementBalance::new).collect();
    Ok(Json(AccountStatement { account: id.to_string(), from, to, balances }))
}

/// Show the trial balance of a moment.
#[utoipa::path(
    get,
    path = "/ledger/trial-balance",
    tag = "Balances",
    security(("admin_key" = ["balances:read"])),
    params(At),
    responses((status = 200, description = "All ledger accounts, added up by what they are for", body = Trial), Refusals)
)]
pub(crate) async fn show_trial_balance(
    service: Admin<admin_scope::BalancesRead>,
    Parameters(At { at }): Parameters<At>,
) -> Result<Json<Trial>, Problem> {
    let currencies = ledger::trial_balance(service.engine().store(), at.0).await.map_err(failed)?;
    Ok(Json(Trial { at, currencies: currencies.iter().map(TrialCurrency::new).collect() }))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn failed(error: StatementError) -> Problem {
    Problem::internal(error.to_string())
}

impl StatementBalance {
    fn new(one: &Statement) -> Self {
        Self {
            balance: one.balance.as_str(),
            currency: one.currency,
            opening: Amount(one.opening_micros),
            closing: Amount(one.closing_micros),
            lines: one.lines.iter().map(StatementMoved::new).collect(),
        }
    }
}

impl StatementMoved {
    fn new(line: &StatementLine) -> Self {
        let (credit, debit) = (Amount(line.credit_micros), Amount(line.debit_micros));
        Self { kind: line.kind.as_str(), credit, debit, postings: line.postings }
    }
}

impl TrialCurrency {
    fn new(one: &TrialBalance) -> Self {
        Self {
            currency: one.currency,
            credit: Amount(one.credit_micros),
            debit: Amount(one.debit_micros),
            balanced: one.is_balanced(),
            lines: one.lines.iter().map(TrialOfKind::new).collect(),
        }
    }
}

impl TrialOfKind {
    fn new(line: &TrialLine) -> Self {
        let (credit, debit) = (Amount(line.credit_micros), Amount(line.debit_micros));
        Self { balance: line.balance.as_str(), accounts: line.accounts, credit, debit }
    }
}
