//! Reading schemas of the finished document.

use serde_json::Value;

/// Follows `$ref` into the document's components, and takes the alternative of an optional value that is not `null`.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let alternatives = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    let schema = alternatives.into_iter().flatten().find(|one| one["type"] != "null").unwrap_or(schema);
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// The fields of an object, with those of the parts it is composed of.
pub(crate) fn fields<'a>(document: &'a Value, schema: &'a Value) -> Vec<(&'a str, &'a Value, bool)> {
    let schema = resolve(document, schema);
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| fields(document, part));
    let own = schema["properties"].as_object().into_iter().flatten();
    parts.chain(own.map(|(name, field)| (name.as_str(), field, required(name)))).collect()
}
