//! What the pages point at exists: every path in backticks in `docs/ARCHITECTURE.md`, every relative link anywhere.
//!
//! A path in backticks is something with a `/` inside, or with a file ending of ours, made of the characters of a file
//! name: `crates/smpp/src/lib.rs`, `deny.toml`, `docs/adr/`. A URL path such as `/v1/sms/send` begins with `/` and is none.

use crate::tree::{self, TextFile};
use std::path::Path;

const ENDINGS: [&str; 7] = [".rs", ".md", ".toml", ".sql", ".txt", ".yaml", ".yml"];

fn missing_paths(page: &TextFile, root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in prose_lines(&page.text) {
        for quoted in line.split('`').skip(1).step_by(2) {
            if looks_like_braces(quoted) {
                findings.push(format!("{}:{number}: write each path of `{quoted}` out", page.path));
            } else if looks_like_path(quoted) && !root.join(quoted).exists() {
                findings.push(format!("{}:{number}: `{quoted}` does not exist", page.path));
            }
        }
    }
    findings
}

fn missing_links(page: &TextFile, root: &Path) -> Vec<String> {
    let folder = root.join(&page.path).parent().map(Path::to_owned).unwrap_or_default();
    let mut findings = Vec::new();
    for (number, line) in prose_lines(&page.text) {
        for target in line.split("](").skip(1).filter_map(|after| after.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            let is_local = !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
            if is_local && !folder.join(path).exists() {
                findings.push(format!("{}:{number}: the link to {target} leads nowhere", page.path));
            }
        }
    }
    findings
}

/// The numbered lines outside fenced blocks.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

fn looks_like_path(quoted: &str) -> bool {
    let is_name = quoted.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
    let ends_so = ENDINGS.iter().any(|ending| quoted.len() > ending.len() && quoted.ends_with(ending));
    is_name && !quoted.starts_with('/') && (quoted.contains('/') || ends_so)
}

fn looks_like_braces(quoted: &str) -> bool {
    quoted.contains('/')
        && quoted.contains('{')
        && quoted.contains(',')
        && !quoted.contains(' ')
        && !quoted.starts_with('/')
}

#[test]
fn the_architecture_names_only_what_exists() {
    let page = TextFile::new("docs/ARCHITECTURE.md", &tree::page("docs/ARCHITECTURE.md"));
    crate::expect_none("Mend the page or the name:", &missing_paths(&page, &tree::root()));
}

#[test]
fn links_between_pages_lead_somewhere() {
    let root = tree::root();
    let findings: Vec<String> = tree::written_pages().iter().flat_map(|page| missing_links(page, &root)).collect();
    crate::expect_none("Mend these links:", &findings);
}

#[test]
fn a_stale_path_is_found() {
    let root = tree::root();
    let page = TextFile::new("docs/A.md", "See `crates/gone/src/lib.rs`, `gone.toml` and `crates/{a,b}/src`.\n");
    assert_eq!(missing_paths(&page, &root).len(), 3);
    let fine = "See `Cargo.toml`, `crates/app/`, `POST /v1/sms/send`, `/v1/sms/{id}`, `a.b`.\n```\n`gone/path`\n```\n";
    assert!(missing_paths(&TextFile::new("docs/A.md", fine), &root).is_empty());
}

#[test]
fn a_stale_link_is_found() {
    let root = tree::root();
    let page = TextFile::new("docs/A.md", "[a](gone.md) [b](../Cargo.toml#x) [c](https://example.org/) [d](#here)\n");
    assert_eq!(missing_links(&page, &root).len(), 1);
}
