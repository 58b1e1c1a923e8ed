//! Files for their owner only: secrets and keys, written as a whole or not at all.
//!
//! ```no_run
//! # fn example() -> std::io::Result<()> {
//! sambac_engine::private_file::create(std::path::Path::new("data/master.key"), b"...")
//! # }
//! ```
//!
//! The text goes to a new file beside the place, under a name that nobody can have prepared, and is on disk before it
//! gets its own name. A link that waits at the place is replaced, not followed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;

/// Makes a file at `path`.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when something is there, which is left as it is; else what the system says.
pub fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    // Unlike a new name, a second name is never put over what another process has just made.
    place(path, text, |part| fs::hard_link(part, path).and_then(|()| fs::remove_file(part)))
}

/// Makes a file at `path`, or puts a new one in the place of the one there.
///
/// # Errors
/// What the system says; the file that was there is there still.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    place(path, text, |part| fs::rename(part, path))
}

fn place(path: &Path, text: &[u8], name: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let part = part(path)?;
    // The file is only made here: what could not be made is not ours to remove.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    if let Err(error) = write(file, text).and_then(|()| name(&part)) {
        // The first error is the one to tell.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    File::open(folder(path))?.sync_all()
}

fn write(mut file: File, text: &[u8]) -> io::Result<()> {
    file.write_all(text)?;
    file.sync_all()
}

/// Beside the file, as a name can be given within one file system only.
fn part(path: &Path) -> io::Result<PathBuf> {
    let number = OsRng.try_next_u64().map_err(io::Error::other)?;
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{number:016x}.part"));
    Ok(part.into())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    /// A folder that is gone with the test.
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        pub(crate) fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("sambac-private-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).expect("the temporary folder can be written");
            Self(path)
        }

        pub(crate) fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).expect("it is there");
            let name = |entry: io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
            let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // A folder that stays behind harms nobody.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_for_its_owner_only_and_nothing_else_is_left() {
        let folder = Folder::new();
        create(&folder.path("key"), b"first").expect("the folder can be written");
        replace(&folder.path("key"), b"second").expect("the folder can be written");
        assert_eq!(fs::read(folder.path("key")).expect("it is there"), b"second");
        assert_eq!(fs::metadata(folder.path("key")).expect("it is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.names(), ["key"]);
    }

    #[test]
    fn what_is_there_is_not_replaced_by_creating() {
        let folder = Folder::new();
        create(&folder.path("key"), b"first").expect("the folder can be written");
        let refused = create(&folder.path("key"), b"second").expect_err("it is there");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(folder.path("key")).expect("it is there"), b"first");
        assert_eq!(folder.names(), ["key"]);
    }

    #[test]
    fn links_that_wait_are_not_followed() {
        let folder = Folder::new();
        fs::write(folder.path("target"), b"safe").expect("the folder can be written");
        for name in ["key", "key.part"] {
            symlink(folder.path("target"), folder.path(name)).expect("a link");
        }
        assert!(create(&folder.path("key"), b"secret").is_err());
        replace(&folder.path("key"), b"secret").expect("the folder can be written");
        assert_eq!(fs::read(folder.path("target")).expect("it is there"), b"safe");
        assert_eq!(fs::read(folder.path("key")).expect("it is there"), b"secret");
        assert!(fs::symlink_metadata(folder.path("key")).expect("it is there").is_file());
    }
}
