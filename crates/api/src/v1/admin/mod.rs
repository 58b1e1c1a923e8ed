//! The admin API: for who runs the platform. It has keys of its own, and shows no secret but those that it has just made.
//!
//! The five endpoints of each kind of thing are the same but for their words, and come from [`resource`]; all others have a file
//! each.

mod accounts;
mod acknowledge_alert;
mod act_on_connector;
mod apply_receipt_rule;
mod catalogue;
mod certify_connector;
mod connector_state;
mod connectors;
mod difference;
mod dismissal;
mod dry_run;
mod erasures;
mod export_configuration;
mod import_configuration;
mod keys;
mod list_alerts;
mod list_nodes;
mod list_orphans;
mod list_uncertain;
mod list_unrouted;
mod list_versions;
mod mo_route_state;
mod mo_routes;
mod networks;
mod number_prefixes;
mod operator_groups;
mod operators;
mod prices;
mod receipt_rules;
mod release_segments;
mod rematch_orphans;
mod renew_password;
mod replay_receipts;
mod resource;
mod rollback;
mod rotate_signing_key;
mod route_unrouted;
mod routing;
mod search_audit;
mod show_settings;
mod show_version;
mod shown;
mod smpp_accounts;
mod test_bind;
mod transfers;
mod users;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;

/// All routes of the admin API.
pub(crate) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(operators::routes())
        .merge(connectors::routes())
        .merge(routing::routes())
        .merge(mo_routes::routes())
        .merge(accounts::routes())
        .merge(smpp_accounts::routes())
        .merge(keys::routes())
        .merge(users::routes())
        .merge(prices::routes())
        .merge(networks::routes())
        .merge(number_prefixes::routes())
        .merge(operator_groups::routes())
        .routes(routes!(catalogue::list_catalogue_networks))
        .routes(routes!(catalogue::show_catalogue_number))
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
        .routes(routes!(release_segments::release_segments))
        .routes(routes!(test_bind::test_bind_connector))
        .routes(routes!(certify_connector::certify_connector))
        .routes(routes!(certify_connector::show_certification))
        .routes(routes!(rotate_signing_key::rotate_signing_key))
        .routes(routes!(search_audit::search_audit))
        .routes(routes!(list_nodes::list_nodes))
        .routes(routes!(list_alerts::list_alerts))
        .routes(routes!(acknowledge_alert::acknowledge_alert))
        .routes(routes!(erasures::ask_erasure))
        .routes(routes!(erasures::show_erasure))
        .routes(routes!(transfers::add_transfer, transfers::list_transfers))
        .routes(routes!(transfers::show_transfer))
        .routes(routes!(transfers::approve_transfer))
        .routes(routes!(transfers::refuse_transfer))
        .routes(routes!(list_uncertain::list_uncertain))
        .routes(routes!(list_orphans::list_orphans))
        .routes(routes!(rematch_orphans::rematch_orphans))
        .routes(routes!(dismissal::dismiss_orphans))
        .routes(routes!(receipt_rules::show_receipt_rules))
        .routes(routes!(apply_receipt_rule::apply_receipt_rule))
        .routes(routes!(replay_receipts::replay_receipts))
        .routes(routes!(mo_route_state::show_mo_route_state))
        .routes(routes!(list_unrouted::list_unrouted))
        .routes(routes!(route_unrouted::route_unrouted))
        .routes(routes!(dismissal::dismiss_unrouted))
}
