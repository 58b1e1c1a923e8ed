//! Every public function of the store is called by a contract test.

use std::path::Path;

fn texts(folder: &str) -> String {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => text.push_str(&std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    text
}

/// `pub async fn name(` in the source, and the names that the `upserts!` list makes.
fn public_functions(source: &str) -> Vec<&str> {
    let declared = source.lines().filter_map(|line| line.trim().strip_prefix("pub async fn "));
    let listed = source.lines().filter(|line| line.trim().starts_with("upsert_")).map(str::trim);
    declared
        .chain(listed)
        .filter_map(|rest| rest.split(['(', ':', '<']).next())
        .filter(|name| !name.starts_with('$') && !name.is_empty())
        .collect()
}

#[test]
fn every_public_function_has_a_contract_test() {
    let (source, tests) = (texts("src"), texts("tests"));
    let functions = public_functions(&source);
    assert!(functions.len() > 30, "only {} functions found: {functions:?}", functions.len());
    let untested = functions
        .iter()
        .filter(|name| !tests.contains(&format!(".{name}(")) && !tests.contains(&format!("Store::{name}(")));
    let untested: Vec<_> = untested.collect();
    assert!(untested.is_empty(), "no contract test calls {untested:?}");
}
