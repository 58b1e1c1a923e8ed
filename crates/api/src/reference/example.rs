//! Examples made from schemas: of a request with what it must have, of a response with all it has.

use serde_json::{Map, Value, json};

use crate::openapi::schema::{fields, resolve};

/// How deep schemas may nest before an example is cut, should one ever name itself.
const DEPTH_MAX: usize = 8;

/// The example that a request has, or an object with the fields that it must have.
pub(super) fn request(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names = required.iter().filter_map(Value::as_str);
    Value::Object(names.map(|name| (name.to_owned(), of(document, &schema["properties"][name], 0))).collect())
}

/// The same as the fields of a form.
pub(super) fn form(document: &Value, schema: &Value) -> String {
    let request = request(document, schema);
    let fields = request.as_object().into_iter().flatten();
    let pairs =
        fields.map(|(name, value)| (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A value with all that a response always has, and of the rest what has an example of its own.
pub(super) fn response(document: &Value, schema: &Value) -> Value {
    of(document, schema, 0)
}

/// What a field is, in its own words or those of its type.
pub(super) fn description<'a>(field: &'a Value, resolved: &'a Value) -> &'a str {
    let own = [&field["description"], &field["oneOf"][0]["description"], &field["oneOf"][1]["description"]];
    own.into_iter().chain([&resolved["description"]]).find_map(Value::as_str).unwrap_or_default()
}

fn of(document: &Value, schema: &Value, depth: usize) -> Value {
    let own = schema;
    let schema = resolve(document, schema);
    let given = [&own["example"], &schema["example"], &schema["examples"][0], &schema["default"], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|value| !value.is_null()) {
        return given.clone();
    }
    let fields = fields(document, schema);
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if !fields.is_empty() {
        let shown = fields.iter().filter(|(_, field, required)| *required || !field["example"].is_null());
        let object: Map<_, _> =
            shown.map(|(name, field, _)| ((*name).to_owned(), of(document, field, depth + 1))).collect();
        return Value::Object(object);
    }
    match kind(schema) {
        "array" => json!([of(document, &schema["items"], depth + 1)]),
        "integer" => schema["minimum"].as_i64().filter(|minimum| *minimum > 0).map_or(json!(1), Value::from),
        "boolean" => json!(false),
        "object" => json!({}),
        "string" => json!("…"),
        _ => Value::Null,
    }
}

/// The type's name; of a nullable one, the other.
pub(super) fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("any"),
        kind => kind.as_str().unwrap_or("any"),
    }
}
