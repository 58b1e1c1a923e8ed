//! HTTP: the public API with its reference page, and the services listener with health and metrics.
//!
//! One file per endpoint under `v1`, each with its request, response, OpenAPI and handler. A handler reaches the engine
//! only through `access::Authorised`, so none can forget to ask for a key and a scope; every error is written out by
//! `answer` as a problem of the catalogue.
//!
//! ```text
//! let api = Api::new(engine, Limits::default());
//! serve(public_listener, api.public(), Limits::default(), stop.clone());
//! serve(services_listener, api.services(), Limits::default(), stop);
//! ```

mod access;
mod answer;
mod authorization_server;
mod cross_origin;
mod input;
mod jwks;
mod openapi;
mod origin;
mod problem;
mod reference;
mod request_id;
mod serve;
mod services;
mod shown;
mod signed_body;
mod traffic;
mod v1;
mod witness;

use axum::Router;
use sambac_engine::Engine;

pub use cross_origin::{Origin, origin};
pub use openapi::{openapi, services_openapi};
pub use origin::{ForwardedHeader, Proxies};
pub use serve::{Limits, serve};
pub use services::{binds, front, standby};

use access::Door;
use answer::Answering;

/// Makes the routers of both listeners, which share their counters.
pub struct Api {
    engine: Engine,
    answering: Answering,
    limits: Limits,
    proxies: Proxies,
    origins: Vec<Origin>,
}

impl Api {
    /// The API of this engine.
    pub fn new(engine: Engine, limits: Limits) -> Self {
        Self { engine, answering: Answering::new(limits), limits, proxies: Proxies::default(), origins: Vec::new() }
    }

    /// The same behind proxies, whose word is taken on where calls come from.
    #[must_use]
    pub fn behind(self, proxies: Proxies) -> Self {
        Self { proxies, ..self }
    }

    /// The same for pages of these origins, too; see [`origin()`].
    #[must_use]
    pub fn for_pages_of(self, origins: Vec<Origin>) -> Self {
        Self { origins, ..self }
    }

    /// For clients: `/v1/…`, `/openapi.json`, `/docs`.
    pub fn public(&self) -> Router {
        let (v1, document) = openapi::described().split_for_parts();
        let door = Door::new(self.engine.clone(), self.proxies.clone());
        let routes = v1.with_state(door.clone()).merge(reference::routes(&openapi::linked(document)));
        let routes = routes.merge(v1::payment_webhook::routes(door.clone())).merge(jwks::routes(door.clone()));
        let routes = routes.merge(authorization_server::routes(door));
        let routes = signed_body::around(routes, self.limits.body_octets_max);
        cross_origin::around(self.finish(routes), &self.origins)
    }

    /// For operators of the platform: `/health/live`, `/health/ready`, `/metrics`, `/cdr`. Not to be reached from outside.
    pub fn services(&self) -> Router {
        self.finish(services::routes(&self.engine, &self.answering.traffic))
    }

    fn finish(&self, routes: Router) -> Router {
        answer::around(routes, &self.answering, self.limits.body_octets_max)
    }
}
