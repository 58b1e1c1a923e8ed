//! `/v1/admin/accounts`: customer accounts. They are never removed, as their ledger is kept.

use axum::extract::Path;
use sambac_engine::admin::Kind;
use utoipa::ToSchema;

use super::difference::ShownDifference;
use super::resource::{Creating, Listing, Reading, Updating, resource};
use super::shown::{Showing, Thing, Things};
use crate::access::{Admin, admin_scope};
use crate::input::{Document, IfMatch, Json, Parameters};
use crate::problem::Problem;
use crate::shown::Moment;

/// A customer account.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct AccountDocument {
    /// Unique.
    #[schema(example = "bank")]
    name: String,
    /// That of its tariff; cannot change.
    #[schema(example = "EUR")]
    currency: String,
    /// The name of the price list it pays by.
    #[schema(example = "standard")]
    tariff: String,
    /// How far below zero its balance may go, decimal text.
    #[schema(default = "0")]
    credit_limit: Option<String>,
    /// The name of the account whose wallet pays for it; its own when not given.
    wallet_of: Option<String>,
    /// How much it may submit over all its ways in, as `200/s burst 50`; empty is no limit.
    throughput: Option<String>,
    /// The least that must be left of a segment's price after its cost, decimal text, or `off`; the route's if not given.
    #[schema(example = "0.002")]
    margin_floor: Option<String>,
    /// The most that one of its messages may cost, all its segments together.
    #[schema(example = "0.25")]
    message_price_max: Option<String>,
    /// `active` or `suspended`.
    #[schema(default = "active")]
    state: Option<String>,
}

/// A customer account as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct Account {
    /// Names it.
    id: String,
    /// When it was made.
    created_at: Moment,
    /// For `If-Match`: changes with everything that is stored of it.
    etag: String,
    /// The version of the configuration that keeps this change; only in the answer to one.
    version: Option<i64>,
    /// What would change; only in the answer to a dry run.
    differences: Option<Vec<ShownDifference>>,
    #[schema(inline)]
    #[serde(flatten)]
    document: AccountDocument,
}

resource! {
    Account at "/v1/admin/accounts", "/v1/admin/accounts/{id}" as AccountDocument, Account, Accounts;
    list_accounts "List the accounts.";
    show_account "Show an account." [];
    create_account "Make an account.";
    update_account "Change an account.";
}
