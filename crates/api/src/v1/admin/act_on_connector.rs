//! `POST /v1/admin/connectors/{id}/start|stop|drain|unbind`: what a person does to a running connector. None of it is
//! configuration, and no version keeps it; but what was asked is stored, and holds when the process starts again.

use std::time::Duration;

use sambac_domain::ConnectorId;
use sambac_domain::error::ErrorCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::connector_state::{ShownConnector, shown};
use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Parameters};
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

refusals! {
    /// Of an action.
    Acting: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::InvalidRequest, ErrorCode::WrongState]];
}

/// How long to drain.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Draining {
    /// Seconds after which it unbinds all the same.
    #[param(minimum = 1, maximum = 3600, default = 60)]
    limit_s: Option<u64>,
}

/// Declares an action that needs nothing but the connector.
macro_rules! action {
    ($name:ident at $path:tt, $text:tt, $more:tt, $act:ident) => {
        #[doc = $text]
        ///
        #[doc = $more]
        #[utoipa::path(
                            post,
                            path = $path,
                            tag = "Admin",
                            security(("admin_key" = ["operations"])),
                            params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
                            responses((status = 200, description = "How it is now", body = ShownConnector), Acting)
                        )]
        pub(crate) async fn $name(
            admin: Admin<admin_scope::Operations>,
            Id(id): Id<ConnectorId>,
        ) -> Result<axum::Json<ShownConnector>, Problem> {
            let before = shown(&admin, id)?;
            let was_done = admin.engine().$act(id, &admin.administrator().author()).await?;
            done(&admin, &before, id, was_done)
        }
    };
}

action! {
    start_connector at "/v1/admin/connectors/{id}/start",
    "Start a connector.",
    "It binds again, whatever stopped it: refused credentials, an answer, a person, a drain.",
    connector_start
}

action! {
    stop_connector at "/v1/admin/connectors/{id}/stop",
    "Stop a connector.",
    "It unbinds and stays down until it is started, also when the process starts again. What waits for it waits on.",
    connector_stop
}

/// Renew a connector's binds.
///
/// Each unbinds in good order and binds again.
#[utoipa::path(
    post,
    path = "/v1/admin/connectors/{id}/unbind",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n")),
    responses((status = 200, description = "How it is now", body = ShownConnector), Acting)
)]
pub(crate) async fn unbind_connector(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
) -> Result<axum::Json<ShownConnector>, Problem> {
    let before = shown(&admin, id)?;
    done(&admin, &before, id, admin.engine().connector_unbind(id).await?)
}

/// Drain a connector.
///
/// It takes nothing more off the queue, and unbinds when everything on its way is answered. Receipts come in meanwhile. Then it
/// stays down until it is started, also when the process starts again.
#[utoipa::path(
    post,
    path = "/v1/admin/connectors/{id}/drain",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The connector", example = "con_01h2xcejqtf2n"), Draining),
    responses((status = 200, description = "How it is now", body = ShownConnector), Acting)
)]
pub(crate) async fn drain_connector(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<ConnectorId>,
    Parameters(Draining { limit_s }): Parameters<Draining>,
) -> Result<axum::Json<ShownConnector>, Problem> {
    let limit_s = limit_s.unwrap_or(60);
    if !(1..=3_600).contains(&limit_s) {
        let problem = Problem::new(ErrorCode::InvalidRequest).detail("a parameter is not valid");
        return Err(problem.parameter("limit_s", "must be from 1 to 3600"));
    }
    let before = shown(&admin, id)?;
    let (by, limit) = (admin.administrator().author(), Duration::from_secs(limit_s));
    done(&admin, &before, id, admin.engine().connector_drain(id, &by, limit).await?)
}

fn done(
    admin: &Admin<admin_scope::Operations>,
    before: &ShownConnector,
    id: ConnectorId,
    was_done: bool,
) -> Result<axum::Json<ShownConnector>, Problem> {
    if was_done {
        return shown(admin, id).map(axum::Json);
    }
    Err(Problem::new(ErrorCode::WrongState).detail(format!("the connector is {}", before.word())))
}
