//! A library between the platform and the system, made of [`shim.c`](shim.c) when it is needed: it sets the clock, and fails an
//! `fsync`, while the platform runs.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

const SOURCE: &str = include_str!("shim.c");

/// One that is loaded with a platform started with its [`Shim::variables`].
#[derive(Debug)]
pub(super) struct Shim {
    library: PathBuf,
    page: PathBuf,
    numbers: File,
}

/// Which file's `fsync` fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fails {
    /// The write-ahead log's: a commit's.
    Log,
    /// The database's: that of a copy out of the log.
    Database,
}

impl Shim {
    /// Compiles it into this folder.
    pub(super) async fn new(folder: &Path) -> Result<Self> {
        let (source, library, page) = (folder.join("shim.c"), folder.join("shim.so"), folder.join("shim.page"));
        std::fs::write(&source, SOURCE)?;
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .output()
            .await
            .context("cc, which builds of this project need anyway")?;
        ensure!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        std::fs::write(&page, [0; 4_096])?;
        let numbers = OpenOptions::new().read(true).write(true).open(&page)?;
        Ok(Self { library, page, numbers })
    }

    /// What a platform is started with.
    pub(super) fn variables(&self) -> [(&str, &str); 2] {
        [
            ("LD_PRELOAD", self.library.to_str().unwrap_or_default()),
            ("FAULT_SHIM", self.page.to_str().unwrap_or_default()),
        ]
    }

    /// The wall clock is so many seconds ahead, or behind.
    pub(super) fn set_clock(&self, seconds: i64) -> Result<()> {
        self.write(0, seconds * 1_000_000)
    }

    /// After so many good ones, an `fsync` of this file fails, once.
    pub(super) fn fail_fsync(&self, which: Fails, after: i64) -> Result<()> {
        self.write(3, 0)?;
        self.write(2, if matches!(which, Fails::Log) { 1 } else { 2 })?;
        self.write(1, after + 1)
    }

    /// Whether it has failed.
    pub(super) fn has_failed(&self) -> Result<bool> {
        Ok(self.read(3)? > 0)
    }

    /// What of the log was written and not safe when it failed: from where, and up to where.
    pub(super) fn lost(&self) -> Result<Option<(u64, u64)>> {
        let (from, to) = (self.read(4)?, self.read(5)?);
        Ok((to > from).then_some((from.unsigned_abs(), to.unsigned_abs())))
    }

    fn write(&self, place: u64, number: i64) -> Result<()> {
        Ok(self.numbers.write_all_at(&number.to_ne_bytes(), 8 * place)?)
    }

    fn read(&self, place: u64) -> Result<i64> {
        let mut octets = [0; 8];
        self.numbers.read_exact_at(&mut octets, 8 * place)?;
        Ok(i64::from_ne_bytes(octets))
    }
}
