//! Query parameters: every operation that the document gives one refuses a wrong one in our words, and names it.

use axum::body::Body;
use axum::http::Method;
use sambac_domain::{AccountId, BatchId, ConnectorId, MoRouteId, OperatorId, RouteId, SmppAccountId, WebhookId};
use serde_json::Value;

use crate::platform::{Platform, Reply, request};
use crate::schema::DOCUMENT;

/// One operation with query parameters.
struct Operation {
    method: Method,
    path: String,
    parameters: &'static [Value],
}

fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().filter_map(move |(method, operation)| {
            let parameters = operation["parameters"].as_array()?;
            Some(Operation { method: method.to_ascii_uppercase().parse().unwrap(), path: filled(path), parameters })
        })
    });
    all.filter(|operation| operation.in_query().next().is_some()).collect()
}

/// A path with ids of the right kind in it.
fn filled(path: &str) -> String {
    let of = |kind: &str| path.contains(&format!("/{kind}/"));
    let id = match () {
        () if of("accounts") => AccountId::from_raw(1 << 8).to_string(),
        () if of("connectors") => ConnectorId::from_raw(1 << 8).to_string(),
        () if of("operators") => OperatorId::from_raw(1 << 8).to_string(),
        () if of("routes") => RouteId::from_raw(1 << 8).to_string(),
        () if of("mo-routes") => MoRouteId::from_raw(1 << 8).to_string(),
        () if of("smpp-accounts") => SmppAccountId::from_raw(1 << 8).to_string(),
        () if of("batches") => BatchId::from_raw(1 << 8).to_string(),
        () if of("webhooks") => WebhookId::from_raw(1 << 8).to_string(),
        // Names, and what reads any text.
        () => "none".to_owned(),
    };
    path.replace("{id}", &id).replace("{number}", "1").replace("{rule}", "none")
}

impl Operation {
    fn in_query(&self) -> impl Iterator<Item = &'static Value> {
        self.parameters.iter().filter(|parameter| parameter["in"] == "query")
    }

    /// The query with everything that has to be there but `without`, and with `more`.
    fn query(&self, without: &str, more: &[(&str, &str)]) -> String {
        let required = self.in_query().filter(|parameter| parameter["required"] == true);
        let required = required.map(|parameter| (parameter["name"].as_str().unwrap(), example(parameter)));
        let required = required.map(|(name, value)| (name, value.expect("an example of what is required")));
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let pairs = required.filter(|(name, _)| *name != without).chain(more);
        pairs.map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect::<Vec<_>>().join("&")
    }

    async fn refused(&self, platform: &Platform, query: &str, blamed: &str) {
        let uri = format!("{}?{query}", self.path);
        let key = if self.path.starts_with("/v1/admin/") { &platform.admin } else { &platform.bank };
        let reply = platform.call(request(self.method.clone(), &uri, key).body(Body::empty()).unwrap()).await;
        hold(&reply, &format!("{} {uri}", self.method), blamed);
    }
}

/// What the document gives as an example of it.
fn example(parameter: &Value) -> Option<String> {
    match &parameter["example"] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The answer blames the parameter, in words of ours.
fn hold(reply: &Reply, what: &str, blamed: &str) {
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "invalid_request"), "{what}: {}", reply.text);
    assert_eq!(reply.json["errors"][0]["parameter"], blamed, "{what}: {}", reply.text);
    for theirs in ["deserialize", "field `", "digit", "invalid type", "string `", "variant"] {
        assert!(!reply.text.contains(theirs), "{what}: {theirs} in {}", reply.text);
    }
}

#[tokio::test]
async fn every_wrong_query_parameter_is_named_in_our_words() {
    let platform = Platform::start().await;
    let operations = operations();
    assert!(operations.len() > 20, "{}", operations.len());
    for operation in operations {
        operation.refused(&platform, &operation.query("", &[("nonsense", "1")]), "nonsense").await;
        for parameter in operation.in_query() {
            let name = parameter["name"].as_str().unwrap();
            if parameter["required"] == true {
                operation.refused(&platform, &operation.query(name, &[]), name).await;
            }
            let kind = parameter["schema"]["type"].as_str().unwrap_or("a moment");
            let value = if kind == "boolean" { Some("true".to_owned()) } else { example(parameter) };
            let value = value.unwrap_or_else(|| "1".to_owned());
            operation.refused(&platform, &operation.query(name, &[(name, &value), (name, &value)]), name).await;
            let wrong: &[&str] = match kind {
                "boolean" | "integer" => &["perhaps", "", "99999999999999999999999", "1.5"],
                "a moment" => &["perhaps", ""],
                _ => &[],
            };
            for wrong in wrong {
                operation.refused(&platform, &operation.query(name, &[(name, wrong)]), name).await;
            }
        }
    }
}
