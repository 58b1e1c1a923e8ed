//! Files of at most 500 lines (without inline tests) and functions of at most 70 (lines that hold code).
//!
//! Only what ships is measured: `crates/*/src`, without modules compiled for tests.

use crate::exceptions::{self, Measured};
use crate::source::{blanked, closing_brace, is_test_file, without_inline_tests};
use crate::tree::{self, TextFile};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

fn file_lengths(files: &[TextFile]) -> Vec<Measured> {
    let shipped = files.iter().filter(|file| !is_test_file(&file.path));
    shipped
        .map(|file| Measured {
            what: file.path.clone(),
            lines: without_inline_tests(&blanked(&file.text)).lines().count(),
        })
        .collect()
}

fn function_lengths(files: &[TextFile]) -> Vec<Measured> {
    let shipped = files.iter().filter(|file| !is_test_file(&file.path));
    shipped.flat_map(|file| functions_of(&file.path, &without_inline_tests(&blanked(&file.text)))).collect()
}

fn functions_of(path: &str, code: &str) -> Vec<Measured> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String =
            code[at + 3..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(end) = body_open(code, at).and_then(|open| closing_brace(code, open)) else {
            continue;
        };
        let lines = code[at..end].lines().filter(|line| !line.trim().is_empty()).count();
        found.push(Measured { what: format!("{path}:{name}"), lines });
    }
    found
}

/// The brace that opens the body of the function declared at `from`; `None` for a declaration without one.
fn body_open(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ';' if depth == 0 => return None,
            '{' if depth == 0 => return Some(from + at),
            _ => {}
        }
    }
    None
}

#[test]
fn files_and_functions_are_short() {
    let files = tree::rust_files();
    let exceptions = exceptions::listed();
    let (of_files, of_functions) = (file_lengths(&files), function_lengths(&files));
    let mut findings = exceptions::findings(&of_files, FILE_LINES_MAX, &exceptions);
    findings.extend(exceptions::findings(&of_functions, FUNCTION_LINES_MAX, &exceptions));
    let mut over: Vec<Measured> = of_files.into_iter().filter(|found| found.lines > FILE_LINES_MAX).collect();
    over.extend(of_functions.into_iter().filter(|found| found.lines > FUNCTION_LINES_MAX));
    findings.extend(exceptions::stale(&over, &exceptions));
    crate::expect_none("Split these along an idea:", &findings);
}

fn file_of(lines: usize, tests: usize) -> Vec<TextFile> {
    let text =
        format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(lines), "fn b() {}\n".repeat(tests));
    vec![TextFile::new("crates/a/src/b.rs", &text)]
}

#[test]
fn a_long_file_is_found_and_its_tests_do_not_count() {
    assert_eq!(exceptions::findings(&file_lengths(&file_of(501, 0)), FILE_LINES_MAX, &[]).len(), 1);
    assert!(exceptions::findings(&file_lengths(&file_of(500, 400)), FILE_LINES_MAX, &[]).is_empty());
}

#[test]
fn a_long_function_is_found_by_name() {
    let body = "    let a = [0; 3]; // {\n\n".repeat(69);
    let long = format!("impl B {{\n    async fn long_one(a: [u8; 3]) -> Option<fn(u8)>\n    {{\n{body}    }}\n}}\n");
    let measured = function_lengths(&[TextFile::new("crates/a/src/b.rs", &long)]);
    assert_eq!(measured.len(), 1);
    assert_eq!((measured[0].what.as_str(), measured[0].lines), ("crates/a/src/b.rs:long_one", 72));
    assert_eq!(exceptions::findings(&measured, FUNCTION_LINES_MAX, &[]).len(), 1);
}

#[test]
fn declarations_and_test_files_are_not_measured() {
    let text = "trait A { fn b(&self) -> [u8; 3]; }\n";
    assert!(function_lengths(&[TextFile::new("crates/a/src/b.rs", text)]).is_empty());
    assert!(file_lengths(&[TextFile::new("crates/a/src/b/tests.rs", text)]).is_empty());
    assert!(file_lengths(&[TextFile::new("crates/a/tests/b.rs", text)]).is_empty());
}
