//! One operation of the reference page: what it takes, what it answers, how to call it.

use serde_json::Value;

use super::example;
use super::html::{escape, line, prose, table};
use super::page::text;
use crate::openapi::schema::{fields, resolve};

/// How deep tables follow objects inside objects.
const DEPTH_MAX: usize = 3;
/// Longer lists of words are told elsewhere.
const WORDS_MAX: usize = 12;

/// An operation of the document.
pub(super) struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
}

/// The operations of a tag, in the document's order.
pub(super) fn tagged<'a>(document: &'a Value, tag: &'a str) -> impl Iterator<Item = Operation<'a>> {
    Operation::all(document).filter(move |operation| operation.value["tags"][0] == tag)
}

impl<'a> Operation<'a> {
    /// All of a document.
    pub(super) fn all(document: &'a Value) -> impl Iterator<Item = Self> {
        let paths = document["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(|(method, value)| Operation { method, path, value })
        })
    }
}

impl Operation<'_> {
    /// Where it is described.
    pub(super) fn place(&self) -> String {
        format!("/docs#{}", self.id())
    }

    /// What it does and how it is called.
    pub(super) fn title(&self) -> String {
        format!("{} ({} {})", self.summary(), self.method.to_uppercase(), self.path)
    }

    /// What is said of it.
    pub(super) fn about(&self) -> String {
        format!("{} {}", text(&self.value["description"]).replace('`', ""), self.id())
    }

    /// Whether it names this error among its answers.
    pub(super) fn may_answer(&self, code: &str) -> bool {
        let answers = self.value["responses"].as_object().into_iter().flatten();
        let mut codes = answers.filter_map(|(_, answer)| answer["x-error-codes"].as_array()).flatten();
        codes.any(|one| one == code)
    }

    fn id(&self) -> &str {
        text(&self.value["operationId"])
    }

    fn summary(&self) -> &str {
        text(&self.value["summary"]).trim_end_matches('.')
    }

    /// Its line in the contents.
    pub(super) fn entry(&self) -> String {
        format!("<li><a href=\"{}\">{}</a></li>", escape(&self.place()), escape(self.summary()))
    }

    /// Its part of the page.
    pub(super) fn section(&self, document: &Value) -> String {
        format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{summary}</h2>\
             <p class=\"where\"><span class=\"method {method}\">{upper}</span>{path}</p>{description}{scope}\
             {parameters}{body}<h3>Example</h3>{curl}{responses}{form}</section>",
            id = escape(self.id()),
            summary = escape(self.summary()),
            method = self.method,
            upper = self.method.to_uppercase(),
            path = escape(self.path),
            description = prose(text(&self.value["description"])),
            scope = self.scope(),
            parameters = self.parameters(document),
            body = self.body(document),
            curl = self.curl(document),
            responses = self.responses(document),
            form = self.form(document),
        )
    }

    fn scope(&self) -> String {
        let scopes = self.value["security"][0].as_object().and_then(|ways| ways.values().next()?.as_array());
        let words: Vec<_> =
            scopes.into_iter().flatten().map(|scope| format!("<code>{}</code>", escape(text(scope)))).collect();
        if words.is_empty() { String::new() } else { format!("<p class=\"hint\">Scope {}</p>", words.join(", ")) }
    }

    fn parameter_list(&self) -> impl Iterator<Item = &Value> {
        self.value["parameters"].as_array().into_iter().flatten()
    }

    fn parameters(&self, document: &Value) -> String {
        let rows: Vec<_> = self
            .parameter_list()
            .map(|parameter| {
                let place = format!("<span class=\"hint\">{}</span>", escape(text(&parameter["in"])));
                let name = format!("<code>{}</code><br>{place}", escape(text(&parameter["name"])));
                [
                    name,
                    about(resolve(document, &parameter["schema"]), &Value::Null, parameter["required"] == true),
                    line(text(&parameter["description"])),
                ]
            })
            .collect();
        if rows.is_empty() {
            String::new()
        } else {
            format!("<h3>Parameters</h3>{}", table(["Name", "Type", "What it is"], rows))
        }
    }

    /// What a body is, and how it is described.
    fn media(&self) -> Option<(&str, &Value)> {
        let content = self.value["requestBody"]["content"].as_object()?;
        content.iter().next().map(|(kind, media)| (kind.as_str(), media))
    }

    fn body_schema(&self) -> Option<&Value> {
        Some(&self.value["requestBody"]["content"]["application/json"]["schema"]).filter(|schema| !schema.is_null())
    }

    fn body(&self, document: &Value) -> String {
        let Some(schema) = self.body_schema() else { return String::new() };
        format!("<h3>Body</h3>{}", field_table(document, schema))
    }

    fn curl(&self, document: &Value) -> String {
        let mut lines = vec![format!("curl \"$SAMBAC_URL{}\"", self.path.replace('{', "$").replace('}', ""))];
        if self.method != "get" && self.media().is_none() {
            lines.push(format!("-X {}", self.method.to_uppercase()));
        }
        let is_admin = self.value["security"][0]["admin_key"].is_array();
        let key = if is_admin { "SAMBAC_ADMIN_KEY" } else { "SAMBAC_API_KEY" };
        lines.push(format!("-H \"Authorization: Bearer ${key}\""));
        if let Some((kind, media)) = self.media() {
            lines.push(format!("-H 'Content-Type: {kind}'"));
            lines.push(match kind {
                "application/json" => format!("-d '{}'", example::request(document, &media["schema"])),
                "application/x-www-form-urlencoded" => format!("-d '{}'", example::form(document, &media["schema"])),
                _ => format!("--data-binary '{}'", text(&media["example"]).trim_end()),
            });
        }
        format!("<pre><code>{}</code></pre>", escape(&lines.join(" \\\n  ")))
    }

    fn responses(&self, document: &Value) -> String {
        let responses: Vec<_> = self.value["responses"].as_object().into_iter().flatten().collect();
        let rows = responses.iter().map(|(status, response)| [(*status).clone(), line(text(&response["description"]))]);
        let table = table(["Status", "When"], rows);
        let details: String =
            responses.iter().map(|(status, response)| response_details(document, status, response)).collect();
        format!("<h3>Answers</h3>{table}{details}")
    }

    /// A form that runs it; complete only with the page's script.
    fn form(&self, document: &Value) -> String {
        let inputs: String = self.parameter_list().map(input).collect();
        let body = self.media().map(|(kind, media)| {
            let example = match kind {
                "application/json" => format!("{:#}", example::request(document, &media["schema"])),
                "application/x-www-form-urlencoded" => example::form(document, &media["schema"]),
                _ => text(&media["example"]).to_owned(),
            };
            format!(
                "<label>Body<textarea spellcheck=\"false\" data-type=\"{kind}\">{}</textarea></label>",
                escape(&example)
            )
        });
        format!(
            "<details class=\"needs-script\"><summary>Try it</summary><form data-method=\"{}\" data-path=\"{}\">{inputs}{}\
             <button type=\"submit\">Send</button><output></output></form></details>",
            self.method.to_uppercase(),
            escape(self.path),
            body.unwrap_or_default()
        )
    }
}

