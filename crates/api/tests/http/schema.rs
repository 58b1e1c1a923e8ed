//! Holds answers against the OpenAPI document: an answer that the document does not describe fails the test that saw it.

use std::sync::LazyLock;

use axum::http::Method;
use serde_json::Value;

use crate::platform::Reply;

pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(sambac_api::openapi()).expect("a document"));

/// Panics unless the answer is as documented.
pub(crate) fn hold(method: &Method, path: &str, reply: &Reply) {
    assert!(!reply.header("x-request-id").is_empty(), "{method} {path}: no request id");
    if reply.status.is_client_error() || reply.status.is_server_error() {
        hold_problem(reply);
    }
    let Some(operation) = operation(method, path) else { return };
    let status = reply.status.as_u16().to_string();
    let documented = &operation["responses"][&status];
    assert!(documented.is_object(), "{method} {path}: {status} is not documented: {}", reply.text);
    let Some((content_type, content)) = documented["content"].as_object().and_then(|kinds| kinds.iter().next()) else {
        return assert!(reply.text.is_empty(), "{method} {path}: {status} has a body: {}", reply.text);
    };
    assert_eq!(reply.header("content-type"), content_type, "{method} {path}: {status}");
    if content_type.ends_with("json") {
        assert_fits(&content["schema"], &reply.json, &format!("{method} {path} {status}"));
    }
    if let Some(codes) = documented["x-error-codes"].as_array() {
        assert!(codes.contains(&reply.json["code"]), "{method} {path}: {status} with an undocumented {}", reply.code());
    }
}

/// What holds for every error, documented operation or not.
fn hold_problem(reply: &Reply) {
    let body = &reply.json;
    assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.text);
    assert_fits(&serde_json::json!({ "$ref": "#/components/schemas/Problem" }), body, "problem");
    assert_eq!(body["status"], reply.status.as_u16(), "{}", reply.text);
    assert_eq!(body["type"], format!("/docs/errors/{}", reply.code()));
    assert_eq!(body["request_id"], reply.header("x-request-id"));
    for leak in [".rs", "panicked", "sqlx", "SELECT", "sambac_engine", "stack backtrace"] {
        assert!(!reply.text.contains(leak), "{leak} in {}", reply.text);
    }
}

/// The operation that serves a path, if the document has one.
pub(crate) fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let given: Vec<_> = path.split('/').collect();
    let matches = |template: &str| {
        let parts: Vec<_> = template.split('/').collect();
        parts.len() == given.len()
            && parts.iter().zip(&given).all(|(part, given)| part.starts_with('{') || part == given)
    };
    // A path without parameters is the better match.
    let mut paths: Vec<_> = DOCUMENT["paths"].as_object()?.iter().filter(|(template, _)| matches(template)).collect();
    paths.sort_by_key(|(template, _)| template.contains('{'));
    let (_, item) = paths.first()?;
    Some(&item[method.as_str().to_ascii_lowercase()]).filter(|operation| operation.is_object())
}

/// The part of JSON Schema that the document uses. Unknown fields are errors here: what is sent is described.
fn assert_fits(schema: &Value, value: &Value, place: &str) {
    if let Err(why) = fits(schema, value, place) {
        panic!("{why}");
    }
}

fn fits(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = DOCUMENT.pointer(reference.trim_start_matches('#')).ok_or(format!("{reference} leads nowhere"))?;
        return fits(target, value, place);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let fitting = choices.iter().any(|choice| fits(choice, value, place).is_ok());
        return fitting.then_some(()).ok_or(format!("{place}: {value} fits none of {choices:?}"));
    }
    type_fits(schema, value, place)?;
    if let Some(words) = schema["enum"].as_array() {
        words.contains(value).then_some(()).ok_or(format!("{place}: {value} is none of {words:?}"))?;
    }
    match value {
        Value::Object(fields) => object_fits(schema, fields, place),
        Value::Array(items) => items.iter().try_for_each(|item| fits(&schema["items"], item, &format!("{place}[]"))),
        _ => Ok(()),
    }
}

fn type_fits(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let kinds = match &schema["type"] {
        Value::Null => return Ok(()),
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let is = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    };
    kinds.iter().any(is).then_some(()).ok_or(format!("{place}: {value} is no {kinds:?}"))
}

fn object_fits(schema: &Value, fields: &serde_json::Map<String, Value>, place: &str) -> Result<(), String> {
    let Some(described) = described(schema) else { return Ok(()) };
    for (name, (field, required)) in &described {
        match fields.get(name.as_str()) {
            Some(value) => fits(field, value, &format!("{place}.{name}"))?,
            None if *required => return Err(format!("{place}: {name} is missing in {fields:?}")),
            None => {}
        }
    }
    match fields.keys().find(|name| !described.contains_key(*name)) {
        Some(name) => Err(format!("{place}: {name} is not described")),
        None => Ok(()),
    }
}

/// The fields of an object and of what it is composed of; `None` when any object will do.
fn described(schema: &Value) -> Option<std::collections::BTreeMap<String, (Value, bool)>> {
    if let Some(reference) = schema["$ref"].as_str() {
        return described(DOCUMENT.pointer(reference.trim_start_matches('#'))?);
    }
    let required =
        |name: &String| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let own = schema["properties"].as_object().into_iter().flatten();
    let own = own.map(|(name, field)| (name.clone(), (field.clone(), required(name))));
    let parts = schema["allOf"].as_array().into_iter().flatten().filter_map(described).flatten();
    let all: std::collections::BTreeMap<_, _> = parts.chain(own).collect();
    (!all.is_empty()).then_some(all)
}

#[test]
fn what_does_not_fit_is_noticed() {
    let schema = serde_json::json!({ "$ref": "#/components/schemas/Price" });
    let good = serde_json::json!({ "amount": "0.0125", "currency": "EUR" });
    assert_eq!(fits(&schema, &good, ""), Ok(()));
    for bad in
        [r#"{"amount":0.0125,"currency":"EUR"}"#, r#"{"amount":"1"}"#, "[]", r#"{"amount":"1","currency":"EUR","x":1}"#]
    {
        assert!(fits(&schema, &serde_json::from_str(bad).unwrap(), "").is_err(), "{bad}");
    }
}
