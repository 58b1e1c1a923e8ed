//! Changes that are only tried: what they would change is told, and nothing is.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use sambac_engine::admin::{Condition, Removed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::difference::{self, ShownDifference};

/// Whether it is done.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DryRun {
    /// Only tell what would change.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// What was changed, or would be.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeOfConfiguration {
    /// The version that keeps the change; missing when nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<i64>,
    pub(super) differences: Vec<ShownDifference>,
}

impl DryRun {
    pub(super) fn is_dry(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// With the ETag that was read.
    pub(super) fn with<'a>(&self, if_match: Option<&'a str>) -> Condition<'a> {
        Condition { if_match, dry_run: self.is_dry() }
    }
}

/// The answer to a removal.
pub(super) fn removed(condition: Condition<'_>, removed: Removed) -> Response {
    if !condition.dry_run {
        return StatusCode::NO_CONTENT.into_response();
    }
    let differences = difference::shown(removed.differences);
    axum::Json(ChangeOfConfiguration { version: removed.version, differences }).into_response()
}
