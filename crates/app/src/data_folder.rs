//! The data folder: made for its owner only, and served by one process at a time.
//!
//! The lock is the system's, so it ends with the process however that ends; the file only tells who holds it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use sambac_engine::private_file;

use crate::exit::{Exit, Failure};

/// The lock of a data folder; given back when dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock is held for as long as the file is open")] File);

/// Makes the folder, readable by its owner only, unless it is there.
pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    Ok(made.with_context(|| format!("cannot make the data folder {}", folder.display()))?)
}

/// Takes the folder for this process.
pub(crate) fn lock(folder: &Path) -> Result<Lock, Failure> {
    let path = folder.join("lock");
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = opened.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(folder, &path)),
        Err(TryLockError::Error(error)) => return Err(Failure::new(Exit::Failed, error)),
    }
    // Who holds it is told as well as possible; holding it does not depend on that.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(Lock(file))
}

fn in_use(folder: &Path, lock: &Path) -> Failure {
    let holder = fs::read_to_string(lock).unwrap_or_default();
    let holder =
        holder.trim().parse().map_or_else(|_| "another process".to_owned(), |pid: u32| format!("process {pid}"));
    let text =
        format!("the data folder {} is in use by {holder}: stop it, or use another --data-dir", folder.display());
    Failure::because(Exit::Locked, text)
}

/// Writes a file that only its owner can read, replacing an older one as a whole.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    private_file::replace(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::scratch::Folder;

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let folder = Folder::new("lock");
        let held = lock(folder.path()).expect("nobody else is here");
        let refused = lock(folder.path()).expect_err("it is taken").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(held);
        assert!(lock(folder.path()).is_ok());
    }

    #[test]
    fn folders_and_secrets_are_for_their_owner_only() {
        let folder = Folder::new("private");
        let data = folder.path().join("a/b");
        make(&data).expect("the temporary folder can be written");
        write_private(&data.join("secret"), "x").expect("the folder can be written");
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&data.join("secret"))), (0o700, 0o600));
    }

    #[test]
    fn a_secret_is_not_written_through_links_that_wait() {
        let folder = Folder::new("links");
        let (secret, target) = (folder.path().join("secret"), folder.path().join("target"));
        fs::write(&target, "safe").expect("the folder can be written");
        for name in ["secret", "secret.part"] {
            std::os::unix::fs::symlink(&target, folder.path().join(name)).expect("a link");
        }
        write_private(&secret, "x").expect("the folder can be written");
        let text = |path: &Path| fs::read_to_string(path).expect("it exists");
        assert_eq!((text(&secret), text(&target)), ("x".to_owned(), "safe".to_owned()));
    }
}
