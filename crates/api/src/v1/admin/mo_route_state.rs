//! `GET /v1/admin/mo-routes/{id}/state`: whether the targets of a route can take messages from handsets.

use sambac_domain::MoRouteId;
use sambac_domain::mo::MoTarget;
use sambac_engine::{MoRouteStatus, MoTargetStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Id;
use crate::problem::Problem;

/// How a route is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownMoRoute {
    #[schema(example = "mor_01h2xcejqtf2n")]
    id: String,
    #[schema(example = "short-code")]
    name: String,
    /// Whether it is used.
    enabled: bool,
    /// In order.
    targets: Vec<ShownMoTarget>,
}

/// How one of its targets is.
#[derive(Serialize, ToSchema)]
struct ShownMoTarget {
    /// `webhook` or `smpp`.
    #[schema(example = "smpp")]
    kind: &'static str,
    #[schema(example = "smp_01h2xcejqtf2n")]
    id: String,
    /// The webhook's URL, or the system_id; empty when it was removed.
    #[schema(example = "bank")]
    name: String,
    /// `ready`; `away`: the SMPP account has no receiving bind; `disabled`; `removed`.
    #[schema(example = "ready")]
    state: &'static str,
    /// Messages, by whichever route, that wait for it; 10,000 is "at least".
    waiting: i64,
}

/// Show how a route of messages from handsets is.
#[utoipa::path(
    get,
    path = "/v1/admin/mo-routes/{id}/state",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The route", example = "mor_01h2xcejqtf2n")),
    responses((status = 200, description = "As a whole, and each of its targets", body = ShownMoRoute), Reading)
)]
pub(crate) async fn show_mo_route_state(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<MoRouteId>,
) -> Result<axum::Json<ShownMoRoute>, Problem> {
    Ok(axum::Json(admin.engine().mo_route_status(id).await?.into()))
}

impl From<MoRouteStatus> for ShownMoRoute {
    fn from(status: MoRouteStatus) -> Self {
        let MoRouteStatus { id, name, enabled, targets } = status;
        Self { id: id.to_string(), name, enabled, targets: targets.into_iter().map(ShownMoTarget::from).collect() }
    }
}

impl From<MoTargetStatus> for ShownMoTarget {
    fn from(status: MoTargetStatus) -> Self {
        let kind = match status.target {
            MoTarget::Webhook(_) => "webhook",
            MoTarget::Smpp(_) => "smpp",
        };
        let (id, state) = (status.target.to_string(), status.state.as_str());
        Self { kind, id, name: status.name, state, waiting: status.waiting }
    }
}
