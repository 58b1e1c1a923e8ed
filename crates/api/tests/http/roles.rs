//! What each role reaches: a session of every role at every operation of the API.

use axum::body::Body;
use axum::http::Method;
use sambac_engine::user::Role;
use serde_json::Value;

use crate::concealment::{OPEN, is_of_session};
use crate::platform::{Platform, Reply, request};
use crate::schema::DOCUMENT;
use crate::users::log_in_as;

struct Operation {
    method: Method,
    path: &'static str,
    operation: &'static Value,
}

fn operations() -> Vec<Operation> {
    let all = DOCUMENT["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| Operation {
            method: method.to_ascii_uppercase().parse().unwrap(),
            path,
            operation,
        })
    });
    all.filter(|it| {
        !OPEN.contains(&it.path) && !is_of_session(it.operation) && it.operation["security"] != serde_json::json!([{}])
    })
    .collect()
}

impl Operation {
    /// The scope that it asks for, and whether it is one of the platform's.
    fn scope(&self) -> (&str, bool) {
        let security = &self.operation["security"][0];
        match security["admin_key"][0].as_str() {
            Some(scope) => (scope, true),
            None => (security["key"][0].as_str().unwrap(), false),
        }
    }

    /// With a body that is wrong, and of things that are not there: who gets past the door is told so.
    async fn call(&self, platform: &Platform, token: &str) -> Reply {
        let path = self.path.replace("{id}", "1").replace("{number}", "99").replace("{rule}", "none");
        let mut request = request(self.method.clone(), &path, token);
        let has_body = !self.operation["requestBody"].is_null();
        if has_body {
            request = request.header("content-type", "application/json");
        }
        platform.call(request.body(if has_body { Body::from("[]") } else { Body::empty() }).unwrap()).await
    }
}

/// A session reaches exactly the operations whose scope its role has; those of the other kind read as for a stranger.
#[tokio::test]
async fn a_session_reaches_exactly_what_its_role_says() {
    let platform = Platform::start().await;
    let operations = operations();
    assert!(operations.len() > 140, "{}", operations.len());
    for role in Role::ALL {
        let token = log_in_as(&platform, role).await;
        for operation in &operations {
            let (scope, is_admin) = operation.scope();
            let status = operation.call(&platform, &token).await.status.as_u16();
            let what = format!("{} at {} {}", role.as_str(), operation.method, operation.path);
            match (role.is_platform() == is_admin, role.words().contains(&scope)) {
                (false, _) => assert_eq!(status, 401, "{what}"),
                (true, false) => assert_eq!(status, 403, "{what}"),
                (true, true) => assert!(!matches!(status, 401 | 403 | 500..), "{what}: {status}"),
            }
        }
    }
}
