//! Who may call the services: every operation of their document, with no key, a client's key, keys without the scope, and the right one.

use axum::body::Body;
use axum::http::{Method, Request};
use sambac_engine::admin::AdminScope::{self, BalancesRead, CdrRead, ChargesWrite, Operations};
use sambac_store::rows::AccessState;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::platform::{NOW, Platform, Reply, request};

/// Every operation and the scope that it wants. A new one without a row here fails the test.
const ROWS: &[(&str, AdminScope)] = &[
    ("charge", ChargesWrite),
    ("charge_batch", ChargesWrite),
    ("price", BalancesRead),
    ("show_account_balance", BalancesRead),
    ("list_cdrs", CdrRead),
    ("show_statement", BalancesRead),
    ("show_trial_balance", BalancesRead),
    ("list_breaks", Operations),
    ("explain_break", Operations),
    ("reconcile", Operations),
];

struct Operation {
    method: Method,
    path: String,
    id: String,
    scope: AdminScope,
    has_body: bool,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(sambac_api::services_openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let operation = |path: &str, method: &str, operation: &Value| Operation {
        method: method.to_ascii_uppercase().parse().unwrap(),
        path: path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/"),
        id: operation["operationId"].as_str().unwrap().to_owned(),
        scope: AdminScope::parse(operation["security"][0]["admin_key"][0].as_str().unwrap()).unwrap(),
        has_body: !operation["requestBody"].is_null(),
    };
    let all = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |(method, of)| (path, method, of)));
    all.map(|(path, method, of)| operation(path, method, of)).collect()
}

impl Operation {
    async fn call(&self, platform: &Platform, key: Option<&str>) -> Reply {
        let mut request = match key {
            Some(key) => request(self.method.clone(), &self.path, key),
            None => Request::builder().method(self.method.clone()).uri(&self.path),
        };
        if self.has_body {
            request = request.header("content-type", "application/json");
        }
        let body = if self.has_body { Body::from("{}") } else { Body::empty() };
        Reply::of(platform.services.clone().oneshot(request.body(body).unwrap()).await.unwrap()).await
    }
}

#[test]
fn every_service_has_a_row_and_every_row_a_service() {
    let mut documented: Vec<_> = operations().into_iter().map(|operation| (operation.id, operation.scope)).collect();
    let mut rows: Vec<_> = ROWS.iter().map(|(id, scope)| ((*id).to_owned(), *scope)).collect();
    documented.sort_by(|a, b| a.0.cmp(&b.0));
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(documented, rows);
}

#[tokio::test]
async fn without_a_good_admin_key_no_service_is_reached() {
    let platform = Platform::start().await;
    let revoked = platform.admin_key(2, &AdminScope::ALL, |row| row.state = AccessState::Revoked).await;
    let expired = platform.admin_key(3, &AdminScope::ALL, |row| row.expires_at = Some(NOW)).await;
    let before = platform.traces().await;
    for operation in operations() {
        let expected = operation.call(&platform, None).await;
        assert_eq!((expected.status.as_u16(), expected.code()), (401, "unauthenticated"), "{}", operation.id);
        for key in [&platform.bank, &revoked, &expired, "", "sambac_admin_x_y_z"] {
            assert_eq!(operation.call(&platform, Some(key)).await.told(), expected.told(), "{}", operation.id);
        }
    }
    assert_eq!(platform.traces().await, before);
}

#[tokio::test]
async fn a_service_is_reached_with_its_scope_and_no_other() {
    let platform = Platform::start().await;
    let mut keys = Vec::new();
    for (number, scope) in (10..).zip(AdminScope::ALL) {
        keys.push((scope, platform.admin_key(number, &[scope], |_| {}).await));
    }
    for operation in operations() {
        for (scope, key) in &keys {
            let reply = operation.call(&platform, Some(key)).await;
            if *scope == operation.scope {
                assert!(!matches!(reply.status.as_u16(), 401 | 403 | 500..), "{}: {}", operation.id, reply.text);
            } else {
                assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{} {scope:?}", operation.id);
            }
        }
    }
}
