//! The public API, version 1: one file per endpoint, holding its request and response, its OpenAPI and its handler.

mod add_payment;
mod admin;
mod batch;
mod cancel_sms;
mod events;
mod inbound;
mod keys;
mod life;
mod list_audit;
mod list_inbound;
mod list_payments;
mod list_sms;
mod make_token;
mod opt_outs;
mod otp;
pub(crate) mod paging;
mod payment;
pub(crate) mod payment_webhook;
mod quote;
mod quote_sms;
mod send_sms;
mod session;
mod show_balance;
mod show_inbound;
mod show_payment;
mod show_sms;
mod show_usage;
mod sms_request;
mod templates;
mod users;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Door;

/// All routes of version 1.
pub(crate) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(send_sms::send_sms))
        .routes(routes!(quote_sms::quote_sms))
        .routes(routes!(show_sms::show_sms))
        .routes(routes!(cancel_sms::cancel_sms))
        .routes(routes!(list_sms::list_sms))
        .routes(routes!(list_inbound::list_inbound))
        .routes(routes!(show_inbound::show_inbound))
        .routes(routes!(show_balance::show_balance))
        .routes(routes!(add_payment::add_payment, list_payments::list_payments))
        .routes(routes!(show_payment::show_payment))
        .routes(routes!(show_usage::show_usage))
        .routes(routes!(list_audit::list_audit))
        .routes(routes!(make_token::make_token))
        .merge(batch::routes())
        .merge(templates::routes())
        .merge(opt_outs::routes())
        .merge(webhooks::routes())
        .merge(events::routes())
        .merge(keys::routes())
        .merge(session::routes())
        .merge(users::routes())
        .merge(otp::routes())
        .merge(admin::routes())
}
