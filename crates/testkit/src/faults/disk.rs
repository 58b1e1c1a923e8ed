//! A file system of its own, small and full at will.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A mounted file system in memory; unmounted when dropped. Only root may mount.
#[derive(Debug)]
pub(super) struct Disk {
    at: PathBuf,
}

const BALLAST: &str = "ballast";

impl Disk {
    /// Mounts one of so many KiB at this folder.
    pub(super) fn mount(at: &Path, kib: u64) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        let size = format!("size={kib}k,mode=700");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "a small file system cannot be mounted (root may): {said}");
        Ok(Self { at: at.to_owned() })
    }

    /// Leaves no room at all.
    pub(super) fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.at.join(BALLAST))?;
        for size in [1 << 20, 4_096, 1] {
            let octets = vec![0; size];
            while ballast.write_all(&octets).is_ok() {}
        }
        Ok(())
    }

    /// Gives the room back.
    pub(super) fn clear(&self) -> Result<()> {
        std::fs::remove_file(self.at.join(BALLAST)).context("nothing was filled")
    }

    /// How many octets a file has.
    pub(super) fn length(&self, name: &str) -> u64 {
        std::fs::metadata(self.at.join(name)).map_or(0, |found| found.len())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open keeps it until it is closed.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
