//! Modules are named for a concept: nothing is called utils, common, helpers, misc or types.

use crate::source::blanked;
use crate::tree::{self, TextFile};

const DRAWERS: [&str; 8] = ["utils", "util", "common", "helpers", "helper", "misc", "types", "shared"];

fn drawers(files: &[TextFile]) -> Vec<String> {
    let mut findings: Vec<String> =
        files.iter().filter(|file| has_drawer(&file.path)).map(|file| file.path.clone()).collect();
    for file in files {
        findings.extend(inline_drawers(file));
    }
    findings
}

fn has_drawer(path: &str) -> bool {
    path.trim_end_matches(".rs").split('/').any(|part| DRAWERS.contains(&part))
}

fn inline_drawers(file: &TextFile) -> Vec<String> {
    let code = blanked(&file.text);
    let mut words = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let mut findings = Vec::new();
    while let Some(word) = words.next() {
        if word == "mod"
            && let Some(name) = words.next()
            && DRAWERS.contains(&name)
        {
            findings.push(format!("{}: mod {name}", file.path));
        }
    }
    findings
}

#[test]
fn no_module_is_a_drawer() {
    crate::expect_none("Name these for what they hold:", &drawers(&tree::rust_files()));
}

#[test]
fn drawers_are_found_as_files_folders_and_modules() {
    for path in ["crates/a/src/utils.rs", "crates/a/src/common/mod.rs", "crates/a/tests/helpers/b.rs"] {
        assert_eq!(drawers(&[TextFile::new(path, "")]).len(), 1, "{path}");
    }
    assert_eq!(drawers(&[TextFile::new("crates/a/src/b.rs", "pub(crate) mod types { }")]).len(), 1);
    assert!(drawers(&[TextFile::new("crates/a/src/types_of_road.rs", "// mod utils\nmod model;")]).is_empty());
}
