//! Tests only: folders that are gone when the test is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// An empty folder of its own.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// `name` is to recognise it by.
    pub(crate) fn new(name: &str) -> Self {
        let unique = format!("sambac-{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A left-over folder in the temporary one is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
