//! The OpenAPI document, generated from the handlers' attributes, and what their descriptions share.

mod links;
pub(crate) mod schema;

use std::collections::{BTreeMap, BTreeSet};

use sambac_domain::error::ErrorCode;
use sambac_engine::Scope;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::access::Door;
use crate::problem::{FieldError, ProblemBody, RetryAdvice};
use crate::{services, v1};

/// The document's responses of one kind, by status.
pub(crate) type Documented = BTreeMap<String, RefOr<Response>>;

/// What any call may be refused with.
pub(crate) const ANY_CALL: &[ErrorCode] = &[
    ErrorCode::Unauthenticated,
    ErrorCode::InvalidRequestSignature,
    ErrorCode::SecondFactorRequired,
    ErrorCode::Forbidden,
    ErrorCode::RateLimited,
    ErrorCode::ServiceUnavailable,
    ErrorCode::Internal,
];

/// What any call with a body may be refused with.
pub(crate) const ANY_BODY: &[ErrorCode] =
    &[ErrorCode::InvalidRequest, ErrorCode::PayloadTooLarge, ErrorCode::UnsupportedMediaType];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sambac API",
        version = "1",
        description = "Send OTP and transactional SMS, follow each through its whole life, read the balance.\n\n\
            Every error is an `application/problem+json` body with a `code` of the [error catalogue](/docs/errors). \
            Amounts are decimal text, never floating-point numbers; moments are RFC 3339 in UTC.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "Messages", description = "Send messages and follow them"),
        (name = "OTP", description = "Send one-time codes and check them"),
        (name = "Account", description = "What can be spent"),
        (name = "Keys", description = "Make, rotate and revoke API keys"),
        (name = "Sessions", description = "Log in and out"),
        (name = "Users", description = "Make and change the account's users"),
        (name = "Webhooks", description = "Be told of events"),
        (name = "Events", description = "Read and stream events"),
        (name = "Admin", description = "For who runs the platform: configuration, versions, operations"),
    ),
    components(schemas(ProblemBody<'_>, FieldError, RetryAdvice)),
    modifiers(&Keys)
)]
struct Base;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sambac services",
        version = "1",
        description = "For services of your own: charge accounts, read their balances and what was sent. On the services listener, which is not \
            to be reached from outside; every call needs an admin key with the scope that it names.\n\n\
            Every error is an `application/problem+json` body with a `code` of the error catalogue. Amounts are decimal text, \
            never floating-point numbers; moments are RFC 3339 in UTC.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "Charges", description = "Take, set aside and give back"),
        (name = "Balances", description = "What can be spent"),
        (name = "CDR", description = "What was sent, how it ended, what it cost"),
        (name = "Reconciliation", description = "Whether messages, money and CDRs tell of the same"),
    ),
    components(schemas(ProblemBody<'_>, FieldError, RetryAdvice)),
    modifiers(&Keys)
)]
struct ServicesBase;

/// The two ways to present an API key.
struct Keys;

/// The OpenAPI 3.1 document of the public API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    linked(described().into_openapi())
}

/// The OpenAPI 3.1 document of the services listener.
pub fn services_openapi() -> utoipa::openapi::OpenApi {
    linked(described_services().into_openapi())
}

/// The document that routes have made, with its links.
pub(crate) fn linked(document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    links::add(document)
}

/// The routes of the services listener that have descriptions.
pub(crate) fn described_services() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(ServicesBase::openapi()).merge(services::money())
}

/// The routes with their descriptions.
pub(crate) fn described() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(Base::openapi()).merge(v1::routes())
}

/// Problem responses for `groups` of codes: one for each status, listing its codes.
pub(crate) fn problems(groups: &[&[ErrorCode]]) -> Documented {
    let mut by_status: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    for code in groups.iter().copied().flatten() {
        by_status.entry(code.http_status()).or_default().insert(code.code());
    }
    by_status.into_iter().map(|(status, codes)| (status.to_string(), problem(&codes).into())).collect()
}

fn problem(codes: &BTreeSet<&str>) -> Response {
    let links: Vec<_> = codes.iter().map(|code| format!("[`{code}`](/docs/errors/{code})")).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let codes: Vec<_> = codes.iter().copied().collect();
    ResponseBuilder::new()
        .description(links.join(", "))
        .content("application/problem+json", content)
        .extensions(Some(Extensions::builder().add("x-error-codes", codes).build()))
        .build()
}

impl Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sambac_…");
        components.add_security_scheme("key", SecurityScheme::Http(bearer.build()));
        let session = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sambac_session_…");
        components.add_security_scheme("session", SecurityScheme::Http(session.build()));
        let header =
            ApiKeyValue::with_description("X-Api-Key", "The same key, for clients that cannot set Authorization");
        let scopes = Scope::ALL.map(|scope| (scope.as_str(), scope.as_str()));
        let token = Flow::ClientCredentials(ClientCredentials::new("/v1/token", Scopes::from_iter(scopes)));
        let token = OAuth2::with_description([token], "A token that an API key has made, in place of the key");
        components.add_security_scheme("token", SecurityScheme::OAuth2(token));
        let admin = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sambac_admin_…");
        components.add_security_scheme("admin_key", SecurityScheme::Http(admin.build()));
        components.add_security_scheme("key_header", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}
