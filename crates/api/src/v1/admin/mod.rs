//! The admin API: for who runs the platform. It has keys of its own, and shows no secret but those that it has just made.
//!
//! The five endpoints of each kind of thing are the same but for their words, and come from [`resource`]; all others have a file
//! each.

mod accounts;
mod act_on_connector;
mod connector_state;
mod connectors;
mod difference;
mod export_configuration;
mod import_configuration;
mod list_alerts;
mod list_uncertain;
mod list_versions;
mod operators;
mod renew_password;
mod resource;
mod rollback;
mod routing;
mod show_settings;
mod show_version;
mod shown;
mod smpp_accounts;
mod test_bind;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;

/// All routes of the admin API.
pub(crate) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(operators::routes())
        .merge(connectors::routes())
        .merge(routing::routes())
        .merge(accounts::routes())
        .merge(smpp_accounts::routes())
        .routes(routes!(renew_password::renew_smpp_password))
        .routes(routes!(show_settings::show_settings))
        .routes(routes!(list_versions::list_versions))
        .routes(routes!(show_version::show_version))
        .routes(routes!(rollback::rollback))
        .routes(routes!(export_configuration::export_configuration, import_configuration::import_configuration))
        .routes(routes!(connector_state::show_connector_state))
        .routes(routes!(act_on_connector::start_connector))
        .routes(routes!(act_on_connector::stop_connector))
        .routes(routes!(act_on_connector::drain_connector))
        .routes(routes!(act_on_connector::unbind_connector))
        .routes(routes!(test_bind::test_bind_connector))
        .routes(routes!(list_alerts::list_alerts))
        .routes(routes!(list_uncertain::list_uncertain))
}
