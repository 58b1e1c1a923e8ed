//! `/docs/errors`: the error catalogue; and a page for each code, which is where a problem's `type` leads.

use sambac_domain::error::ErrorCode;
use sambac_domain::sandbox::error_number;
use serde_json::{Value, json};

use super::operation::Operation;
use super::{html, nav};

/// The list.
pub(super) fn render() -> String {
    let rows = ErrorCode::ALL.iter().map(|&code| {
        [
            format!("<a id=\"{code}\" href=\"{}\"><code>{code}</code></a>", path(code)),
            code.http_status().to_string(),
            format!("<code>{:#010x}</code>", code.command_status()),
            html::escape(&code.retry().to_string()),
            html::escape(code.title()),
        ]
    });
    let table = html::table(["Code", "HTTP", "SMPP", "Try again", "What it means"], rows);
    let main = format!(
        "<h1>Errors</h1><p>Every refusal carries one of these codes: over HTTP as <code>code</code> of an \
         <code>application/problem+json</code> body, over SMPP as the command_status. A code keeps its meaning for \
         ever; new ones are added. <a href=\"/docs/guides/errors\">How to treat them</a>.</p>{table}"
    );
    html::page("Errors", &nav::everywhere(), &main)
}

/// Where a code is explained.
pub(super) fn path(code: ErrorCode) -> String {
    format!("/docs/errors/{code}")
}

/// A code's page: what it means, what to do, what it looks like, who answers with it, and how to see it.
pub(super) fn render_code(document: &Value, code: ErrorCode) -> String {
    let facts = html::table(
        ["HTTP status", "SMPP command_status", "Try again"],
        [[
            code.http_status().to_string(),
            format!("<code>{:#010x}</code>", code.command_status()),
            html::escape(&code.retry().to_string()),
        ]],
    );
    let main = format!(
        "<h1><code>{code}</code></h1><p><strong>{}.</strong> {}</p>{facts}<h2>What it looks like</h2><pre><code>{}</code></pre>\
         {}<h2>To see it</h2><p>Send to <code>+{}</code> with a test key, where there is \
         <a href=\"/docs/reference/sandbox\">a sandbox</a>: the send is refused with it, and nothing is kept.</p>\
         <p><a href=\"/docs/errors\">All errors</a>, <a href=\"/docs/guides/errors\">how to treat them</a></p>",
        html::escape(code.title()),
        html::line(code.advice()),
        html::escape(&format!("{:#}", example(code))),
        answering(document, code),
        sandbox_number(code),
    );
    html::page(&format!("{code}: {}", code.title()), &nav::everywhere(), &main)
}

fn sandbox_number(code: ErrorCode) -> String {
    error_number(code).to_string()
}

/// A problem as it comes, without what is particular to a case.
fn example(code: ErrorCode) -> Value {
    let retry = serde_json::to_value(crate::problem::RetryAdvice::from(code.retry())).unwrap_or_default();
    json!({
        "type": path(code), "title": code.title(), "status": code.http_status(), "code": code.code(),
        "request_id": "req_5f2b9c0d00000001", "retry": retry,
    })
}

/// The operations that name the code.
fn answering(document: &Value, code: ErrorCode) -> String {
    let operations: String =
        Operation::all(document).filter(|operation| operation.may_answer(code.code())).map(|one| one.entry()).collect();
    if operations.is_empty() {
        return "<h2>Where it comes from</h2><p>SMPP, and messages that have ended: no operation of the API names it.</p>".to_owned();
    }
    format!("<h2>What answers with it</h2><ul>{operations}</ul>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_list_and_has_a_page_with_what_it_looks_like() {
        let (page, document) = (render(), serde_json::to_value(crate::openapi()).expect("a document"));
        for &code in ErrorCode::ALL {
            assert_eq!(page.matches(&format!("<a id=\"{code}\" href=\"/docs/errors/{code}\">")).count(), 1, "{code}");
            let own = render_code(&document, code);
            assert!(own.contains(&format!("&quot;code&quot;: &quot;{code}&quot;")), "{code}");
            assert!(own.contains(&html::escape(code.title())), "{code}");
        }
    }

    #[test]
    fn a_codes_page_names_the_operations_that_answer_with_it() {
        let document = serde_json::to_value(crate::openapi()).expect("a document");
        let page = render_code(&document, ErrorCode::OtpNotVerified);
        assert!(page.contains("href=\"/docs#check_otp\""), "{page}");
        assert!(!page.contains("#show_balance"), "{page}");
    }
}
