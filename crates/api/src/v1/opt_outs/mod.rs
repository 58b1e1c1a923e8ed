//! The opt-out list: who wants no more messages of the account. What an entry looks like to its client is here.

mod add;
mod import;
mod list;
mod remove;
mod show;

use axum::extract::DefaultBodyLimit;
use sambac_domain::error::ErrorCode;
use sambac_domain::number::shown_address;
use sambac_engine::opt_out::OptOutView;
use sambac_engine::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;
use crate::problem::Problem;
use crate::shown::{self, Moment};

/// Octets of a file: 300 for each of 10,000 numbers.
const FILE_OCTETS_MAX: usize = 3_000_000;

/// The routes of opt-outs.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(import::import_opt_outs))
        .layer(DefaultBodyLimit::max(FILE_OCTETS_MAX))
        .routes(routes!(add::add_opt_out, list::list_opt_outs))
        .routes(routes!(show::show_opt_out, remove::remove_opt_out))
}

/// A refusal as it is told here. What is not there reads alike, whether its id is one or not.
fn told(refusal: Refusal) -> Problem {
    if refusal.code == ErrorCode::NotFound { Problem::new(ErrorCode::NotFound) } else { refusal.into() }
}

/// What was said last of a number, for all senders of the account or for one.
#[derive(Serialize, ToSchema)]
pub(crate) struct OptOut {
    /// Names the entry.
    #[schema(example = "out_01h2xcejqtf2n")]
    id: String,
    /// The number; missing once it was erased on its person's wish: the entry counts all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+447700900123")]
    number: Option<String>,
    /// The sender that it gets nothing of; missing when that is so for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "MyBank")]
    sender: Option<String>,
    #[schema(value_type = shown::OptOutState)]
    state: &'static str,
    #[schema(value_type = shown::OptOutSource)]
    source: &'static str,
    /// The message from the handset, or who called.
    #[schema(example = "mo_01h2xcejqtf2n")]
    set_by: String,
    /// Why, in the account's own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    /// When it was said.
    set_at: Moment,
}

impl From<OptOutView> for OptOut {
    fn from(view: OptOutView) -> Self {
        let OptOutView { row, number } = view;
        Self {
            id: row.id.to_string(),
            number: number.map(|number| format!("{number:#}")),
            sender: Some(row.sender).filter(|sender| !sender.is_empty()).map(|sender| shown_address(&sender)),
            state: row.state.as_str(),
            source: row.source.as_str(),
            set_by: row.set_by,
            note: row.note,
            set_at: Moment(row.set_at),
        }
    }
}
