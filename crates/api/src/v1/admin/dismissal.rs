//! `POST …/dismiss`: what a person has dealt with is taken off a list.

use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{MoId, OrphanId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::Json;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// What has been dealt with.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dismissal {
    /// Ids of the list.
    #[garde(length(min = 1, max = 200))]
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<String>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dismissed {
    /// How many of them were on the list.
    dismissed: usize,
}

refusals! {
    /// Of a dismissal.
    Dismissing: &[ANY_CALL, ANY_BODY];
}

/// Dismiss receipts that match nothing.
///
/// They are removed, and not tried again.
#[utoipa::path(
    post,
    path = "/v1/admin/orphan-receipts/dismiss",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    request_body = Dismissal,
    responses((status = 200, description = "How many were dismissed", body = Dismissed), Dismissing)
)]
pub(crate) async fn dismiss_orphans(
    admin: Admin<admin_scope::Operations>,
    Json(dismissal): Json<Dismissal>,
) -> Result<axum::Json<Dismissed>, Problem> {
    let ids: Vec<_> = dismissal.read::<OrphanId>()?.into_iter().map(OrphanId::raw).collect();
    let dismissed = admin.engine().dismiss_orphans(&ids).await?;
    tracing::info!(by = admin.administrator().name, dismissed, "orphan receipts were dismissed");
    Ok(axum::Json(Dismissed { dismissed }))
}

/// Dismiss messages from handsets that no route took.
///
/// Their text is wiped, and they are not routed any more.
#[utoipa::path(
    post,
    path = "/v1/admin/unrouted-messages/dismiss",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    request_body = Dismissal,
    responses((status = 200, description = "How many were dismissed", body = Dismissed), Dismissing)
)]
pub(crate) async fn dismiss_unrouted(
    admin: Admin<admin_scope::Operations>,
    Json(dismissal): Json<Dismissal>,
) -> Result<axum::Json<Dismissed>, Problem> {
    let dismissed = admin.engine().dismiss_unrouted(&dismissal.read::<MoId>()?).await?;
    tracing::info!(by = admin.administrator().name, dismissed, "unrouted messages were dismissed");
    Ok(axum::Json(Dismissed { dismissed }))
}

impl Dismissal {
    fn read<Id: std::str::FromStr>(&self) -> Result<Vec<Id>, Problem> {
        let one = |(at, text): (usize, &String)| {
            let problem = || Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid");
            text.parse().map_err(|_| problem().at(format!("/ids/{at}"), "is no id of this list"))
        };
        self.ids.iter().enumerate().map(one).collect()
    }
}
