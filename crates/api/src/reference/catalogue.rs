//! `/docs/errors`: the error catalogue, one anchor for each code, which is where a problem's `type` leads.

use sambac_domain::error::ErrorCode;

use super::html;

/// The page.
pub(super) fn render() -> String {
    let contents: String =
        ErrorCode::ALL.iter().map(|code| format!("<li><a href=\"#{code}\"><code>{code}</code></a></li>")).collect();
    let nav = format!("<a href=\"/docs\">API reference</a><h2>Codes</h2><ul>{contents}</ul>");
    let entries: String = ErrorCode::ALL.iter().map(|&code| entry(code)).collect();
    let main = format!(
        "<h1>Errors</h1><p>Every refusal carries one of these codes: over HTTP as <code>code</code> of an \
         <code>application/problem+json</code> body, over SMPP as the command_status. A code keeps its meaning for \
         ever; new ones are added.</p>{entries}"
    );
    html::page("Sambac errors", &nav, &main)
}

fn entry(code: ErrorCode) -> String {
    let facts = html::table(
        ["HTTP status", "SMPP command_status", "Try again"],
        [[
            code.http_status().to_string(),
            format!("<code>{:#010x}</code>", code.command_status()),
            code.retry().to_string(),
        ]],
    );
    format!(
        "<section id=\"{code}\"><h2><code>{code}</code></h2><p><strong>{}.</strong> {}</p>{facts}</section>",
        html::escape(code.title()),
        html::line(code.advice())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_anchor() {
        let page = render();
        for code in ErrorCode::ALL {
            assert_eq!(page.matches(&format!("<section id=\"{code}\">")).count(), 1, "{code}");
        }
    }
}
