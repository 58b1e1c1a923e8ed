//! Where a figure was taken: without it, no figure says anything.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, what ran on it, and what was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Revision of the source, `-dirty` when files differ from it.
    pub(crate) revision: String,
    /// `release` or `debug`.
    pub(crate) build: String,
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    /// Of the data folder: flushing to a `tmpfs` costs nothing and proves nothing.
    pub(crate) filesystem: String,
    /// 1, 5 and 15 minutes, before the load.
    pub(crate) load_average: String,
}

impl Machine {
    /// This one, now. `data` is where the platform will write.
    pub(crate) fn look(data: &Path) -> Self {
        Self {
            revision: revision().unwrap_or_else(|| "unknown".to_owned()),
            build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            memory_mib: field("/proc/meminfo", "MemTotal").and_then(|text| kib(&text)).unwrap_or_default() / 1024,
            kernel: first_line("/proc/sys/kernel/osrelease"),
            filesystem: filesystem(data, &fs::read_to_string("/proc/mounts").unwrap_or_default()),
            load_average: first_line("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" "),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        format!(
            "revision {} ({}), {} cores of {}, {} MiB, Linux {}, {}, load average {}",
            self.revision,
            self.build,
            self.cores,
            self.processor,
            self.memory_mib,
            self.kernel,
            self.filesystem,
            self.load_average
        )
    }
}

fn revision() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["rev-parse", "--short", "HEAD"])?;
    let differs = git(&["status", "--porcelain", "--untracked-files=no", "--", "crates", "Cargo.toml", "Cargo.lock"])?;
    Some(if differs.is_empty() { head } else { format!("{head}-dirty") })
}

/// The type of the file system that `path` is on: of the longest mount point above it.
fn filesystem(path: &Path, mounts: &str) -> String {
    let points = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = points.filter(|(point, _)| path.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map_or_else(String::new, |(_, kind)| kind.to_owned())
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kib(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

fn first_line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_that_of_the_nearest_mount() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/data xfs rw 0 0\n";
        assert_eq!(filesystem(Path::new("/tmp/x"), mounts), "tmpfs");
        assert_eq!(filesystem(Path::new("/tmp/data/x"), mounts), "xfs");
        assert_eq!(filesystem(Path::new("/var"), mounts), "ext4");
    }

    #[test]
    fn this_machine_has_cores_and_memory() {
        let machine = Machine::look(Path::new("/"));
        assert!(machine.cores > 0 && machine.memory_mib > 0 && !machine.load_average.is_empty(), "{machine:?}");
    }
}
