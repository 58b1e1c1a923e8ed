//! The catalogue as a page for people. `UPDATE_DOCS=1` on the test below writes it anew.

use std::fmt::Write;

use super::ErrorCode;

const HEAD: &str = "\
# Errors

Made from the catalogue in `crates/domain/src/error/catalogue.rs`; do not edit. The test of `catalogue_markdown`
writes it anew when `UPDATE_DOCS=1` is set.

REST answers carry the code in a problem+json body, SMPP answers the command_status; a message that failed
keeps the code as its `error`. Codes keep their meaning for ever; new ones are added.

| Code | HTTP | SMPP | Try again | What it means |
|---|---|---|---|---|
";

/// The text of `docs/reference/errors.md`.
pub fn catalogue_markdown() -> String {
    ErrorCode::ALL.iter().fold(HEAD.to_owned(), |mut page, &error| {
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | `0x{:08X}` | {} | **{}.** {} |",
            error.code(),
            error.http_status(),
            error.command_status(),
            error.retry(),
            error.title(),
            error.advice()
        );
        page
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/errors.md");
        let page = catalogue_markdown();
        if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
            std::fs::write(path, &page).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == page, "docs/reference/errors.md is stale: run this test with UPDATE_DOCS=1");
    }
}
