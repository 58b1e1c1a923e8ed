//! `GET /v1/admin/alerts`: what a person must know of.

use sambac_engine::alert::Alert;
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::Listing;
use crate::access::{Admin, admin_scope};
use crate::shown::Moment;

/// All alerts that are kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// The open ones first, then the latest first.
    data: Vec<ShownAlert>,
}

/// An alert.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownAlert {
    /// What it is about.
    #[schema(example = "connector_credentials")]
    kind: &'static str,
    /// What it is of, by name.
    #[schema(example = "alpha-1")]
    subject: String,
    /// What happened, the last time.
    text: String,
    first_at: Moment,
    last_at: Moment,
    /// How often, since it was last cleared.
    count: u64,
    /// Who has acknowledged it since it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "admin key operations")]
    acknowledged_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<Moment>,
    /// Missing while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared_at: Option<Moment>,
}

/// List the alerts.
///
/// They are kept over a restart. Most tell of a condition and are cleared when it is gone; those that tell of something that has
/// happened (`connector_refusal`, `receipt_ids`, `receipt_state`, `payment_unknown`, `payment_mismatch`, `mo_unrouted`,
/// `mo_undelivered`, `breakage`) when they are acknowledged.
#[utoipa::path(
    get,
    path = "/v1/admin/alerts",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    responses((status = 200, description = "Open ones first", body = Alerts), Listing)
)]
pub(crate) async fn list_alerts(admin: Admin<admin_scope::Operations>) -> axum::Json<Alerts> {
    axum::Json(Alerts { data: admin.engine().alerts().into_iter().map(ShownAlert::from).collect() })
}

impl From<Alert> for ShownAlert {
    fn from(alert: Alert) -> Self {
        Self {
            kind: alert.kind.as_str(),
            subject: alert.subject,
            text: alert.text,
            first_at: Moment(alert.first_at),
            last_at: Moment(alert.last_at),
            count: alert.count,
            acknowledged_at: alert.acknowledged.as_ref().map(|(_, at)| Moment(*at)),
            acknowledged_by: alert.acknowledged.map(|(by, _)| by),
            cleared_at: alert.cleared_at.map(Moment),
        }
    }
}
