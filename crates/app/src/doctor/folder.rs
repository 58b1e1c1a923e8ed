//! The data folder: who can read it, on what it lies, how much room there is; and the master key in it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use sambac_engine::seal::Seal;

use super::finding::Findings;
use crate::config::Config;

/// Room for a day of some million messages.
const FREE_WANTED_MIB: u64 = 2_048;
const MIB: u64 = 1_024 * 1_024;
/// File systems whose locks or flushes cannot be relied upon by a database that lies on them.
const SHARED: [&str; 8] = ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"];
/// Those that are gone after a restart of the machine.
const FLEETING: [&str; 2] = ["tmpfs", "ramfs"];

pub(super) fn look(config: &Config, findings: &mut Findings) {
    let folder = &config.data.dir;
    match fs::metadata(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.skipped("data folder", format!("{} is not there yet: the first start makes it", folder.display()));
            return;
        }
        Err(error) => {
            let found = format!("{}: {error}", folder.display());
            return findings.bad("data folder", found, "let the user who runs the platform own it");
        }
        Ok(data) => {
            let mode = data.permissions().mode() & 0o777;
            let found = format!("{}, mode {mode:o}, user {}", folder.display(), data.uid());
            let to_do = format!("chmod 700 {}", folder.display());
            findings.check("data folder", mode & 0o077 == 0, found, &to_do);
        }
    }
    lies_on(folder, findings);
    room(folder, findings);
    master_key(config, findings);
}

fn lies_on(folder: &Path, findings: &mut Findings) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let path = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let Some(kind) = file_system(&mounts, &path) else {
        return findings.skipped("file system", "/proc/self/mounts does not tell");
    };
    if SHARED.contains(&&*kind) {
        let to_do = "put the data folder on a disk of this machine: over a network neither locks nor flushes can be relied upon";
        findings.bad("file system", kind, to_do);
    } else if FLEETING.contains(&&*kind) {
        findings.bad(
            "file system",
            kind,
            "put the data folder on a disk: here it is gone after a restart of the machine",
        );
    } else {
        findings.good("file system", kind);
    }
}

/// The kind of the file system that a path lies on: that of the longest mount point before it; of two, the later.
fn file_system(mounts: &str, path: &Path) -> Option<String> {
    let points = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?.replace("\\040", " "), words.next()?))
    });
    let over = points.filter(|(point, _)| path.starts_with(point));
    over.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

fn room(folder: &Path, findings: &mut Findings) {
    match rustix::fs::statvfs(folder) {
        Ok(told) => {
            let free_mib = told.f_bavail.saturating_mul(told.f_frsize) / MIB;
            let to_do = "make room: without any, nothing is taken any more";
            findings.advise("room", free_mib >= FREE_WANTED_MIB, format!("{free_mib} MiB are free"), to_do);
        }
        Err(error) => findings.skipped("room", error.to_string()),
    }
}

fn master_key(config: &Config, findings: &mut Findings) {
    if let Some(key) = &config.master_key {
        return match Seal::from_base64(key.expose()) {
            Ok(_) => findings.good("master key", "given by the configuration"),
            Err(error) => {
                findings.bad("master key", error.to_string(), "give 32 octets in base64, or the file that it is in");
            }
        };
    }
    let path = config.master_key_path();
    match Seal::from_file(&path) {
        Ok(_) => {
            let is_beside = path.parent().is_some_and(|parent| parent == config.data.dir);
            let to_do = "keep it apart from the database (`master_key_file`, or `SAMBAC_MASTER_KEY` from a vault), and a copy in a safe: who \
                         copies the folder has both, and without the key stored secrets are lost";
            findings.advise("master key", !is_beside, path.display().to_string(), to_do);
        }
        Err(error) if error.is_missing() => findings.skipped("master key", "none yet: the first start makes it"),
        Err(error) => {
            findings.bad("master key", error.to_string(), "see what it says; the platform does not start like this");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_counts() {
        let mounts = "overlay / overlay rw 0 0\nserver:/x /srv nfs4 rw 0 0\n/dev/sdb /srv/data\\040one ext4 rw 0 0\ntmpfs /srvx tmpfs rw 0 0\n";
        for (path, kind) in
            [("/srv/data one/sambac", "ext4"), ("/srv/other", "nfs4"), ("/srvx", "tmpfs"), ("/home", "overlay")]
        {
            assert_eq!(file_system(mounts, Path::new(path)).as_deref(), Some(kind), "{path}");
        }
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
