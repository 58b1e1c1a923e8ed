//! Examples made from schemas: of a request with what it must have, of a response with all it has.

use serde_json::{Map, Value, json};

/// How deep schemas may nest before an example is cut, should one ever name itself.
const DEPTH_MAX: usize = 8;

/// Follows `$ref` into the document's components.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// An object with the fields that a request must have.
pub(super) fn request(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names = required.iter().filter_map(Value::as_str);
    Value::Object(names.map(|name| (name.to_owned(), of(document, &schema["properties"][name], 0))).collect())
}

/// A value with all that a response has.
pub(super) fn response(document: &Value, schema: &Value) -> Value {
    of(document, schema, 0)
}

/// The fields of an object, with those of the parts it is composed of.
pub(super) fn fields<'a>(document: &'a Value, schema: &'a Value) -> Vec<(&'a str, &'a Value, bool)> {
    let schema = resolve(document, schema);
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| fields(document, part));
    let own = schema["properties"].as_object().into_iter().flatten();
    parts.chain(own.map(|(name, field)| (name.as_str(), field, required(name)))).collect()
}

fn of(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolve(document, schema);
    let given = [&schema["example"], &schema["examples"][0], &schema["default"], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|value| !value.is_null()) {
        return given.clone();
    }
    let fields = fields(document, schema);
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if !fields.is_empty() {
        let object: Map<_, _> =
            fields.iter().map(|(name, field, _)| ((*name).to_owned(), of(document, field, depth + 1))).collect();
        return Value::Object(object);
    }
    match kind(schema) {
        "array" => json!([of(document, &schema["items"], depth + 1)]),
        "integer" => schema["minimum"].as_i64().filter(|minimum| *minimum > 0).map_or(json!(1), Value::from),
        "boolean" => json!(false),
        "object" => json!({}),
        "string" => json!("…"),
        _ => choice(document, schema, depth),
    }
}

/// The first alternative that is more than `null`.
fn choice(document: &Value, schema: &Value, depth: usize) -> Value {
    let alternatives = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    let first = alternatives.into_iter().flatten().find(|one| one["type"] != "null");
    first.map_or(Value::Null, |one| of(document, one, depth + 1))
}

/// The type's name; of a nullable one, the other.
pub(super) fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("any"),
        kind => kind.as_str().unwrap_or("any"),
    }
}
