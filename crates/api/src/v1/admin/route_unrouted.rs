//! `POST /v1/admin/unrouted-messages/route`: messages that no route took are given to the routes of now.

use serde::Serialize;
use utoipa::ToSchema;

use super::list_unrouted::UnroutedQuery;
use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::problem::Problem;

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoutedAgain {
    /// Messages that a route takes now: they are on their way.
    routed: usize,
    /// Those that none takes.
    left: usize,
}

/// Route messages from handsets again that no route took.
///
/// All that the parameters name; with none, all there are. What a route takes is delivered as a new message would be.
#[utoipa::path(
    post,
    path = "/v1/admin/unrouted-messages/route",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(UnroutedQuery),
    responses((status = 200, description = "How many are on their way", body = RoutedAgain), Reading)
)]
pub(crate) async fn route_unrouted(
    admin: Admin<admin_scope::Operations>,
    Parameters(wanted): Parameters<UnroutedQuery>,
) -> Result<axum::Json<RoutedAgain>, Problem> {
    let done = admin.engine().route_again(&wanted.filter()?).await?;
    tracing::info!(by = admin.administrator().name, done.routed, done.left, "unrouted messages were routed again");
    Ok(axum::Json(RoutedAgain { routed: done.routed, left: done.left }))
}