fn input(parameter: &Value) -> String {
    let name = escape(text(&parameter["name"]));
    format!(
        "<label>{name}<input name=\"{name}\" data-in=\"{}\" autocomplete=\"off\"></label>",
        escape(text(&parameter["in"]))
    )
}

/// What a success looks like. Errors all look the same and are told once, on their own page.
fn response_details(document: &Value, status: &str, response: &Value) -> String {
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_null() {
        return String::new();
    }
    let example = format!("{:#}", example::response(document, schema));
    format!(
        "<details><summary>Body of {status}</summary>{}<h3>Example</h3><pre><code>{}</code></pre></details>",
        field_table(document, schema),
        escape(&example)
    )
}

fn field_table(document: &Value, schema: &Value) -> String {
    table(["Field", "Type", "What it is"], field_rows(document, schema, "", 0))
}

/// A row for each field, those that must be there first, and below it those of the objects that it holds.
fn field_rows(document: &Value, schema: &Value, place: &str, depth: usize) -> Vec<[String; 3]> {
    let mut sorted = fields(document, schema);
    sorted.sort_by_key(|(_, _, required)| !required);
    let mut rows = Vec::new();
    for (name, field, required) in sorted {
        let resolved = resolve(document, field);
        let about = about(resolved, &field["default"], required);
        rows.push([
            format!("<code>{place}{}</code>", escape(name)),
            about,
            line(example::description(field, resolved)),
        ]);
        let (inner, mark) = match example::kind(resolved) {
            "array" => (&resolved["items"], "[]."),
            _ => (resolved, "."),
        };
        if depth < DEPTH_MAX {
            rows.extend(field_rows(document, inner, &format!("{place}{}{mark}", escape(name)), depth + 1));
        }
    }
    rows
}

/// Type, bounds and words of a schema, in a few words.
fn about(schema: &Value, default: &Value, required: bool) -> String {
    let mut parts = vec![example::kind(schema).to_owned()];
    parts.extend(schema["format"].as_str().map(str::to_owned));
    if let Some(words) = schema["enum"].as_array().filter(|words| words.len() <= WORDS_MAX) {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        parts = vec![words.join(" | ")];
    }
    for (bound, word) in [("minimum", "≥"), ("maximum", "≤"), ("maxLength", "at most")] {
        parts.extend(schema[bound].as_i64().map(|value| format!("{word} {value}")));
    }
    let default = [default, &schema["default"]].into_iter().find(|value| !value.is_null());
    parts.extend(default.map(|value| format!("default {value}")));
    let need = if required { "" } else { "<br><span class=\"hint\">optional</span>" };
    format!("{}{need}", escape(&parts.join(", ")))
}
