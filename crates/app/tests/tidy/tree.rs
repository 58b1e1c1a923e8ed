//! The repository on disk: its root and its files, as paths relative to the root with `/` between the parts.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// Relative to the root: `crates/engine/src/submit.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace folder exists")
}

/// Every Rust file under `crates/`: product code, tests, benchmarks.
pub(crate) fn rust_files() -> Vec<TextFile> {
    read_all(&root(), "crates", "rs")
}

/// The pages that people write (generated ones under `docs/reference` are held fresh by their own tests).
pub(crate) fn written_pages() -> Vec<TextFile> {
    let root = root();
    let mut pages = read_all(&root, "docs", "md");
    pages.retain(|page| !page.path.starts_with("docs/reference/"));
    for entry in fs::read_dir(&root).expect("the root is readable").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            pages.push(TextFile::new(&name, &read(&entry.path())));
        }
    }
    pages
}

/// The text of one file, named from the root.
pub(crate) fn page(path: &str) -> String {
    read(&root().join(path))
}

fn read_all(root: &Path, folder: &str, extension: &str) -> Vec<TextFile> {
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !is_build_output(&path) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(TextFile { path: relative(root, &path), text: read(&path) });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn is_build_output(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "target" || name == "node_modules" || name == ".venv")
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).expect("it was found below the root");
    path.to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_tree_is_seen() {
    let files = rust_files();
    assert!(files.iter().any(|file| file.path == "crates/app/tests/tidy/tree.rs"));
    assert!(files.iter().any(|file| file.path == "crates/domain/src/lib.rs"));
    assert!(written_pages().iter().any(|page| page.path == "README.md"));
}
