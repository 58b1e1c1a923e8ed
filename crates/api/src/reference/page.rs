//! `/docs`: the whole API on one page, made from the OpenAPI document.

use serde_json::Value;

use super::{html, nav, operation};

const INTRODUCTION: &str = "<p>New here? Begin with <a href=\"/docs/guides/first-message\">the first message</a>.</p><p>Give your API key with each request, as <code>Authorization: Bearer sambac_…</code> or as \
    <code>X-Api-Key</code>. Each operation names the scope that the key must have. Every answer carries an \
    <code>X-Request-Id</code>; quote it when you ask us about a request. The same description for programs is \
    <a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\
    <form class=\"needs-script\"><label>API key, to try operations on this page; it is kept nowhere\
    <input id=\"key\" type=\"password\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"sambac_…\"></label></form>";

/// The page.
pub(super) fn render(document: &Value) -> String {
    let (title, description) = (text(&document["info"]["title"]), text(&document["info"]["description"]));
    let tags: Vec<_> = document["tags"].as_array().into_iter().flatten().map(|tag| text(&tag["name"])).collect();
    let nav: String = tags.iter().map(|tag| contents(document, tag)).collect();
    let nav = format!("<strong>{}</strong>{}{nav}", html::escape(title), nav::everywhere());
    let operations: String =
        tags.iter().flat_map(|tag| operation::tagged(document, tag)).map(|one| one.section(document)).collect();
    let main = format!("<h1>{}</h1>{}{INTRODUCTION}{operations}", html::escape(title), html::prose(description));
    html::page(title, &nav, &main)
}

fn contents(document: &Value, tag: &str) -> String {
    let entries: String = operation::tagged(document, tag).map(|one| one.entry()).collect();
    format!("<h2>{}</h2><ul>{entries}</ul>", html::escape(tag))
}

/// A text of the document; empty when there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        render(&serde_json::to_value(crate::openapi()).expect("a document"))
    }

    #[test]
    fn every_operation_is_on_the_page() {
        let page = page();
        let document = serde_json::to_value(crate::openapi()).expect("a document");
        let paths = document["paths"].as_object().expect("paths");
        let operations: Vec<_> = paths.values().flat_map(|item| item.as_object().expect("an item").values()).collect();
        assert!(operations.len() >= 7);
        for operation in operations {
            let id = operation["operationId"].as_str().expect("an id");
            assert_eq!(page.matches(&format!("<section id=\"{id}\"")).count(), 1, "{id}");
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_nothing_inline() {
        let page = page();
        for banned in ["//cdn", "src=\"http", "href=\"http", " style=", "onclick", "<script>", "<style"] {
            assert!(!page.contains(banned), "{banned}");
        }
    }
}
