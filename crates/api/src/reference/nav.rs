//! What every page leads to.

use super::guide::{GUIDES, Guide};
use super::html;

/// The guides, the reference, the errors.
pub(super) fn everywhere() -> String {
    let list = |wanted: fn(&Guide) -> bool| -> String { GUIDES.iter().filter(|one| wanted(one)).map(entry).collect() };
    format!(
        "<h2>Guides</h2><ul>{}</ul><h2>Reference</h2><ul><li><a href=\"/docs\">API reference</a></li>\
         <li><a href=\"/docs/errors\">Errors</a></li>{}<li><a href=\"/openapi.json\">OpenAPI document</a></li></ul>",
        list(Guide::is_guide),
        list(|guide| !guide.is_guide())
    )
}

fn entry(guide: &Guide) -> String {
    format!("<li><a href=\"{}\">{}</a></li>", guide.path(), html::escape(guide.title()))
}
