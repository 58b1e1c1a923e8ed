//! The house rules of `docs/STYLE.md` that a machine can hold, as a test of the repository itself.
//!
//! Each module below is one rule: a function from what it reads to a list of findings, a test that runs it over this
//! repository, and tests that feed it bad samples, so that a rule which has gone blind is noticed.
//!
//! ```text
//! cargo nextest run -p sambac-app --test tidy
//! ```

#![expect(clippy::expect_used, clippy::panic, reason = "all of this is test code, outside #[test] functions too")]

mod dependencies;
mod exceptions;
mod length;
mod licences;
mod links;
mod names;
mod quirks;
mod source;
mod tree;
mod words;

/// Fails with every finding on its own line, so that one run shows all there is to mend.
fn expect_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "\n{rule}\n  {}\n", findings.join("\n  "));
}
